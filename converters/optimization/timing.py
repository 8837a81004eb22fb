"""The latency of the files that passed, on each target's own runtime, in one process a target, taking turns.

Texts are those of the data, at their own lengths (`harness.walks`); so the ratios to float32 hold on a busy machine. If
that process ends without an answer, each file runs with the float32 file alone, and the one that ends it again fails.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Mapping, Union

from albert_edge.errors import RuntimeUnavailableError
from albert_edge.harness.processes import probe
from albert_edge.harness.walks import Raw, mean_ms, p50_ms
from albert_edge.runtime.interpreter import PACKAGES
from converters.optimization.candidates import REFERENCE
from converters.optimization.rows import Row, Timing
from converters.optimization.trials import Setting
from converters.targets import Target, python_of


def with_timings(rows: Mapping[str, Row], files: Mapping[str, Path], setting: Setting) -> dict[str, Row]:
    """`rows` with the timings of those that have a file."""
    timed = dict(rows)
    for target in setting.targets:
        files_left = {name: path for name, path in files.items() if timed[name].failed is None}
        for name, found in _measured(files_left, target, setting).items():
            row = timed[name]
            if isinstance(found, Timing):
                timed[name] = dataclasses.replace(row, timings={**row.timings, target.label: found})
            else:
                timed[name] = dataclasses.replace(row, failed=f"on {target.label}, measuring: {found}")
    return timed


def _measured(files: Mapping[str, Path], target: Target, setting: Setting) -> dict[str, Union[Timing, str]]:
    """Of each file its timing, or why there is none."""
    if not files:
        return {}
    try:
        return dict(_timings(_walked(files, target, setting)))
    except RuntimeUnavailableError:
        return {name: _beside_float32(files, name, target, setting) for name in files}


def _beside_float32(files: Mapping[str, Path], name: str, target: Target, setting: Setting) -> Union[Timing, str]:
    pair = {each: path for each, path in files.items() if each in (REFERENCE, name)}
    try:
        return _timings(_walked(pair, target, setting))[name]
    except RuntimeUnavailableError as reason:
        return str(reason)


def _walked(files: Mapping[str, Path], target: Target, setting: Setting) -> Raw:
    arguments = {
        "files": {name: str(path) for name, path in files.items()},
        "data": str(setting.data),
        "columns": setting.column_fields,
        "runtime": target.runtime,
    }
    with probe(PACKAGES[target.runtime].module, "walked", arguments, python_of(target)) as started:
        return started.answer


def _timings(raw: Raw) -> dict[str, Timing]:
    reference = mean_ms(raw[REFERENCE]) if REFERENCE in raw else None
    return {
        name: Timing(mean_ms(values), p50_ms(values), None if reference is None else mean_ms(values) / reference)
        for name, values in raw.items()
    }

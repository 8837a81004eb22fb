"""The result file: what `bench` measured of one artifact on one machine, as one JSON object that others build on.

`gate`, `report` and the devices read results, `bench` writes them, and all of them through this module: `check_result`
says what a result is, key by key. Each key stands in the table below; a key that isn't there is an error, as is a
number that isn't finite; a new key is a new `schema_version`. What the figures mean is said in docs/measuring.md and
where each is measured.

Files of schema_version 1 are still read: what they lack becomes None, or an empty list where a list belongs (`raw_ms`
of a file written without raw values among them). Leaves out the JSON of `evaluate`, `score` and `verify`.
"""

from __future__ import annotations

import json
import re
from typing import Any, Mapping

from albert_edge.errors import DataError
from albert_edge.files import PathLike, atomic_write, read_json_object
from albert_edge.harness.shapes import (
    Shape,
    anything,
    check_shape,
    either,
    flag,
    integer,
    list_of,
    mapping,
    number,
    optional,
    text,
)

SCHEMA_VERSION = 2
KIND = "bench"

_values = list_of(number)

_times = {"p50_ms": number, "p90_ms": number, "p99_ms": number}

_length = {
    "tokens": integer,
    **_times,
    "min_ms": number,
    "runs": integer,
    "first_ms": number,
    "raw_ms": _values,
    "warmup_ms": _values,
}

_threads = {"threads": integer, "tokens": integer, **_times, "min_ms": number, "runs": integer, "raw_ms": _values}

_mix = {
    "data": text,
    "data_sha256": text,
    "texts": integer,
    "mean_ms": number,
    **_times,
    "mean_tokens": number,
    "raw_ms": _values,
}

_window = {
    "start_s": number,
    "queries": integer,
    "p50_ms": number,
    "queries_per_s": number,
    "temperature_c": optional(number),
    "clock_mhz": optional(number),
}

_accuracy = {
    "data": text,
    "data_sha256": text,
    "task": text,
    "metric": text,
    "value": number,
    "examples": integer,
    "report": anything,
    "correct": optional(list_of(flag)),
    "confusion": optional({"labels": list_of(text), "matrix": list_of(list_of(integer))}),
}

_agreement = {
    "reference": text,
    "reference_sha256": text,
    "examples": integer,
    "top1_agreement": optional(number),
    "max_abs_difference": number,
    "mean_abs_difference": number,
    "kl": optional(number),
}

_cost = {
    "instructions": integer,
    "tokens": integer,
    "tool": either("qemu-plugin", "callgrind"),
    "cpu": text,
    "tool_version": text,
}

_weights = {
    "unique_bytes": integer,
    "packed_bytes": optional(integer),
    "copies": optional(integer),
    "activation_bytes": optional(integer),
    "how": text,
}

SHAPE: dict[str, Shape] = {
    "schema_version": integer,
    "kind": either(KIND),
    "created": optional(text),
    "file": optional(text),
    "file_bytes": integer,
    "sha256": text,
    "model_bytes": optional(integer),
    "task": text,
    "tasks": list_of(text),
    "scheme": text,
    "layout": text,
    "preset": optional(either("mlperf")),
    "runtime": text,
    "threads": integer,
    "max_depth": optional(integer),
    "exit_threshold": optional(number),
    "device": optional({"name": text, "kind": text, "profile": anything}),
    "load_ms": number,
    "open_ms": number,
    "rss_mb": number,
    "peak_rss_mb": optional(number),
    "rss_above_runtime_mb": number,
    "peak_above_runtime_mb": optional(number),
    "rss_tokens": integer,
    "weights": optional(_weights),
    "lengths": list_of(_length),
    "thread_scaling": list_of(_threads),
    "mix": optional(_mix),
    "sustained": optional({"seconds": number, "tokens": integer, "windows": list_of(_window)}),
    "accuracy": optional(_accuracy),
    "agreement": optional(_agreement),
    "cost": optional(_cost),
    "reference_workload": optional({"name": text, "version": integer, "raw_ms": _values}),
    "warnings": list_of(text),
    "environment": mapping,
    "raw": {
        "load_ms": _values,
        "open_ms": _values,
        "rss_mb": _values,
        "peak_rss_mb": _values,
        "bare_rss_mb": _values,
    },
}
"""Key -> what it holds, in the order of the file."""

_EMPTY: dict[str, Any] = {"thread_scaling": [], "raw": {}}
"""What a key that version 1 lacks becomes, where that isn't None."""


def read_result(path: PathLike) -> dict[str, Any]:
    """The result in the file `path`, as `check_result` returns it.

    Raises `DataError`, naming the file, if it can't be read or holds none.
    """
    try:
        return check_result(read_json_object(path, DataError))
    except DataError as error:
        if str(path) in str(error):
            raise
        raise DataError(f"{path}: {error}") from error


def write_result(path: PathLike, result: Mapping[str, Any]) -> None:
    """Write `result` to `path`, whole or not at all; raises `DataError` if it isn't one."""
    atomic_write(path, result_text(check_result(result)).encode())


def result_text(result: Any) -> str:
    """`result` as indented JSON, each list of numbers on a line of its own."""
    indented = json.dumps(result, ensure_ascii=False, allow_nan=False, indent=2)
    return _NUMBERS.sub(lambda found: f"[{', '.join(found[1].split())}]".replace(",,", ","), indented) + "\n"


_NUMBERS = re.compile(r"\[\n((?:\s+-?\d[\d.eE+-]*,?\n)+)\s*\]")


def check_result(obj: Any) -> dict[str, Any]:
    """A copy of `obj` as a result of this version, keys in the order of `SHAPE`.

    Raises `DataError` with the place of the first value that can't stand there: a key too many or too few, another
    type, a number that isn't finite, `runs` that isn't the number of raw values, a later `schema_version`.
    """
    if not isinstance(obj, Mapping):
        raise DataError(f"a result must be an object; received a {type(obj).__name__}")
    values = _upgraded(obj)
    check_shape(SHAPE, values, "")
    for name in ("lengths", "thread_scaling"):
        for place, item in enumerate(values[name]):
            if item["raw_ms"] and len(item["raw_ms"]) != item["runs"]:
                raise DataError(
                    f"{name}[{place}].runs must be the number of its raw values, {len(item['raw_ms'])}; "
                    f"received {item['runs']}"
                )
    return {name: values[name] for name in SHAPE}


def _upgraded(obj: Mapping[str, Any]) -> dict[str, Any]:
    version = obj.get("schema_version")
    if obj.get("kind", KIND) != KIND or "lengths" not in obj:
        raise DataError(
            f"a result must be what `bench` writes; received kind {obj.get('kind')!r}, as of another command"
        )
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= SCHEMA_VERSION:
        newer = ": a newer albert-edge wrote it" if isinstance(version, int) and version > SCHEMA_VERSION else ""
        raise DataError(f"schema_version of a result must be from 1 to {SCHEMA_VERSION}; received {version!r}{newer}")
    return _from_version_1(obj) if version == 1 else dict(obj)


def _from_version_1(obj: Mapping[str, Any]) -> dict[str, Any]:
    """With every key of version 2."""
    known = {**{name: _EMPTY.get(name) for name in SHAPE}, "kind": KIND, **obj, "schema_version": SCHEMA_VERSION}
    if isinstance(known["raw"], Mapping):
        known["raw"] = {**{name: [] for name in _keys_of("raw")}, **known["raw"]}
    if isinstance(known["lengths"], list):
        known["lengths"] = [
            {"raw_ms": [], "warmup_ms": [], **item} if isinstance(item, Mapping) else item for item in known["lengths"]
        ]
    if isinstance(known["environment"], Mapping):
        known["environment"] = {"delegate": None, **known["environment"]}
    return known


def _keys_of(name: str) -> list[str]:
    shape = SHAPE[name]
    assert isinstance(shape, Mapping)
    return list(shape)

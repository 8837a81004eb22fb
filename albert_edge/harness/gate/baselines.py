"""A baseline: what a file measured on one device profile, with the reason why it is the measure now.

One small JSON file, committed beside the code, `baselines/PROFILE/NAME.json`: the result of `bench` (as
`harness.results` checks it), the passes of the file and of the reference workload (`gate.turns`), and a history with a
line for each time that it was recorded. So a regression that is wanted shows in a review as a new baseline with words
beside it, and who changed the measure when.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Mapping

from albert_edge.errors import ConfigError, DataError
from albert_edge.files import PathLike, atomic_write, read_json_object
from albert_edge.harness.gate.times import Passes
from albert_edge.harness.gate.turns import Pass
from albert_edge.harness.results import check_result, result_text
from albert_edge.harness.shapes import Shape, anything, check_shape, either, integer, list_of, mapping, number, text
from albert_edge.harness.workload import WORKLOAD_VERSION

SCHEMA_VERSION = 1
KIND = "baseline"

_PASS: Shape = {"new_ms": list_of(number), "old_ms": list_of(number)}
_SHAPE: dict[str, Shape] = {
    "schema_version": integer,
    "kind": either(KIND),
    "history": list_of({"created": text, "reason": text, "sha256": text, "project_version": text}),
    "workload_version": integer,
    "passes": mapping,
    "result": anything,
}


def read_baseline(path: PathLike) -> dict[str, Any]:
    """The baseline in the file `path`, its result checked and of the newest version, its passes `Passes`.

    Raises `DataError`, naming the file, if it can't be read or is none.
    """
    values = read_json_object(path, DataError)
    try:
        return _checked(values)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    if values.get("kind") != KIND:
        raise DataError(f"a baseline must be what `albert-edge baseline` writes; received kind {values.get('kind')!r}")
    if values.get("schema_version") != SCHEMA_VERSION:
        raise DataError(f"schema_version of a baseline must be 1; received {values.get('schema_version')!r}")
    check_shape(_SHAPE, values, "")
    passes: Passes = {}
    for metric, each in values["passes"].items():
        check_shape(list_of(_PASS), each, f"passes.{metric}")
        if not each:
            raise DataError(f"passes.{metric} must hold at least one pass; received none")
        passes[metric] = [_pass(item, f"passes.{metric}") for item in each]
    if not values["history"]:
        raise DataError("history of a baseline must hold at least one entry; received none")
    return {**values, "passes": passes, "result": check_result(values["result"])}


def _pass(item: Mapping[str, Any], place: str) -> Pass:
    new_ms, old_ms = tuple(item["new_ms"]), tuple(item["old_ms"])
    if len(new_ms) != len(old_ms) or not new_ms or min(*new_ms, *old_ms) <= 0:
        raise DataError(f"{place} must hold as many times of both sides, all above 0; received {len(new_ms)}")
    return Pass(new_ms, old_ms)


def write_baseline(path: PathLike, result: Mapping[str, Any], passes: Passes, reason: str) -> dict[str, Any]:
    """Write a baseline of `result` and `passes`; the history of one that is there goes on. Returns what was written.

    Raises `ConfigError` without a reason, `DataError` if what is there is no baseline.
    """
    if not reason.strip():
        raise ConfigError("a baseline needs a reason, which its readers will ask for; received none")
    history = read_baseline(path)["history"] if Path(path).exists() else []
    entry = {
        "created": result["created"] or "unknown",
        "reason": " ".join(reason.split()),
        "sha256": result["sha256"],
        "project_version": result["environment"].get("project_version") or "unknown",
    }
    values = {
        "schema_version": SCHEMA_VERSION,
        "kind": KIND,
        "history": [*history, entry],
        "workload_version": WORKLOAD_VERSION,
        "passes": {metric: [_short(one.to_dict()) for one in each] for metric, each in passes.items()},
        "result": _short(check_result(result)),
    }
    checked = _checked(json.loads(json.dumps(values)))
    atomic_write(path, result_text(values).encode())
    return checked


def _short(value: Any) -> Any:
    """Raw times to five digits, which no clock exceeds: a baseline is committed, and read in reviews."""
    if isinstance(value, dict):
        return {key: _short(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [float(f"{inner:.5g}") if isinstance(inner, float) else _short(inner) for inner in value]
    return value

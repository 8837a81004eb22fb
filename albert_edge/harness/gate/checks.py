"""What is refused before minutes of measuring: outputs that would replace inputs, options of no effect, other tasks."""

from __future__ import annotations

import os
from typing import Iterable, Optional

from albert_edge.artifact import read_artifact
from albert_edge.errors import ConfigError, DataError
from albert_edge.files import PathLike, check_writable
from albert_edge.harness.gate.measuring import Ways, is_result
from albert_edge.harness.results import SHAPE, read_result
from albert_edge.harness.shapes import check_shape


def check_outputs(outputs: Iterable[Optional[PathLike]], inputs: Iterable[Optional[PathLike]]) -> None:
    """Raise `AlbertEdgeError` unless each of `outputs` can be written and is neither an input nor another output."""
    taken = [os.path.realpath(path) for path in inputs if path is not None]
    for path in outputs:
        if path is None:
            continue
        if os.path.realpath(path) in taken:
            raise ConfigError(f"each output needs a file of its own, which is no input; received {str(path)!r} twice")
        taken.append(os.path.realpath(path))
        check_writable(path)


def check_ways(path: PathLike, ways: Ways, threads: Optional[int]) -> None:
    """Raise `ConfigError` on options that say how a file is measured, where `path` is a result that was.

    `DataError` is raised on instructions that can't stand in a result.
    """
    if ways.cost is not None:
        check_shape(SHAPE["cost"], ways.cost, "cost")
        if ways.cost["instructions"] <= 0:
            raise DataError(f"counted instructions must be above 0; received {ways.cost['instructions']}")
    if not is_result(path):
        return
    options = {
        "data": ways.data,
        "lengths": ways.lengths,
        "threads": threads,
        "runtime": ways.runtime,
        "cost": ways.cost,
        "count": ways.count or None,
    }
    given = [f"--{name}" for name, value in options.items() if value is not None]
    if given:
        raise ConfigError(f"a result is judged as it was measured; received {', '.join(given)} for {str(path)!r}")


def task_of(path: PathLike) -> str:
    """The first task of an artifact or of a result."""
    return str(read_result(path)["task"]) if is_result(path) else read_artifact(path).manifest.task


def check_task(path: PathLike, other: PathLike, task: Optional[str] = None) -> None:
    """Raise `ConfigError` unless `path` is for the first task of `other` that it is compared with.

    `task`: that of `other`, where it is no artifact and no result.
    """
    received = task_of(path)
    wanted = task_of(other) if task is None else task
    if received != wanted:
        raise ConfigError(f"{str(path)!r} must be for {wanted}, as {str(other)!r} is; received {received}")

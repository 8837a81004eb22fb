"""What the gate measures of a file: a result of `bench`, and passes of short turns for its latency."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Sequence

from albert_edge.artifact import Artifact, read_artifact
from albert_edge.errors import ConfigError, RuntimeUnavailableError
from albert_edge.files import PathLike
from albert_edge.harness.bench import bench
from albert_edge.harness.cost import measure_cost
from albert_edge.harness.evaluations.base import DataFile
from albert_edge.harness.gate.mixes import Mix
from albert_edge.harness.gate.times import Passes, measure_until
from albert_edge.harness.gate.turns import Files, Pass
from albert_edge.harness.results import read_result
from albert_edge.harness.startup import Startup, measure_startup
from albert_edge.runtime.predictor import load

if TYPE_CHECKING:
    from albert_edge.text.tables import Columns

LENGTHS = (16, 64, 128)
BENCH_SECONDS = 0.3
"""At each length: the verdict on time comes from the passes, these runs give budgets their p90."""
MEMORY_PROCESSES = 10
"""That answer a text, those of `bench` among them: one that lies far out, as pages of the file that the kernel maps or
doesn't, widens an exact interval of five against five to the end, and of ten against ten hardly."""
BASELINE_PASSES = 20
"""As many as the third look has."""


@dataclasses.dataclass(frozen=True)
class Ways:
    """How files are run."""

    lengths: Optional[Sequence[int]] = None
    """None: those of `LENGTHS` that every file takes."""
    threads: int = 1
    runtime: Optional[str] = None
    max_depth: Optional[int] = None
    data: Optional[PathLike] = None
    columns: Optional[Columns] = None
    cost: Optional[Mapping[str, Any]] = None
    """Instructions of the new file, counted elsewhere (`harness.cost`)."""
    count: Optional[bool] = None
    """Whether to count them here, of each file that is measured; None: of one whose baseline has a count of here."""

    def __post_init__(self) -> None:
        if self.count and self.cost is not None:
            raise ConfigError("instructions are counted here or elsewhere; received both --count and --cost")


def is_result(path: PathLike) -> bool:
    """Whether `path` names the JSON of a result, of a device perhaps, and not a file to be measured here."""
    return Path(path).suffix.lower() == ".json"


def lengths_for(ways: Ways, artifacts: Sequence[Artifact]) -> list[int]:
    """Those asked for, or of `LENGTHS` those that all files take; the longest that all do if there is none."""
    if ways.lengths is not None:
        return list(ways.lengths)
    longest = min(artifact.manifest.lengths.maximum for artifact in artifacts)
    return [tokens for tokens in LENGTHS if tokens <= longest] or [longest]


def counted_like(
    path: PathLike, result: dict[str, Any], ways: Ways, known: Optional[Mapping[str, Any]]
) -> tuple[dict[str, Any], str]:
    """The `result` of the file `path` with its instructions counted as those of a baseline were, its `cost`.

    The second value says why there are none; empty where nothing is missing.
    """
    if known is None or result["cost"] is not None:
        return result, ""
    if ways.count is False:
        return result, "left out by --no-count"
    if is_result(path):
        return result, "not counted: `bench --cost` puts them into a result"
    if known["tool"] != "callgrind":
        return result, f"not counted: `bench --cost --device` counts as on {known['cpu']}; give its result, or --cost"
    if shutil.which("valgrind") is None:
        return result, "not counted: that needs valgrind (apt install valgrind), or --cost"
    try:
        cost = measure_cost(path, known["tokens"], max_depth=ways.max_depth, runtime=ways.runtime)
    except RuntimeUnavailableError as error:
        return result, f"not counted: {error}"
    return {**result, "cost": cost}, ""


def measured(path: PathLike, lengths: Sequence[int], ways: Ways) -> dict[str, Any]:
    """The result of the file `path`; a result's JSON is read instead."""
    if is_result(path):
        return read_result(path)
    result = bench(
        path,
        lengths,
        ways.threads,
        seconds=BENCH_SECONDS,
        runtime=ways.runtime,
        max_depth=ways.max_depth,
        data=ways.data,
        columns=ways.columns,
        cost=ways.cost,
    )
    result = _with_more_processes(path, result, ways)
    if ways.count:
        result["cost"] = measure_cost(path, max_depth=ways.max_depth, runtime=ways.runtime)
    return result


def _with_more_processes(path: PathLike, result: dict[str, Any], ways: Ways) -> dict[str, Any]:
    """The `result` of the file `path` with the start-up of `MEMORY_PROCESSES` in all."""
    lacking = MEMORY_PROCESSES - len(result["raw"]["rss_mb"])
    if lacking <= 0:
        return result
    with load(path, ways.threads, ways.runtime) as predictor:
        more = measure_startup(path, predictor, threads=ways.threads, max_depth=ways.max_depth, processes=lacking)
    raw = {name: (*result["raw"][name], *values) for name, values in more.to_dict().items()}
    both = Startup(more.tokens, **raw)
    return {**result, **both.summary(), "raw": both.to_dict()}


def against_passes(new: PathLike, old: PathLike, ways: Ways, decided: Callable[[Passes], bool]) -> Passes:
    """Both files in turn, at each length and, with data, over its texts; raises `ConfigError` for a result's JSON."""
    for path in (new, old):
        if is_result(path):
            raise ConfigError(f"against runs two files in turn; received the result {str(path)!r}")
    artifacts = {"new": read_artifact(new), "old": read_artifact(old)}
    lengths = lengths_for(ways, list(artifacts.values()))
    files = Files(artifacts["new"], artifacts["old"], lengths, ways.threads, ways.runtime, ways.max_depth)
    one_passes: list[Callable[[int], Mapping[str, Pass]]] = [files.one_pass]
    if ways.data is not None:
        sides = {"new": (new, artifacts["new"]), "old": (old, artifacts["old"])}
        data = DataFile(ways.data, ways.columns)
        one_passes.append(Mix(sides, data, ways.threads, ways.runtime, ways.max_depth).one_pass)
    return measure_until(_together(one_passes), decided)


def workload_passes(path: PathLike, ways: Ways, decided: Optional[Callable[[Passes], bool]] = None) -> Passes:
    """The file and the reference workload in turn; without `decided` the passes of a baseline."""
    artifact = read_artifact(path)
    files = Files(artifact, None, lengths_for(ways, [artifact]), ways.threads, ways.runtime, ways.max_depth)
    if decided is not None:
        return measure_until(files.one_pass, decided)
    found: Passes = {}
    for number in range(BASELINE_PASSES):
        for metric, one in files.one_pass(number).items():
            found.setdefault(metric, []).append(one)
    return found


def _together(one_passes: Sequence[Callable[[int], Mapping[str, Pass]]]) -> Callable[[int], dict[str, Pass]]:
    return lambda number: {metric: found for one in one_passes for metric, found in one(number).items()}

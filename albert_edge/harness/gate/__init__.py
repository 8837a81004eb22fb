"""Public `gate` and `baseline`: whether a file is better, same or worse than what was there, or it can't be told.

One question a metric, like with like, on raw values: `statistics` has the tests, `turns` and `times` the latency,
`figures` everything else, `budgets` the hard limits. docs/gate.md says how to use it and what it was measured to catch.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Sequence

from albert_edge.errors import ConfigError
from albert_edge.files import PathLike, atomic_write
from albert_edge.harness.gate.baselines import read_baseline, write_baseline
from albert_edge.harness.gate.budgets import Budgets, hold
from albert_edge.harness.gate.checks import check_outputs, check_task, check_ways
from albert_edge.harness.gate.figures import judge_figures
from albert_edge.harness.gate.likeness import is_emulated, time_unlike
from albert_edge.harness.gate.measuring import (
    Ways,
    against_passes,
    counted_like,
    is_result,
    lengths_for,
    measured,
    workload_passes,
)
from albert_edge.harness.gate.reports import junit_of, markdown_of
from albert_edge.harness.gate.times import Passes, judge_against, judge_baseline
from albert_edge.harness.gate.verdicts import Judgement, overall, unlike
from albert_edge.harness.workload import WORKLOAD_VERSION

if TYPE_CHECKING:
    from albert_edge.text.tables import Columns

__all__ = ["baseline", "gate"]

SCHEMA_VERSION = 1


def gate(
    path: PathLike,
    baseline: Optional[PathLike] = None,
    against: Optional[PathLike] = None,
    data: Optional[PathLike] = None,
    columns: Optional[Columns] = None,
    lengths: Optional[Sequence[int]] = None,
    threads: Optional[int] = None,
    runtime: Optional[str] = None,
    cost: Optional[Mapping[str, Any]] = None,
    budgets: Optional[Budgets] = None,
    strict: bool = False,
    junit: Optional[PathLike] = None,
    markdown: Optional[PathLike] = None,
    count: Optional[bool] = None,
) -> dict[str, Any]:
    """Judge the artifact at `path`, or the JSON of a result that `bench` wrote, on a device perhaps.

    Arguments:
        baseline: what `baseline` wrote; its lengths and threads are used unless others are given.
        against: another `.tflite`, which runs in turn with this one. One of the two, or neither with budgets.
        data: examples with the right answers: accuracy and, with `against`, latency over their lengths.
        columns: of a table; None: the usual names.
        lengths: tokens of a request; None: the baseline's, or 16, 64 and 128 as far as the files take them.
        threads: of the interpreter; None: the baseline's, or 1.
        runtime: the interpreter's package, as for `load`.
        cost: instructions of one inference, counted by `harness.cost`.
        budgets: hard limits; None: none.
        strict: whether `inconclusive` fails too.
        junit: file for JUnit's XML; None: none.
        markdown: file for a summary; None: none.
        count: count the instructions here, with valgrind, of both files with `against`; None: where the baseline has a
            count of valgrind's and it is on this machine.

    Returns a dict with `schema_version`, `kind` (`gate`), `file`, `sha256`, `compared_with` (`kind`, `file`, `sha256`,
    `created`, `reason`; None: budgets alone), `verdict`, `passed`, `strict`, `metrics` (a list of `Judgement.to_dict`
    with `change` in words), `budgets` (`budget`, `limit`, `value`, `passed`), `warnings`, `result` (of this file),
    `before` (the other's) and `passes` (raw: metric -> `new_ms` and `old_ms` of each pass).

    Raises `ConfigError` on options that don't fit each other, and what `bench` raises.
    """
    budgets = budgets or Budgets()
    _check_use(baseline, against, data is not None or is_result(path), budgets)
    check_outputs([junit, markdown], [path, baseline, against, data])
    ways = Ways(lengths, threads or 1, runtime, None, data, columns, cost, count)
    check_ways(path, ways, threads)
    if baseline is not None:
        found = _against_baseline(path, baseline, ways, threads, budgets)
    elif against is not None:
        found = _against_file(path, against, ways, budgets)
    else:
        found = _Found(None, measured(path, _lengths(path, ways), ways), None, [], {})
    outcome = _outcome(path, found, budgets, strict)
    if junit is not None:
        atomic_write(junit, junit_of(outcome))
    if markdown is not None:
        atomic_write(markdown, markdown_of(outcome).encode())
    return outcome


def baseline(
    path: PathLike,
    file: Optional[PathLike] = None,
    reason: Optional[str] = None,
    data: Optional[PathLike] = None,
    columns: Optional[Columns] = None,
    lengths: Optional[Sequence[int]] = None,
    threads: int = 1,
    runtime: Optional[str] = None,
    cost: Optional[Mapping[str, Any]] = None,
    count: Optional[bool] = None,
) -> dict[str, Any]:
    """Record `file`, a `.tflite` or the JSON of a result, as the baseline at `path`, or read the one that is there.

    Arguments:
        file: None: only read.
        reason: why it is the measure from now on; needed with `file`, and kept in the history.
        data, columns, lengths, threads, runtime, cost, count: as in `gate`.

    Returns the baseline: `history`, `result`, `passes` (none of a result's JSON, whose time is not judged).
    """
    if file is None:
        return read_baseline(path)
    if not (reason or "").strip():
        raise ConfigError("a baseline needs a reason, which its readers will ask for; received none")
    known = read_baseline(path)["result"]["cost"] if Path(path).exists() else None
    check_outputs([path], [file, data])
    ways = Ways(lengths, threads, runtime, None, data, columns, cost, count)
    check_ways(file, ways, None if threads == 1 else threads)
    result, uncounted = counted_like(file, measured(file, _lengths(file, ways), ways), ways, known)
    if uncounted and count is None:
        raise ConfigError(
            f"a baseline with instructions loses them only with --no-count; received a file without: {uncounted}"
        )
    passes = {} if is_result(file) else workload_passes(file, ways)
    return write_baseline(path, result, passes, reason or "")


@dataclasses.dataclass(frozen=True)
class _Found:
    """Both sides, measured and judged."""

    compared: Optional[dict[str, Any]]
    new: dict[str, Any]
    old: Optional[dict[str, Any]]
    judgements: list[Judgement]
    passes: Passes


def _check_use(baseline: Optional[PathLike], against: Optional[PathLike], has_accuracy: bool, budgets: Budgets) -> None:
    if baseline is not None and against is not None:
        raise ConfigError(f"gate takes --baseline or --against; received {str(baseline)!r} and {str(against)!r}")
    if baseline is None and against is None and not budgets.any:
        raise ConfigError("gate needs --baseline, --against or a budget as --max-bytes; received none of them")
    budgets.check_use(has_accuracy, baseline is not None or against is not None)


def _lengths(path: PathLike, ways: Ways) -> list[int]:
    from albert_edge.artifact import read_artifact

    return [] if is_result(path) else lengths_for(ways, [read_artifact(path)])


def _against_file(path: PathLike, against: PathLike, ways: Ways, budgets: Budgets) -> _Found:
    check_task(path, against)
    passes = against_passes(path, against, ways, functools.partial(_all_decided, judge_against))
    lengths = [int(metric[len("latency_") :]) for metric in passes if metric[len("latency_") :].isdigit()]
    new, old = measured(path, lengths, ways), measured(against, lengths, dataclasses.replace(ways, cost=None))
    judgements = [*judge_against(passes), *judge_figures(old, new, budgets.max_drop)]
    compared = {"kind": "against", "file": Path(against).name, "sha256": old["sha256"], "created": None, "reason": None}
    return _Found(compared, new, old, judgements, passes)


def _against_baseline(
    path: PathLike, baseline: PathLike, ways: Ways, threads: Optional[int], budgets: Budgets
) -> _Found:
    known = read_baseline(baseline)
    old, entry = known["result"], known["history"][-1]
    check_task(path, baseline, old["task"])
    ways = dataclasses.replace(
        ways,
        lengths=ways.lengths or [item["tokens"] for item in old["lengths"]],
        threads=threads or old["threads"],
        max_depth=old["max_depth"],
    )
    new, uncounted = counted_like(path, measured(path, _lengths(path, ways), ways), ways, old["cost"])
    passes, times = _times(path, known, new, ways)
    figures = judge_figures(old, new, budgets.max_drop, uncounted)
    compared = {
        "kind": "baseline",
        "file": Path(baseline).name,
        **{k: entry[k] for k in ("sha256", "created", "reason")},
    }
    return _Found(compared, new, old, [*times, *figures], passes)


def _times(
    path: PathLike, known: Mapping[str, Any], new: Mapping[str, Any], ways: Ways
) -> tuple[Passes, list[Judgement]]:
    """The latency's passes and verdicts; not measured where they couldn't be compared."""
    if is_emulated(known["result"]):
        return {}, []
    old: Passes = known["passes"]
    reason = time_unlike(known["result"], new)
    if reason is None and known["workload_version"] != WORKLOAD_VERSION:
        reason = "the baseline has another reference workload: record it anew"
    if reason is None and (is_result(path) or not old):
        reason = "a result has no passes: measure the file where the baseline was made, or use --against"
    if reason is not None:
        return {}, _unlike_times(reason, known["result"], new)
    passes = workload_passes(path, ways, lambda found: _all_decided(functools.partial(judge_baseline, old), found))
    missing = [metric for metric in old if metric not in passes]
    return passes, [
        *judge_baseline(old, passes),
        *(unlike(metric, "ms", "not measured: --lengths") for metric in missing),
    ]


def _unlike_times(reason: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Judgement]:
    after = {item["tokens"]: item["p50_ms"] for item in new["lengths"]}
    return [
        unlike(f"latency_{item['tokens']}", "ms", reason, item["p50_ms"], after.get(item["tokens"]))
        for item in old["lengths"]
    ]


def _all_decided(judge: Callable[[Passes], list[Judgement]], passes: Passes) -> bool:
    return all(judgement.verdict != "inconclusive" for judgement in judge(passes))


def _outcome(path: PathLike, found: _Found, budgets: Budgets, strict: bool) -> dict[str, Any]:
    verdict = overall(found.judgements)
    held = hold(budgets, found.new, found.old)
    failed = {"worse", "inconclusive"} if strict else {"worse"}
    passed = all(item.passed for item in held) and not any(each.verdict in failed for each in found.judgements)
    undecided = [each for each in found.judgements if each.verdict == "inconclusive"]
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "gate",
        "file": Path(path).name,
        "sha256": found.new["sha256"],
        "compared_with": found.compared,
        "verdict": verdict,
        "passed": passed,
        "strict": strict,
        "metrics": [{**each.to_dict(), "change": each.change} for each in found.judgements],
        "budgets": [item.to_dict() for item in held],
        "warnings": [f"{each.metric} is inconclusive: {each.reason or 'the values scatter'}" for each in undecided],
        "result": found.new,
        "before": found.old,
        "passes": {metric: [one.to_dict() for one in each] for metric, each in found.passes.items()},
    }

"""Latency, judged: passes of `gate.turns` until the interval decides, or all looks are used up.

Against another file the pairs are the two files' own turns, and 5 % are the tolerance. Against a baseline the pairs are
a turn of the file and one of the reference workload, now and when the baseline was made; between those two occasions
lie other neighbours, another temperature, another kernel, which hit a network and the workload unequally. So there the
tolerance is wider, and the further the workload itself is from where it was, the wider the interval: as if a file
could feel half as much of it, or half as much again. Beyond `MOST_DRIFT` nothing can be told: there a file that felt
nothing of it would be called better or worse. Small regressions are the matter of `--against` and of counted
instructions.
"""

from __future__ import annotations

import math
import statistics
from typing import Callable, Mapping, Sequence

from albert_edge.harness.gate.statistics import ERROR, LOOKS, Interval, paired_ratio, unpaired_ratio, verdict_of
from albert_edge.harness.gate.turns import Pass
from albert_edge.harness.gate.verdicts import Judgement

Passes = dict[str, list[Pass]]
"""Metric -> its passes, in their order."""

AGAINST_TOLERANCE = 0.05
"""A third of the regression that must be caught."""
BASELINE_TOLERANCE = 0.25
"""docs/gate.md has the drift that was measured."""
MOST_DRIFT = 1.5
"""Times, of the reference workload, both ways. A file that feels nothing of it is off by as much: widened by the square
root and with the tolerance, 1.53, an interval still reaches it."""


def measure_until(one_pass: Callable[[int], Mapping[str, Pass]], decided: Callable[[Passes], bool]) -> Passes:
    """Passes until `decided` at one of the looks, or until the last of them."""
    passes: Passes = {}
    for look in LOOKS:
        for number in range(len(next(iter(passes.values()), ())), look):
            for metric, found in one_pass(number).items():
                passes.setdefault(metric, []).append(found)
        if decided(passes):
            break
    return passes


def judge_against(passes: Passes) -> list[Judgement]:
    """Each metric of the new file against the old one's, from passes in which they took turns."""
    found = []
    for metric, each in passes.items():
        interval = paired_ratio([one.ratio for one in each], [1.0] * len(each), ERROR / len(LOOKS))
        found.append(_judgement(metric, each, _middle(each, "old_ms"), interval, AGAINST_TOLERANCE, ""))
    return found


def judge_baseline(old: Passes, new: Passes) -> list[Judgement]:
    """Each metric that both have, from passes in which the file and the reference workload took turns."""
    found = []
    for metric in (name for name in new if name in old):
        before, after = old[metric], new[metric]
        interval = unpaired_ratio([a.ratio for a in after], [b.ratio for b in before], ERROR / len(LOOKS))
        speed = _middle(after, "old_ms") / _middle(before, "old_ms")
        drift = math.exp(abs(math.log(speed)))
        interval = (
            interval.widened(math.sqrt(drift)) if drift <= MOST_DRIFT else Interval(0.0, interval.ratio, math.inf)
        )
        reason = f"the reference workload took {speed:.2f} times as long as then"
        found.append(_judgement(metric, after, _middle(before, "new_ms"), interval, BASELINE_TOLERANCE, reason))
    return found


def _judgement(
    metric: str, passes: Sequence[Pass], before: float, interval: Interval, tolerance: float, reason: str
) -> Judgement:
    verdict = verdict_of(interval, tolerance)
    words = [reason, f"undecided after {len(passes)} passes" if verdict == "inconclusive" else ""]
    after = _middle(passes, "new_ms")
    return Judgement(metric, verdict, "ms", before, after, tolerance, interval, "; ".join(filter(None, words)))


def _middle(passes: Sequence[Pass], side: str) -> float:
    """The median over the passes of the median turn, in milliseconds."""
    turns: list[tuple[float, ...]] = [getattr(each, side) for each in passes]
    return statistics.median(map(statistics.median, turns))

"""What a file is judged by beside its time: bytes, copies of the weights, memory, accuracy, instructions.

Bytes and answers don't scatter and instructions hardly do, so the difference itself is held against a tolerance. A drop
in accuracy beyond it is `worse` however likely chance is to give it on other texts: on this data it is a fact, and a
gate that asked for significance would let points pass on a small file. How likely is said beside it (McNemar's test).
"""

from __future__ import annotations

import statistics
from typing import Any, Iterator, Mapping, Optional

from albert_edge.errors import DataError
from albert_edge.harness.gate.likeness import accuracy_unlike, cost_unlike, is_emulated, memory_unlike, runtimes
from albert_edge.harness.gate.statistics import ERROR, Interval, mcnemar, unpaired_ratio, verdict_of
from albert_edge.harness.gate.verdicts import Judgement, unlike

Result = Mapping[str, Any]

BYTES_TOLERANCE = 0.01
"""Labels, dates and a vocabulary piece more are no regression."""
MEMORY_TOLERANCE = 0.05
"""Half of the regression that must be caught; pages come and go by less than this."""
INSTRUCTIONS_TOLERANCE = 0.01
"""Half of the regression that must be caught; two counts of one file by valgrind differ by up to one in 7,000."""
MAX_DROP = 0.5
"""Points; half of the regression that must be caught."""


def judge_figures(
    old: Result, new: Result, max_drop: Optional[float] = None, uncounted: str = "not counted: --count or --cost"
) -> list[Judgement]:
    """Each metric that both results have, or that `old` alone has, which is `inconclusive`.

    `max_drop`: points of accuracy that may be lost; None: `MAX_DROP`. `uncounted`: why `new` has no instructions.
    """
    return [
        *_bytes(old, new),
        *_copies(old, new),
        *_memory(old, new),
        *_accuracy(old, new, MAX_DROP if max_drop is None else max_drop),
        *_instructions(old, new, uncounted),
    ]


def _exact(before: float, after: float, tolerance: float) -> str:
    if min(before, after) <= 0:
        raise DataError(f"bytes and instructions of a result must be above 0; received {min(before, after):g}")
    ratio = after / before
    return verdict_of(Interval(ratio, ratio, ratio), tolerance)


def _bytes(old: Result, new: Result) -> Iterator[Judgement]:
    before, after = old["file_bytes"], new["file_bytes"]
    reason = "" if old["scheme"] == new["scheme"] else f"scheme {new['scheme']}, before {old['scheme']}"
    verdict = _exact(before, after, BYTES_TOLERANCE)
    yield Judgement("file_bytes", verdict, "bytes", before, after, BYTES_TOLERANCE, reason=reason)


def _copies(old: Result, new: Result) -> Iterator[Judgement]:
    """Whether ALBERT's sharing is still there: how often each stored matrix is used, and so packed."""
    before, after = ((side["weights"] or {}).get("copies") for side in (old, new))
    if before is None:
        return
    if after is None:
        yield unlike("weight_copies", "copies", "not measured", before)
        return
    verdict = "worse" if after > before else "better" if after < before else "same"
    reason = "the graph is unrolled: a runtime packs the shared weights once a layer" if verdict == "worse" else ""
    yield Judgement("weight_copies", verdict, "copies", before, after, 0.0, reason=reason)


_MEMORY = (("memory", "rss_above_runtime_mb", "rss_mb"), ("peak_memory", "peak_above_runtime_mb", "peak_rss_mb"))


def _memory(old: Result, new: Result) -> Iterator[Judgement]:
    """Above a process that only imported the runtime, since that part is not the file's."""
    if is_emulated(old):
        return
    reason = memory_unlike(old, new)
    for metric, key, raw in _MEMORY:
        before, after = old[key], new[key]
        if before is None:
            continue
        if after is None or reason is not None:
            yield unlike(metric, "MB", reason or "not measured", before, after)
            continue
        values, others = _above(new, raw), _above(old, raw)
        if not values or not others or min(*values, *others) <= 0:
            yield unlike(metric, "MB", "no raw values above the runtime's own memory", before, after)
            continue
        interval = unpaired_ratio(values, others, ERROR)
        verdict = verdict_of(interval, MEMORY_TOLERANCE)
        yield Judgement(metric, verdict, "MB", before, after, MEMORY_TOLERANCE, interval, runtimes(old, new))


def _above(result: Result, name: str) -> list[float]:
    raw = result["raw"]
    bare = statistics.median(raw["bare_rss_mb"]) if raw["bare_rss_mb"] else 0.0
    return [value - bare for value in raw[name]]


def _accuracy(old: Result, new: Result, max_drop: float) -> Iterator[Judgement]:
    if old["accuracy"] is None:
        return
    before = old["accuracy"]["value"]
    if new["accuracy"] is None:
        yield unlike("accuracy", "fraction", f"not measured: --data {old['accuracy']['data']}", before)
        return
    after, reason = new["accuracy"]["value"], accuracy_unlike(old, new)
    if reason is not None:
        yield unlike("accuracy", "fraction", reason, before, after)
        return
    # Rounded: 0.84 - 0.835 is a little more than half a point in binary.
    lost = round(100 * (before - after), 9)
    verdict = "worse" if lost > max_drop else "better" if -lost > max_drop else "same"
    reason = _chance(old["accuracy"]["correct"], new["accuracy"]["correct"])
    yield Judgement("accuracy", verdict, "fraction", before, after, max_drop, reason=reason)


def _chance(old: Optional[list[int]], new: Optional[list[int]]) -> str:
    """Which examples changed, where both results say it of each."""
    if not old or not new or len(old) != len(new):
        return ""
    lost = sum(a > b for a, b in zip(old, new))
    won = sum(b > a for a, b in zip(old, new))
    if not lost and not won:
        return "the same examples are right"
    return f"{lost} examples lost, {won} won; chance alone loses as many with p = {mcnemar(won, lost):.2g}"


def _instructions(old: Result, new: Result, uncounted: str) -> Iterator[Judgement]:
    if old["cost"] is None:
        return
    before = old["cost"]["instructions"]
    if new["cost"] is None:
        yield unlike("instructions", "instructions", uncounted, before)
        return
    after, reason = new["cost"]["instructions"], cost_unlike(old, new)
    if reason is not None:
        yield unlike("instructions", "instructions", reason, before, after)
        return
    verdict = _exact(before, after, INSTRUCTIONS_TOLERANCE)
    counters = new["cost"]["tool_version"], old["cost"]["tool_version"]
    words = "" if counters[0] == counters[1] else f"counted by {counters[0]}, before {counters[1]}"
    yield Judgement("instructions", verdict, "instructions", before, after, INSTRUCTIONS_TOLERANCE, reason=words)

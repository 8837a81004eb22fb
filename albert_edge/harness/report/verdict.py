"""What a report says first: which file to take and why, or what changed for the worse; and what can't be told.

Without a baseline nothing is judged, and the page says so. Sentences are built from `Figure`s like everything else.
"""

from __future__ import annotations

import dataclasses
import html
import math
from typing import Any, Optional, Sequence

from albert_edge.harness.gate.likeness import is_emulated
from albert_edge.harness.report.changes import Change, overall
from albert_edge.harness.report.figures import Figure, Html, derived, length, ratio, shown
from albert_edge.harness.report.series import Group, Series

CHANCE = 0.05
"""Largest p at which a difference between two files' answers is called real."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The first thing on the page."""

    status: str
    """`measured` (nothing was compared), `better`, `same`, `worse`, `inconclusive`."""
    headline: Html
    lines: tuple[Html, ...]


def verdict_of(series: Sequence[Series], groups: Sequence[Group], changes: Sequence[Change]) -> Verdict:
    """The verdict on `series`, the first of which was compared with the baseline if there are `changes`."""
    notes = (*_emulated(series), *_warned(series))
    if changes:
        status = overall(changes)
        return Verdict(status, _judged(status, changes), (*_changed(changes), *notes))
    if not groups:
        scored = _scored(series[0]) if series[0].accuracy else _NOT_SCORED
        return Verdict("measured", _unscored(series[0]), (scored, *notes, _NOT_JUDGED))
    group = groups[0]
    drift = group.drift()
    if drift is not None:
        top = max(group.members, key=lambda each: each.accuracy.value)
        return Verdict("inconclusive", _CANT_COMPARE, (_drifted(drift), _scored(top), *notes, _NOT_JUDGED))
    apart = (_APART,) if len(groups) > 1 else ()
    lines = (*_facts(group.best(), group), *_doubts(group.best(), group), *apart)
    return Verdict("measured", _choice(group), (*lines, *notes, _NOT_JUDGED))


_CANT_COMPARE = Html("The machine changed between the runs: which file is faster can’t be told")


def _drifted(drift: Figure) -> Html:
    took = join(
        "The fixed reference workload took ", shown(drift, "times", 2), " as long beside one run as beside another."
    )
    return join(took, " Measure again on a quiet machine, or let two files take turns with ", _GATE, ".")


_GATE = Html("<code>albert-edge gate --against</code>")
_APART = Html("Results of another device, runtime, thread count or data file stand apart below.")
_NOT_JUDGED = Html("No baseline was given, so nothing here is judged as better or worse than before.")
_NOT_SCORED = Html("No data file was given: nothing here says whether the file answers rightly.")


def _choice(group: Group) -> Html:
    best = group.best()
    if len(group.members) == 1:
        metric = shown(best.result.at("accuracy", "metric"), "words")
        latency = shown(group.latency(best), "ms")
        return join(shown(best.accuracy, "percent"), " ", metric, " at ", latency, " ", _latency_words(group, best))
    return join(best.name_html, " is the fastest file within half a point of the most accurate")


def _latency_words(group: Group, one: Series) -> Html:
    """What a group's latency is a latency of."""
    if group.tokens is None:
        return Html("a text, the mean over the data")
    return join("a text of ", shown(one.length(group.tokens).at("tokens")), " tokens, the median")


def _unscored(one: Series) -> Html:
    longest = one.length(max(one.tokens)) if one.tokens else None
    name = one.name_html
    if longest is None:
        score = join(shown(one.accuracy, "percent"), " ", shown(one.result.at("accuracy", "metric"), "words"), ", ")
        return join(name, ": ", score if one.accuracy else "", shown(one.result.at("file_bytes"), "bytes_mb"))
    at = join(" at ", shown(longest.at("tokens")), " tokens, ")
    return join(name, ": ", shown(longest.at("p50_ms"), "ms"), at, shown(one.result.at("file_bytes"), "bytes_mb"))


def _facts(best: Series, group: Group) -> list[Html]:
    """Accuracy, time and size of the file that is named, beside the reference's."""
    return [_scored(best), _time(best, group), _size(best, group)]


def _scored(one: Series) -> Html:
    """Accuracy, its interval, and on what."""
    accuracy = one.result.at("accuracy")
    interval = one.interval()
    between = (
        join(" (", shown(interval[0], "percent"), " to ", shown(interval[1], "percent"), " with 95 % confidence)")
        if interval
        else Html("")
    )
    examples, data = shown(accuracy.at("examples")), shown(accuracy.at("data"), "file")
    return join(
        shown(one.accuracy, "percent"), " ", shown(accuracy.at("metric"), "words"), between, " on ", examples,
        " examples of ", data, ".",
    )  # fmt: skip


def _reference(best: Series, group: Group) -> Optional[Series]:
    """float32's file of the group; None if it isn't there or is itself the best."""
    found = [each for each in group.members if each.scheme == "float32" and each is not best]
    return found[0] if found else None


def _time(best: Series, group: Group) -> Html:
    latency, reference = group.latency(best), _reference(best, group)
    words = join(shown(latency, "ms"), " ", _latency_words(group, best))
    if reference is None:
        return join(words, ".")
    times = ratio(latency, group.latency(reference))
    return join(words, ": ", shown(times, "times", 2), " the time of ", reference.name_html, ".")


def _size(best: Series, group: Group) -> Html:
    size, reference = best.result.at("file_bytes"), _reference(best, group)
    memory = shown(best.result.at("rss_above_runtime_mb"), "mb")
    words = join("A file of ", shown(size, "bytes_mb"))
    if reference is not None:
        words = join(words, ", ", shown(ratio(size, reference.result.at("file_bytes")), "times", 2), " of its size")
    return join(words, "; ", memory, " of memory above the bare runtime.")


def _doubts(best: Series, group: Group) -> list[Html]:
    """Whether the data can tell the named file's accuracy from the highest."""
    top = max(group.members, key=lambda each: each.accuracy.value)
    if top is best or top.accuracy.value == best.accuracy.value:
        return []
    p = mcnemar(top.result.at("accuracy", "correct"), best.result.at("accuracy", "correct"))
    if p is None:
        return []
    words = "may be chance" if p.value > CHANCE else "is more than chance"
    drop = derived("difference", top.accuracy.value - best.accuracy.value, top.accuracy, best.accuracy)
    test = join("(exact McNemar test, p = ", shown(p), ")")
    return [join(top.name_html, " is ", shown(drop, "distance"), " more accurate, which ", words, " ", test, ".")]


def mcnemar(a: Figure, b: Figure) -> Optional[Figure]:
    """The two-sided p of the exact McNemar test on two files' answers to the same examples; None without both.

    Of the examples that one file alone gets right, each is as likely to be the one's as the other's if they are
    equally good (Q. McNemar, 1947).
    """
    if not a or not b or len(a.value) != len(b.value):
        return None
    only_a = sum(x > y for x, y in zip(a.value, b.value))
    only_b = sum(y > x for x, y in zip(a.value, b.value))
    trials = only_a + only_b
    below = sum(math.comb(trials, count) for count in range(min(only_a, only_b) + 1))
    return derived("mcnemar", min(1.0, 2 * below / 2**trials), a, b)


def _judged(status: str, changes: Sequence[Change]) -> Html:
    if status == "same":
        return Html("Nothing changed since the baseline")
    if status == "measured":
        return Html("Compared with the baseline, not judged")
    names = [change.title for change in changes if change.verdict == status]
    listed = f"{', '.join(names[:3])} and {len(names) - 3} more" if len(names) > 4 else ", ".join(names)
    words = {
        "worse": "Worse than the baseline",
        "better": "Better than the baseline",
        "inconclusive": "Undecided against the baseline",
    }
    return join(f"{words[status]}: ", listed)


def _changed(changes: Sequence[Change]) -> list[Html]:
    """A line for each change that isn't `same`, worst first, at most four."""
    order = {"worse": 0, "inconclusive": 1, "better": 2}
    told = sorted((change for change in changes if change.verdict in order), key=lambda each: order[each.verdict or ""])
    return [
        join(change.title, ": ", shown(change.before, change.unit), " → ", shown(change.after, change.unit), ".")
        for change in told[:4]
    ]


def _emulated(series: Sequence[Series]) -> list[Html]:
    """That emulated boards' times are left out."""
    found = [each for each in series if is_emulated(each.result.value)]
    if not found:
        return []
    named = {each.result.value["device"]["name"]: shown(each.result.at("device", "name")) for each in found}
    names = [piece for name in named.values() for piece in (", ", name)][1:]
    return [join(*names, ": emulated. Its times and memory are the emulator’s and left out; instructions aren’t time.")]


def _warned(series: Sequence[Series]) -> list[Html]:
    found = [each for each in series if each.result.value["warnings"]]
    if not found:
        return []
    counts = [length(each.result.at("warnings")) for each in found]
    total = derived("sum", sum(count.value for count in counts), *counts)
    noun = "warning" if total.value == 1 else "warnings"
    return [join(shown(total), f" {noun} while measuring: ", Html('<a href="#how">see how it was measured</a>.'))]


def join(*pieces: Any) -> Html:
    """Text and elements in a row; text is escaped."""
    return Html("".join(piece if isinstance(piece, Html) else html.escape(str(piece), quote=False) for piece in pieces))

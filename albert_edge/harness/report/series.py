"""The results as series: what each is called, which may be compared with which, and which are on the front.

Times are compared only between results of one device, runtime and number of threads, accuracy only on the same data
file; a report draws one picture for each group rather than one that mixes them.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Sequence

from albert_edge.harness.gate.likeness import is_emulated
from albert_edge.harness.report.figures import Figure, Html, attributes_of, derived, source, tag

MAX_DROP = 0.005
"""Fraction of the first metric that the file named in the verdict may lose from the most accurate one: half a point, as
`optimize` allows by default."""

MOST_DRIFT = 1.1
"""Ratio of the reference workload's times up to which separate runs count as made on an equally busy machine."""


@dataclasses.dataclass(frozen=True)
class Series:
    """One result: everything that a report asks of it."""

    number: int
    result: Figure
    """Its root; `at` leads to each value."""
    name_parts: tuple[Figure, ...]
    """The values that it is called by."""

    @property
    def name(self) -> str:
        """As text, for pictures."""
        return ", ".join(_part_text(part) for part in self.name_parts)

    @property
    def name_html(self) -> Html:
        """The same, each part traceable."""
        parts = [tag("span", _part_text(part), **attributes_of(part, "name")) for part in self.name_parts]
        return Html(", ".join(parts))

    @property
    def scheme(self) -> Any:
        """How its weights are stored."""
        return self.result.value["scheme"]

    @property
    def accuracy(self) -> Figure:
        """The task's first metric, a fraction; None if it was not measured."""
        return self.result.at("accuracy", "value")

    @property
    def conditions(self) -> tuple[Any, ...]:
        """What two results must share for their times to be compared."""
        result = self.result.value
        device = result["device"] and result["device"].get("name")
        return (device, result["environment"].get("cpu_model"), result["runtime"], result["threads"])

    @property
    def scored_on(self) -> tuple[Any, ...]:
        """What two results must share for their accuracies to be compared."""
        accuracy = self.result.value["accuracy"]
        return () if accuracy is None else (accuracy["data_sha256"], accuracy["task"], accuracy["metric"])

    def length(self, tokens: int) -> Figure:
        """The latencies at `tokens`; raises `StopIteration` if that wasn't measured."""
        return next(each for each in self.result.at("lengths").each() if each.value["tokens"] == tokens)

    @property
    def tokens(self) -> set[int]:
        """The lengths that were measured."""
        return {each["tokens"] for each in self.result.value["lengths"]}

    def interval(self) -> Optional[tuple[Figure, Figure]]:
        """The ends of the accuracy's 95 % interval by Wilson's score; None unless it is a share of right answers."""
        correct, value = self.result.at("accuracy", "correct"), self.accuracy
        if not correct or abs(sum(correct.value) / len(correct.value) - value.value) > 1e-9:
            return None
        low, high = wilson(sum(correct.value), len(correct.value))
        return derived("wilson-low", low, correct), derived("wilson-high", high, correct)


def wilson(right: int, examples: int) -> tuple[float, float]:
    """Ends of the 95 % interval of a share (E. B. Wilson, 1927)."""
    z = 1.959963984540054
    share, weight = right / examples, z * z / examples
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / examples + weight / (4 * examples))
    return middle - half, middle + half


def series_of(results: Sequence[Mapping[str, Any]]) -> list[Series]:
    """Each result with a name that no other has: its scheme, and whatever else tells them apart."""
    roots = [source(without_emulated(result), number) for number, result in enumerate(results)]
    chosen: list[Callable[[Figure], Figure]] = [lambda root: root.at("scheme")]
    for candidate in _NAMING:
        names = {tuple(repr(part(root).value) for part in chosen) for root in roots}
        if len(names) == len(roots):
            break
        found = [candidate(root).value for root in roots]
        tells_apart = len({tuple(repr(part(root).value) for part in (*chosen, candidate)) for root in roots})
        if len(set(map(repr, found))) > 1 and tells_apart > len(names):
            chosen.append(candidate)
    return [Series(number, root, _named(root, chosen)) for number, root in enumerate(roots)]


_OF_THE_MACHINE = ("load_ms", "open_ms", "rss_mb", "peak_rss_mb", "rss_above_runtime_mb", "peak_above_runtime_mb")
_OF_ITS_TIME: Mapping[str, Any] = {
    "lengths": [],
    "thread_scaling": [],
    "mix": None,
    "sustained": None,
    "reference_workload": None,
}


def without_emulated(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """`result`, of an emulated board without times and memory: those are the emulator's and tell nothing of a board."""
    if not is_emulated(result):
        return result
    return {**result, **dict.fromkeys(_OF_THE_MACHINE), **_OF_ITS_TIME}


def _named(root: Figure, chosen: Sequence[Callable[[Figure], Figure]]) -> tuple[Figure, ...]:
    parts = tuple(part(root) for part in chosen)
    return tuple(part for part in parts if part.value is not None)


def _unusual(part: Figure, usual: str) -> Figure:
    """`part`, or nothing where it is what a reader expects."""
    return Figure(None, part.of) if part.value == usual else part


_NAMING: tuple[Callable[[Figure], Figure], ...] = (
    lambda root: _unusual(root.at("layout"), "looped"),
    lambda root: root.at("device", "name"),
    lambda root: root.at("runtime"),
    lambda root: root.at("threads"),
    lambda root: root.at("max_depth"),
    lambda root: root.at("exit_threshold"),
    lambda root: root.at("file"),
    lambda root: root.at("created"),
    lambda root: root.at("sha256"),
)

_WORDS = {"threads": "{} threads", "max_depth": "depth {}", "exit_threshold": "exit {}"}


def _part_text(part: Figure) -> str:
    key = part.of.rsplit("/", 1)[-1]
    text = Path(part.value).stem if key == "file" else part.value[:8] if key == "sha256" else part.value
    return _WORDS.get(key, "{}").format(text)


# === Groups and fronts ===


@dataclasses.dataclass(frozen=True)
class Group:
    """Results whose accuracy and latency may be compared."""

    members: tuple[Series, ...]
    tokens: Optional[int]
    """The length whose median counts; None: the mean over the data's own lengths."""

    def latency(self, member: Series) -> Figure:
        """What is compared, in ms."""
        if self.tokens is None:
            return member.result.at("mix", "mean_ms")
        return member.length(self.tokens).at("p50_ms")

    def front(self) -> list[Series]:
        """Those that no other beats: none is at least as accurate and as fast, and better in one. Fastest first."""
        kept = [each for each in self.members if not any(self._beats(other, each) for other in self.members)]
        return sorted(kept, key=lambda each: (self.latency(each).value, -each.accuracy.value))

    def best(self) -> Series:
        """The fastest whose accuracy lies at most `MAX_DROP` below the highest."""
        limit = max(each.accuracy.value for each in self.members) - MAX_DROP - 1e-12
        near = [each for each in self.members if each.accuracy.value >= limit]
        return min(near, key=lambda each: (self.latency(each).value, each.result.value["file_bytes"]))

    def drift(self) -> Optional[Figure]:
        """How many times as long the reference workload took beside the slowest as beside the fastest of the runs.

        Only where that is more than `MOST_DRIFT`: then the machine changed, and their times can't be compared.
        """
        found = [each.result.at("reference_workload", "raw_ms") for each in self.members]
        values = [(statistics.median(each.value), each) for each in found if each.value]
        if len(values) < 2:
            return None
        values.sort(key=lambda pair: pair[0])
        (least, quiet), (most, busy) = values[0], values[-1]
        return derived("median-ratio", most / least, busy, quiet) if most / least > MOST_DRIFT else None

    def _beats(self, other: Series, one: Series) -> bool:
        gains = (other.accuracy.value - one.accuracy.value, self.latency(one).value - self.latency(other).value)
        return bool(min(gains) >= 0 and max(gains) > 0)


def groups_of(series: Sequence[Series]) -> list[Group]:
    """The results with an accuracy, those that may be compared together, in the order of their first."""
    found: dict[tuple[Any, ...], list[Series]] = {}
    for each in series:
        if each.accuracy and each.tokens:
            found.setdefault((each.conditions, each.scored_on), []).append(each)
    return [_group(members) for members in found.values()]


def _group(members: Sequence[Series]) -> Group:
    mixes = {each.result.value["mix"] and each.result.value["mix"]["data_sha256"] for each in members}
    if len(mixes) == 1 and None not in mixes:
        return Group(tuple(members), None)
    common = common_tokens(members)
    if common is None:
        return Group((members[0],), max(members[0].tokens))
    return Group(tuple(members), common)


def common_tokens(series: Sequence[Series]) -> Optional[int]:
    """The largest length that all of them were measured at; None if there is none."""
    common = set.intersection(*(each.tokens for each in series)) if series else set()
    return max(common, default=None)

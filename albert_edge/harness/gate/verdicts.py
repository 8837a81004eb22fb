"""`Judgement`: what the gate says of one metric, and what all of them together come to."""

from __future__ import annotations

import dataclasses
from typing import Any, Iterable, Optional

from albert_edge.harness.gate.statistics import Interval

VERDICTS = ("worse", "inconclusive", "better", "same")
"""The first of these that a metric has is the whole file's."""


@dataclasses.dataclass(frozen=True)
class Judgement:
    """One metric of a file and of what it is compared with."""

    metric: str
    """`latency_16`, `latency_mix`, `memory`, `peak_memory`, `file_bytes`, `weight_copies`, `accuracy`,
    `instructions`."""
    verdict: str
    unit: str
    """`ms`, `MB`, `bytes`, `copies`, `fraction`, `instructions`."""
    before: Optional[float] = None
    after: Optional[float] = None
    tolerance: Optional[float] = None
    """A share of `before`; of a fraction, points of 100."""
    interval: Optional[Interval] = None
    """Of the ratio after / before, where values scatter."""
    reason: str = ""
    """In words, what isn't in the numbers."""

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"a verdict must be one of {', '.join(VERDICTS)}; received {self.verdict!r}")

    def to_dict(self) -> dict[str, Any]:
        """For JSON; an interval without ends has None there."""
        values = dataclasses.asdict(self)
        if self.interval is not None:
            ends = (self.interval.low or None, None if self.interval.high == float("inf") else self.interval.high)
            values["interval"] = {"low": ends[0], "ratio": self.interval.ratio, "high": ends[1]}
        return values

    @property
    def change(self) -> str:
        """`+1.2 %`, of a fraction `-0.50 points`; empty where a side is missing."""
        if self.before is None or self.after is None:
            return ""
        if self.unit == "fraction":
            return f"{100 * (self.after - self.before):+.2f} points"
        ratio = self.interval.ratio if self.interval else self.after / self.before if self.before else 1.0
        return f"{100 * (ratio - 1):+.1f} %"


def overall(judgements: Iterable[Judgement]) -> str:
    """The worst of the verdicts; `same` if there is none."""
    found = {judgement.verdict for judgement in judgements}
    return next((verdict for verdict in VERDICTS if verdict in found), "same")


def unlike(
    metric: str, unit: str, reason: str, before: Optional[float] = None, after: Optional[float] = None
) -> Judgement:
    """`inconclusive`, because the two sides can't be compared."""
    return Judgement(metric, "inconclusive", unit, before, after, reason=reason)

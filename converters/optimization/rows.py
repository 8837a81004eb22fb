"""`Row`: what was found out about one candidate, as the table and the JSON report have it."""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, Optional


@dataclasses.dataclass(frozen=True)
class Timing:
    """Latency on one target, over the texts' mix of lengths."""

    mean_ms: float
    p50_ms: float
    times_float32: Optional[float]
    """`mean_ms` over that of the float32 file of the same run; None without such a file."""

    @property
    def is_slower(self) -> bool:
        """Whether float32 is faster, by more than repeated runs differ."""
        return self.times_float32 is not None and self.times_float32 > 1 + NOISE


NOISE = 0.05
"""Share by which two latencies of one run may differ and still count as equal."""


@dataclasses.dataclass(frozen=True)
class Row:
    """A candidate, tried."""

    name: str
    scheme: str
    parts: Optional[Mapping[str, str]] = None
    """Of each part the precision that it is stored in; None if there is no file."""
    early_exit: Optional[Mapping[str, Any]] = None
    """The exit in the file's manifest."""
    failed: Optional[str] = None
    """Why there is no file, or none to be trusted, in a line."""
    file_bytes: Optional[int] = None
    model_bytes: Optional[int] = None
    scores: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Target -> the task's first metric on the data, in points."""
    drop: Optional[float] = None
    """Points lost from the Keras model, on the target that loses most; negative: won."""
    timings: Mapping[str, Timing] = dataclasses.field(default_factory=dict)
    """By target."""
    on_front: bool = False
    """Whether no other file is at least as good in drop, bytes and latency, and better in one."""
    allowed: bool = False
    """Whether it may be chosen: verified, and within the drop."""

    @property
    def score(self) -> float:
        """On the target where it is lowest; of files only."""
        return min(self.scores.values())

    @property
    def latency_ms(self) -> float:
        """The mean on the target where it is highest."""
        return max(timing.mean_ms for timing in self.timings.values())

    @property
    def relative_latency(self) -> float:
        """As a multiple of float32's, on the target where it is highest; milliseconds if no row has float32's."""
        timings = self.timings.values()
        return max(timing.mean_ms if timing.times_float32 is None else timing.times_float32 for timing in timings)

    @property
    def slower_on(self) -> list[str]:
        """The targets on which float32 is faster."""
        return [target for target, timing in self.timings.items() if timing.is_slower]

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON values, and of each timing `is_slower`."""
        timings = {
            target: {**dataclasses.asdict(timing), "is_slower": timing.is_slower}
            for target, timing in self.timings.items()
        }
        return {**dataclasses.asdict(self), "timings": timings}

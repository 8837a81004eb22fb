"""What a measurement was asked for, checked before minutes of measuring, not after."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Optional, Sequence, Union

from albert_edge.errors import ConfigError
from albert_edge.files import PathLike
from albert_edge.harness.evaluations.base import DataFile
from albert_edge.harness.latency import MINIMUM_RUNS
from albert_edge.harness.presets import Preset


@dataclasses.dataclass(frozen=True)
class Setting:
    """The arguments of `bench`."""

    path: PathLike
    lengths: Sequence[int]
    threads: Sequence[int]
    """The first is the one that all but `thread_scaling` is measured with."""
    runs: Optional[int]
    seconds: float
    runtime: Optional[str]
    max_depth: Optional[int]
    exit_threshold: Optional[float]
    data: Optional[DataFile]
    reference: Optional[PathLike]
    preset: Optional[Preset]
    sustained_minutes: Optional[float]

    def __post_init__(self) -> None:
        for name, values in (("lengths", self.lengths), ("threads", self.threads)):
            if not values:
                raise ConfigError(f"{name} must hold at least one {name.rstrip('s')}; received none")
            if len(set(values)) != len(values):
                raise ConfigError(f"{name} must differ from each other; received {', '.join(map(str, values))}")
        for threads in self.threads:
            if threads < 1:
                raise ConfigError(f"threads must be at least 1; received {threads}")
        if self.reference is not None and self.data is None:
            raise ConfigError(f"reference needs data to be compared on; received {str(self.reference)!r} alone")
        for name in ("runs", "seconds", "sustained_minutes"):
            number = getattr(self, name)
            if number is not None and not 0 < number < math.inf:
                raise ConfigError(f"{name} must be above 0 and finite; received {number}")
        if self.preset is not None and self.runs is not None:
            raise ConfigError(f"runs may not be given with a preset, which says how many; received {self.runs}")

    @property
    def request(self) -> dict[str, Any]:
        """Depth and threshold, as the functions that run a session take them."""
        return {"max_depth": self.max_depth, "exit_threshold": self.exit_threshold}

    @property
    def repeats(self) -> dict[str, Any]:
        """How often and how long each length is run: the preset's matter where there is no mix for it."""
        if self.preset is not None and self.data is None:
            return {"minimum": self.preset.queries, "seconds": self.preset.seconds}
        return {"minimum": MINIMUM_RUNS, "runs": self.runs, "seconds": self.seconds}


def thread_counts(threads: Union[int, Sequence[int]]) -> list[int]:
    """As a list; raises `ConfigError` on what isn't one or several whole numbers."""
    counts = [threads] if isinstance(threads, int) else list(threads)
    for count in counts:
        if isinstance(count, bool) or not isinstance(count, int):
            raise ConfigError(f"threads must be whole numbers; received {count!r}")
    return counts

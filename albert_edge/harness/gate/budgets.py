"""Budgets: limits that hold whatever the comparison says. A budget whose figure isn't there is bad use, not a pass."""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, Optional

from albert_edge.errors import ConfigError
from albert_edge.harness.gate.likeness import is_emulated


@dataclasses.dataclass(frozen=True)
class Budgets:
    """None: no limit."""

    max_bytes: Optional[int] = None
    """Of the whole file."""
    max_p90_ms: Optional[float] = None
    """Of the mix of the data file's texts; without one, of each length that is measured."""
    max_rss_mb: Optional[float] = None
    """Of the whole process that answered a text, Python and the runtime included."""
    min_accuracy: Optional[float] = None
    """The task's first metric, a fraction of 1."""
    max_drop: Optional[float] = None
    """Points of that metric below what the file is compared with."""

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            if value is not None and not value >= 0:
                raise ConfigError(f"{name} must be at least 0; received {value}")
        if self.min_accuracy is not None and self.min_accuracy > 1:
            raise ConfigError(f"min_accuracy must be a fraction from 0 to 1; received {self.min_accuracy}")

    @property
    def any(self) -> bool:
        """Whether there is a limit at all."""
        return any(value is not None for value in dataclasses.asdict(self).values())

    def check_use(self, has_accuracy: bool, has_other: bool) -> None:
        """Raise `ConfigError` on a limit that can't be held: before minutes of measuring."""
        for name in ("min_accuracy", "max_drop"):
            value = getattr(self, name)
            if value is not None and not has_accuracy:
                raise ConfigError(f"{name} needs --data to measure the accuracy on; received {value} alone")
        if self.max_drop is not None and not has_other:
            raise ConfigError(f"max_drop needs --baseline or --against; received {self.max_drop} alone")


@dataclasses.dataclass(frozen=True)
class Held:
    """One budget, held against what was measured."""

    budget: str
    limit: float
    value: float
    passed: bool

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dataclasses.asdict(self)


def hold(budgets: Budgets, new: Mapping[str, Any], old: Optional[Mapping[str, Any]]) -> list[Held]:
    """Each limit of `budgets` against the result `new`; `old` is what it is compared with.

    Raises `ConfigError` if the figure of a limit is missing.
    """
    found = []
    _check_board(budgets, new)
    if budgets.max_bytes is not None:
        found.append(_most("max_bytes", budgets.max_bytes, new["file_bytes"]))
    if budgets.max_p90_ms is not None:
        p90_ms = new["mix"]["p90_ms"] if new["mix"] else max(item["p90_ms"] for item in new["lengths"])
        found.append(_most("max_p90_ms", budgets.max_p90_ms, p90_ms))
    if budgets.max_rss_mb is not None:
        found.append(_most("max_rss_mb", budgets.max_rss_mb, new["rss_mb"]))
    if budgets.min_accuracy is not None:
        value = _accuracy("min_accuracy", new)
        found.append(Held("min_accuracy", budgets.min_accuracy, value, value >= budgets.min_accuracy))
    if budgets.max_drop is not None:
        before, after = _accuracy("max_drop", old), _accuracy("max_drop", new)
        found.append(_most("max_drop", budgets.max_drop, round(100 * (before - after), 9)))
    return found


def _check_board(budgets: Budgets, new: Mapping[str, Any]) -> None:
    for name in ("max_p90_ms", "max_rss_mb"):
        value = getattr(budgets, name)
        if value is not None and is_emulated(new):
            raise ConfigError(f"{name} needs figures of a board itself; received {value:g} for an emulated one")


def _most(budget: str, limit: float, value: float) -> Held:
    return Held(budget, limit, value, value <= limit)


def _accuracy(budget: str, result: Optional[Mapping[str, Any]]) -> float:
    if result is None or result["accuracy"] is None:
        raise ConfigError(f"{budget} needs the accuracy of both sides, measured with --data; received none")
    return float(result["accuracy"]["value"])

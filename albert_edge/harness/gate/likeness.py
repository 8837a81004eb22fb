"""Like with like: why two results can't be compared in a metric, as one line, or None if they can.

Time belongs to a machine: processor, runtime, threads, and how deep the file was run. Memory belongs to a runtime and
an architecture, instructions to the counting tool and the processor that it emulates; what a file answers and how many
bytes it has belong to it alone, but a score also to its data.
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Optional

Result = Mapping[str, Any]

_RUN = (("max_depth",), ("exit_threshold",))
_TIME = (
    ("environment", "cpu_model"),
    ("environment", "architecture"),
    ("environment", "board"),
    ("device", "kind"),
    ("device", "name"),
    ("runtime",),
    ("threads",),
    *_RUN,
)
_MEMORY = (("environment", "architecture"), ("runtime",), ("rss_tokens",))
_ACCURACY = (("accuracy", "data_sha256"), ("accuracy", "task"), ("accuracy", "metric"), ("accuracy", "examples"), *_RUN)
_COST = (("cost", "tool"), ("cost", "cpu"), ("cost", "tokens"))


def time_unlike(old: Result, new: Result) -> Optional[str]:
    """Of latencies."""
    return _first_difference(old, new, _TIME)


def memory_unlike(old: Result, new: Result) -> Optional[str]:
    """Of memory, resident and peak."""
    return _first_difference(old, new, _MEMORY)


def accuracy_unlike(old: Result, new: Result) -> Optional[str]:
    """Of the task's metric."""
    return _first_difference(old, new, _ACCURACY)


def cost_unlike(old: Result, new: Result) -> Optional[str]:
    """Of instructions."""
    return _first_difference(old, new, _COST)


def _first_difference(old: Result, new: Result, paths: Iterable[tuple[str, ...]]) -> Optional[str]:
    for path in paths:
        before, after = _at(old, path), _at(new, path)
        if before != after:
            return f"another {' '.join(path).replace('_', ' ')}: {after}, before {before}"
    return None


def _at(result: Result, path: tuple[str, ...]) -> Any:
    value: Any = result
    for key in path:
        value = value[key] if value is not None else None
    return value

"""Like with like: why two results can't be compared in a metric, as one line, or None if they can.

Time belongs to a machine: processor, runtime, threads, and how deep the file was run. Memory belongs to an
architecture, instructions to the counting tool and the processor that it shows to programs. Both are compared from one
runtime to another, since what a new runtime needs more is a regression like any other: `runtimes` says that it is one.
What a file answers and how many bytes it has belong to it alone, but a score also to its data.
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Optional

from albert_edge.errors import DataError

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
_MEMORY = (("environment", "architecture"), ("rss_tokens",))
_ACCURACY = (("accuracy", "data_sha256"), ("accuracy", "task"), ("accuracy", "metric"), ("accuracy", "examples"), *_RUN)
_COST = (("cost", "tool"), ("cost", "tokens"), ("max_depth",))


def is_emulated(result: Result) -> bool:
    """Whether the result's times and memory are an emulator's on some machine, and so nothing about a board."""
    return bool(_at(result, ("device", "kind")) == "qemu")


def time_unlike(old: Result, new: Result) -> Optional[str]:
    """Of latencies."""
    return _first_difference(old, new, _TIME)


def memory_unlike(old: Result, new: Result) -> Optional[str]:
    """Of memory, resident and peak."""
    if is_emulated(new):
        return "emulated: the memory is qemu's"
    return _first_difference(old, new, _MEMORY)


def accuracy_unlike(old: Result, new: Result) -> Optional[str]:
    """Of the task's metric."""
    return _first_difference(old, new, _ACCURACY)


def cost_unlike(old: Result, new: Result) -> Optional[str]:
    """Of instructions.

    valgrind shows programs one and the same processor wherever an x86-64 one has AVX2, so its counts are compared from
    one model to another.
    """
    here = all(_at(side, ("cost", "tool")) == "callgrind" and _is_x86(side) for side in (old, new))
    return _first_difference(old, new, _COST if here else (*_COST, ("cost", "cpu")))


def runtimes(old: Result, new: Result) -> str:
    """In words that the runtimes differ, or nothing."""
    return "" if old["runtime"] == new["runtime"] else f"{new['runtime']}, before {old['runtime']}"


def _is_x86(result: Result) -> bool:
    return _at(result, ("environment", "architecture")) in ("x86_64", "AMD64")


def _first_difference(old: Result, new: Result, paths: Iterable[tuple[str, ...]]) -> Optional[str]:
    for path in paths:
        before, after = _at(old, path), _at(new, path)
        if before != after:
            return f"another {' '.join(path).replace('_', ' ')}: {after}, before {before}"
    return None


def _at(result: Result, path: tuple[str, ...]) -> Any:
    value: Any = result
    for key in path:
        if value is not None and key not in value:
            raise DataError(f"a result must say its {' '.join(path)}; received none")
        value = value[key] if value is not None else None
    return value

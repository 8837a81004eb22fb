"""Which file: the front of what can't be bettered in everything, and the one that a preference takes within the drop.

    latency    the fastest; files within 5 % of it count as equally fast, and of those the smallest
    size       the smallest; of those within 1 % of its bytes the fastest
    balanced   the least product of bytes and latency, each as a share of float32's

Latency is the mean over the texts, as a multiple of float32's in the same run, on the target that is slowest by it. Of
files that are still equal the one that loses less is taken, then the one that was tried first. Candidates that failed,
in whatever way, take no part.
"""

from __future__ import annotations

import dataclasses
from typing import Callable, Mapping, Optional, Sequence

from converters.optimization.rows import NOISE, Row

PREFERENCES = ("balanced", "latency", "size")

_ALIKE_BYTES = 0.01
_ROUNDING = 1e-9
"""Points: a drop of exactly the allowed one, as a difference of two shares, may be off by this."""


def judged(rows: Sequence[Row], max_drop: float) -> list[Row]:
    """`rows` with `allowed` and `on_front`."""
    files = [row for row in rows if _is_file(row)]
    return [
        dataclasses.replace(
            row,
            allowed=row in files and _drop(row) <= max_drop + _ROUNDING,
            on_front=row in files and not any(_betters(other, row) for other in files),
        )
        for row in rows
    ]


def chosen(rows: Sequence[Row], prefer: str) -> Optional[Row]:
    """Of the rows that are allowed the one that `prefer`, one of `PREFERENCES`, takes; None if there is none."""
    allowed = [row for row in rows if row.allowed]
    return _RULES[prefer](allowed) if allowed else None


def _is_file(row: Row) -> bool:
    return row.failed is None and row.drop is not None and row.file_bytes is not None and bool(row.timings)


def _drop(row: Row) -> float:
    assert row.drop is not None, "of files only"
    return row.drop


def _bytes(row: Row) -> int:
    assert row.file_bytes is not None, "of files only"
    return row.file_bytes


def _betters(other: Row, row: Row) -> bool:
    ours, theirs = ((_drop(each), _bytes(each), each.relative_latency) for each in (row, other))
    pairs = list(zip(theirs, ours))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def _fastest(rows: Sequence[Row]) -> Row:
    least = min(row.relative_latency for row in rows)
    alike = [row for row in rows if row.relative_latency <= least * (1 + NOISE)]
    return min(alike, key=lambda row: (_bytes(row), _drop(row)))


def _smallest(rows: Sequence[Row]) -> Row:
    least = min(map(_bytes, rows))
    alike = [row for row in rows if _bytes(row) <= least * (1 + _ALIKE_BYTES)]
    return min(alike, key=lambda row: (row.relative_latency, _drop(row)))


def _balanced(rows: Sequence[Row]) -> Row:
    # The bytes of float32 divide all products alike.
    return min(rows, key=lambda row: (_bytes(row) * row.relative_latency, _drop(row)))


_RULES: Mapping[str, Callable[[Sequence[Row]], Row]] = {
    "balanced": _balanced,
    "latency": _fastest,
    "size": _smallest,
}

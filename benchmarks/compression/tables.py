"""Markdown tables, and numbers as their cells have them."""

from typing import Any, Iterable, Mapping, Optional, Sequence


def table(title: str, header: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A heading and the table: a row's cells by their column; a row may lack some, and has no other ones.

    Raises `KeyError` for a cell without a column.
    """
    lines = [f"### {title}", "", _line(header), _line(["---"] * len(header))]
    for row in rows:
        unknown = set(row) - set(header)
        if unknown:
            raise KeyError(f"a cell must have a column of {', '.join(header)}; received {', '.join(sorted(unknown))}")
        lines.append(_line([row.get(column) for column in header]))
    return "\n".join(lines) + "\n"


def percent(share: float) -> str:
    """A share as `87.4 %`."""
    return f"{100 * share:.1f} %"


def points(value: float) -> str:
    """Points of accuracy, as `0.23`; never `-0.00`."""
    return f"{round(value, 2) + 0.0:.2f}"


def megabytes(size: int) -> str:
    """Bytes as millions of them."""
    return f"{size / 1e6:.2f}"


def ms(value: float) -> str:
    """Milliseconds, to three digits or more."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _line(cells: Sequence[Optional[Any]]) -> str:
    return f"| {' | '.join('' if cell is None else str(cell) for cell in cells)} |"

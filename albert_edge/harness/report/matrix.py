"""The confusion matrix as a table, and in words which labels are taken for which."""

from __future__ import annotations

import dataclasses
from typing import Optional

from albert_edge.harness.report.figures import Figure
from albert_edge.harness.report.series import Series

MOST_LABELS = 24
"""Of a table; of more labels only the commonest mistakes are told."""


@dataclasses.dataclass(frozen=True)
class Cell:
    """One number of the matrix."""

    count: Figure
    share: float
    """Of its row's examples."""
    is_right: bool


@dataclasses.dataclass(frozen=True)
class Matrix:
    """Rows: what was right; columns: what was answered."""

    labels: tuple[Figure, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def is_shown(self) -> bool:
        """Whether a table of it can be read."""
        return len(self.labels) <= MOST_LABELS


@dataclasses.dataclass(frozen=True)
class Confusion:
    """Examples of one label that were taken for another."""

    right: Figure
    answered: Figure
    count: Figure


def matrix_of(each: Series) -> Optional[Matrix]:
    """The confusion matrix of a result; None without one."""
    found = each.result.at("accuracy", "confusion")
    if not found:
        return None
    rows = []
    for number, row in enumerate(found.at("matrix").each()):
        total = sum(row.value) or 1
        rows.append(tuple(Cell(cell, cell.value / total, column == number) for column, cell in enumerate(row.each())))
    return Matrix(tuple(found.at("labels").each()), tuple(rows))


def confusions(matrix: Matrix, most: int = 4) -> list[Confusion]:
    """The commonest mistakes, the most frequent first."""
    found = [
        Confusion(matrix.labels[row], matrix.labels[column], cell.count)
        for row, cells in enumerate(matrix.rows)
        for column, cell in enumerate(cells)
        if not cell.is_right and cell.count.value
    ]
    return sorted(found, key=lambda each: -each.count.value)[:most]

"""Numbers predicted for texts: Pearson's and Spearman's correlation and the errors. numpy only.

Pearson (1895); Spearman (1904) as Pearson's of the ranks, equal values sharing the mean of their ranks, which is what
`scipy.stats.spearmanr` gives. Leaves out p-values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Sequence, Union

import numpy as np

from albert_edge.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = Union[Sequence[float], NDArray[Any]]


def regression_report(true: Numbers, predicted: Numbers) -> dict[str, Any]:
    """Score predicted numbers against the true ones, both float [N], N at least 1.

    Returns `examples` (N), `pearson`, `spearman` (each None where there is none, see `pearson`), `mse` and `mae` (mean
    squared and mean absolute error, in the numbers' own unit). Raises `DataError` if the lengths differ, there is no
    number or one is not finite.
    """
    right, found = checked_numbers(true, predicted)
    difference = found - right
    return {
        "examples": len(right),
        "pearson": pearson(right, found),
        "spearman": spearman(right, found),
        "mse": float(np.mean(difference**2)),
        "mae": float(np.mean(np.abs(difference))),
    }


def pearson(a: Numbers, b: Numbers) -> Optional[float]:
    """Pearson's correlation in [-1, 1] of float [N] with float [N].

    None if all numbers of one side are equal, as with a single example: the quotient is then 0 / 0, and any number in
    its place could be taken for a result (scipy gives NaN, which JSON doesn't have). Raises as `regression_report`.
    """
    first, second = checked_numbers(a, b)
    if any((side == side[0]).all() for side in (first, second)):
        return None
    first, second = (side - side.mean() for side in (first, second))
    # Each brought to length 1 before they are multiplied: squares of tiny or huge numbers leave float64's range.
    first, second = (side / np.abs(side).max() for side in (first, second))
    cosine = float((first / np.linalg.norm(first)) @ (second / np.linalg.norm(second)))
    return max(-1.0, min(1.0, cosine))


def spearman(a: Numbers, b: Numbers) -> Optional[float]:
    """Pearson's correlation of the ranks; None and errors as there."""
    first, second = checked_numbers(a, b)
    return pearson(average_ranks(first), average_ranks(second))


def average_ranks(values: Numbers) -> NDArray[np.float64]:
    """Ranks of float [N] from 1, the lowest first, float64 [N]; equal values share the mean of theirs."""
    _, group, counts = np.unique(np.asarray(values, np.float64), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2)[group]
    return ranks


def checked_numbers(true: Numbers, predicted: Numbers) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as float64 [N]; raises `DataError` as `regression_report` does."""
    right, found = np.asarray(true, np.float64), np.asarray(predicted, np.float64)
    if right.ndim != 1 or right.shape != found.shape or not right.size:
        raise DataError(
            f"numbers must be two lists of one length, at least 1; received the shapes {list(right.shape)} "
            f"and {list(found.shape)}"
        )
    for name, values in (("true", right), ("predicted", found)):
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            raise DataError(f"{name} numbers must be finite; received {values[bad[0]]} as number {bad[0]}")
    return right, found

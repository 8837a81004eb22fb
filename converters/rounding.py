"""How the matrices of an int8 file are rounded: so that what a layer gives changes least, not each weight on its own.

Follows GPTQ (Frantar et al. 2022, arXiv:2210.17323, algorithm 1): the columns of a matrix are rounded one after
another, and what one column's rounding changes in the layer's outputs is made up for by those that are left, as far as
the inputs of the layer, seen on calibration texts, allow. The rounded weights stay float32, on the very grid that
TensorFlow's converter chooses afterwards from a row's (or the matrix's) largest value; that value is never changed.
Leaves out matrices with more than `MAX_INPUTS` inputs, which are rounded as they come.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEVELS = 127
"""int8 without -128, as the runtimes' products take it."""

MIN_WEIGHTS = 1024
"""Smaller matrices stay float32 in the converter."""

MAX_INPUTS = 4096
"""The second moments of a layer's inputs are a matrix of this size."""

_DAMPING = 0.01
"""Of the inputs' mean square, added to each (the paper's section 3.3): what no text has shown may come all the same."""

_BLOCK = 128
"""Columns whose effect on those behind them is worked out at once (the paper's lazy batches)."""


def is_rounded(matrix: NDArray[np.float32]) -> bool:
    """Whether `matrix` [outputs, inputs] is one of those that `round_matrix` is for."""
    return matrix.size >= MIN_WEIGHTS and matrix.shape[1] <= MAX_INPUTS


def round_matrix(matrix: NDArray[np.float32], moments: NDArray[np.float32], per_row: bool) -> NDArray[np.float32]:
    """`matrix` [outputs, inputs] with every value on one of int8's levels.

    `moments`: sum of x x^T over inputs x of the layer, [inputs, inputs]; `per_row`: each row has a scale of its own,
    else the matrix has one.
    """
    largest = np.abs(matrix).max(axis=1 if per_row else None, keepdims=True)
    scales = np.broadcast_to(np.where(largest == 0, 1, largest) / LEVELS, (len(matrix), 1)).astype(np.float64)
    # Those that the converter finds the scale by.
    anchors = np.where(np.abs(matrix) == largest, np.sign(matrix) * LEVELS, 0.0)
    left, levels = matrix.astype(np.float64) / scales, np.empty(matrix.shape)
    factor = _inverse_factor(moments)
    for start in range(0, matrix.shape[1], _BLOCK):
        block = slice(start, min(start + _BLOCK, matrix.shape[1]))
        levels[:, block], errors = _round_block(left[:, block], anchors[:, block], factor[block, block])
        left[:, block.stop :] -= errors @ factor[block, block.stop :]
    return np.asarray(levels * scales, np.float32)


def _round_block(
    left: NDArray[np.float64], anchors: NDArray[np.float64], factor: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The levels of some columns, and the errors that the columns behind them have to make up for."""
    left, levels, errors = left.copy(), np.empty(left.shape), np.empty(left.shape)
    for column in range(left.shape[1]):
        rounded = np.clip(np.rint(left[:, column]), -LEVELS, LEVELS)
        levels[:, column] = np.where(anchors[:, column], anchors[:, column], rounded)
        errors[:, column] = (left[:, column] - levels[:, column]) / factor[column, column]
        left[:, column:] -= np.outer(errors[:, column], factor[column, column:])
    return levels, errors


def _inverse_factor(moments: NDArray[np.float32]) -> NDArray[np.float64]:
    """The upper Cholesky factor of the inverse of the damped moments."""
    wide = moments.astype(np.float64)
    # A layer that saw zeros only may be rounded in any way.
    wide += np.eye(len(wide)) * (_DAMPING * np.trace(wide) / len(wide) or 1.0)
    factor: NDArray[np.float64] = np.linalg.cholesky(np.linalg.inv(wide)).T
    return factor

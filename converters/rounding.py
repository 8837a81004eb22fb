"""How the matrices of an int8 or int4 file are rounded: so that what a layer gives changes least, not each weight.

Follows GPTQ (Frantar et al. 2022, arXiv:2210.17323): the columns of a matrix are rounded one after another, and what
the rounding of those before changed in the layer's outputs is made up for in the next one, as far as the inputs of the
layer, seen on calibration texts, allow. Written in the form of Chee et al. 2023 (arXiv:2307.13304, section 3: LDLQ,
their theorem 6 shows it to be the same), which needs one Cholesky factor and no inverse. The rounded weights stay
float32, on the very grid that a converter chooses afterwards from a row's (or the matrix's) largest value, which is
therefore always at the last level. Weights that lie on that grid already, as quantization-aware training leaves them,
come back bit by bit; zeros of a pruned matrix stay zeros, as in SparseGPT (Frantar and Alistarh 2023,
arXiv:2301.00774). Leaves out matrices with more than `MAX_INPUTS` inputs, which are rounded as they come.
"""

from __future__ import annotations

from typing import Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.config import SMALL_PRODUCT

FloatArray = NDArray[np.float32]

LEVELS = {"int8": 127, "int4": 7}
"""Precision -> its largest level: int8 without -128 and int4 without -8, so that a grid is symmetric."""

MAX_INPUTS = 4096
"""The second moments of a layer's inputs are a matrix of this size."""

PRUNED_SHARE = 0.05
"""A matrix with more exact zeros than this was pruned; chance makes none."""

_DAMPING = 0.01
"""Of the inputs' mean square, added to each (GPTQ, section 3.3): what no text has shown may come all the same."""

_BLOCK = 128
"""Columns for which the effect of all those before them is worked out at once (GPTQ's lazy batches)."""

_CLIPS = np.linspace(1.0, 0.5, 26, dtype=np.float32)
"""Of a row's largest value, as the end of a grid of few levels: a coarse grid gains more in the middle than it loses at
the ends. Of 127 levels the largest value is the best end."""

_ON_GRID = 1e-3
"""Of a step; float32 leaves 1e-5 of int8's."""


def is_rounded(matrix: FloatArray) -> bool:
    """Whether `matrix` [outputs, inputs] is one of those that `round_matrices` is for."""
    return matrix.size >= SMALL_PRODUCT and matrix.shape[1] <= MAX_INPUTS


def round_matrices(
    matrices: Sequence[FloatArray], moments: FloatArray, per_row: bool, levels: int = LEVELS["int8"]
) -> list[FloatArray]:
    """`matrices`, float32 [outputs, inputs], of layers with the same inputs, every value on one of the grid's levels.

    `moments`: sum of x x^T over these inputs x, float32 [inputs, inputs]; `per_row`: each row has a scale of its own,
    else each matrix has one; `levels`: the largest level.
    """
    feedback = _feedback(moments)
    return [_round_matrix(matrix, feedback, grid_scales(matrix, per_row, levels), levels) for matrix in matrices]


def grid_scales(matrix: FloatArray, per_row: bool, levels: int) -> FloatArray:
    """The step of each row's grid, float32 [outputs, 1]."""
    steps = grid_ends(matrix, per_row, levels) / np.float32(levels)
    return np.broadcast_to(steps, (len(matrix), 1))


def grid_ends(matrix: FloatArray, per_row: bool, levels: int) -> FloatArray:
    """Where each row's grid ends, float32 [outputs, 1], or the matrix's, [1, 1]: at the largest value, or of few levels
    where the squared error is least."""
    largest = np.abs(matrix).max(axis=1 if per_row else None, keepdims=True)
    # The padding's row is zeros.
    ends = np.where(largest == 0, np.float32(1), largest)
    if levels < LEVELS["int8"]:
        steps = [ends * clip / np.float32(levels) for clip in _CLIPS]
        errors = np.stack([_squared_errors(matrix, step, per_row, levels) for step in steps])
        ends = ends * _CLIPS[errors.argmin(axis=0)]
    return ends


def _squared_errors(matrix: FloatArray, scales: FloatArray, per_row: bool, levels: int) -> NDArray[np.float64]:
    """Of the nearest levels, summed over each row, [outputs, 1], or over the matrix, [1, 1]."""
    steps = matrix / scales
    errors = (steps - np.clip(np.rint(steps), -levels, levels)) * scales
    squares = np.square(errors, dtype=np.float64)
    return np.asarray(squares.sum(axis=1 if per_row else None, keepdims=True))


def _feedback(moments: FloatArray) -> FloatArray:
    """How much of the error in column j (row) column k > j (column) makes up for: U of moments = U D U^T, float32.

    U is upper triangular with ones on its diagonal; the moments are damped before.
    """
    wide = moments.astype(np.float64)
    # A layer that saw zeros only may be rounded in any way.
    wide += np.eye(len(wide)) * (_DAMPING * np.trace(wide) / len(wide) or 1.0)
    # numpy's factor is a lower one; that of the axes backwards is an upper one of the axes forwards.
    upper = np.linalg.cholesky(wide[::-1, ::-1])[::-1, ::-1]
    return np.asarray(upper / np.diag(upper), np.float32, order="C")


def _round_matrix(matrix: FloatArray, feedback: FloatArray, scales: FloatArray, levels: int) -> FloatArray:
    """One matrix of `round_matrices`."""
    # An input a row from here on, so that what is read together lies together.
    exact = np.ascontiguousarray((matrix / scales).T)
    fixed, values = _fixed_levels(matrix, scales, levels)
    found, errors = np.empty_like(exact), np.empty_like(exact)
    for start in range(0, len(exact), _BLOCK):
        block = slice(start, start + _BLOCK)
        wanted = exact[block] + feedback[:start, block].T @ errors[:start]
        for row, (is_fixed, value, column) in enumerate(zip(fixed[block], values[block], wanted), start):
            column += feedback[start:row, row] @ errors[start:row]
            found[row] = np.where(is_fixed, value, np.clip(np.rint(column), -levels, levels))
            errors[row] = exact[row] - found[row]
    on_grid = np.abs(exact - np.rint(exact)).max(axis=0)[:, np.newaxis] < _ON_GRID
    return np.ascontiguousarray(np.where(on_grid, matrix, found.T * scales))


def _fixed_levels(matrix: FloatArray, scales: FloatArray, levels: int) -> tuple[NDArray[np.bool_], FloatArray]:
    """Which levels are settled beforehand, and what they are, both [inputs, outputs]."""
    # The converter finds the scale by the largest values.
    largest = np.abs(matrix / scales)
    ends = largest >= largest.max(axis=1, keepdims=True)
    ends &= largest >= np.float32(levels) * np.float32(1 - 1e-6)
    values = np.where(ends, np.sign(matrix) * np.float32(levels), np.float32(0)).T
    fixed = ends
    if np.count_nonzero(matrix == 0) > PRUNED_SHARE * matrix.size:
        fixed = fixed | (matrix == 0)
    return fixed.T, values

"""How the matrices of an int8 file are rounded: so that what a layer gives changes least, not each weight on its own.

Follows GPTQ (Frantar et al. 2022, arXiv:2210.17323): the columns of a matrix are rounded one after another, and what
the rounding of those before changed in the layer's outputs is made up for in the next one, as far as the inputs of the
layer, seen on calibration texts, allow. Written in the form of Chee et al. 2023 (arXiv:2307.13304, section 3: LDLQ,
their theorem 6 shows it to be the same), which needs one Cholesky factor and no inverse. The rounded weights stay
float32, on the very grid that TensorFlow's converter chooses afterwards from a row's (or the matrix's) largest value;
that value is never changed. Leaves out matrices with more than `MAX_INPUTS` inputs, which are rounded as they come.
"""

from __future__ import annotations

from typing import Sequence

import numpy as np
from numpy.typing import NDArray

from converters.flatbuffer import MIN_INT8_WEIGHTS

FloatArray = NDArray[np.float32]

LEVELS = 127
"""int8 without -128, as the runtimes' products take it."""

MAX_INPUTS = 4096
"""The second moments of a layer's inputs are a matrix of this size."""

_DAMPING = 0.01
"""Of the inputs' mean square, added to each (GPTQ, section 3.3): what no text has shown may come all the same."""

_BLOCK = 128
"""Columns for which the effect of all those before them is worked out at once (GPTQ's lazy batches)."""


def is_rounded(matrix: FloatArray) -> bool:
    """Whether `matrix` [outputs, inputs] is one of those that `round_matrices` is for."""
    return matrix.size >= MIN_INT8_WEIGHTS and matrix.shape[1] <= MAX_INPUTS


def round_matrices(matrices: Sequence[FloatArray], moments: FloatArray, per_row: bool) -> list[FloatArray]:
    """`matrices`, float32 [outputs, inputs], of layers with the same inputs, every value on one of int8's levels.

    `moments`: sum of x x^T over these inputs x, float32 [inputs, inputs]; `per_row`: each row has a scale of its own,
    else each matrix has one.
    """
    feedback = _feedback(moments)
    return [_round_matrix(matrix, feedback, per_row) for matrix in matrices]


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


def _round_matrix(matrix: FloatArray, feedback: FloatArray, per_row: bool) -> FloatArray:
    """One matrix of `round_matrices`."""
    largest = np.abs(matrix).max(axis=1 if per_row else None, keepdims=True)
    scales = np.broadcast_to(np.where(largest == 0, np.float32(1), largest) / np.float32(LEVELS), (len(matrix), 1))
    # An input a row from here on, so that what is read together lies together.
    exact = np.ascontiguousarray((matrix / scales).T)
    # The converter finds the scale by these.
    anchors = np.where(np.abs(matrix) == largest, np.sign(matrix) * np.float32(LEVELS), np.float32(0)).T
    levels, errors = np.empty_like(exact), np.empty_like(exact)
    for start in range(0, len(exact), _BLOCK):
        block = slice(start, start + _BLOCK)
        wanted = exact[block] + feedback[:start, block].T @ errors[:start]
        for row, (anchor, column) in enumerate(zip(anchors[block], wanted), start):
            column += feedback[start:row, row] @ errors[start:row]
            levels[row] = np.where(anchor, anchor, np.clip(np.rint(column), -LEVELS, LEVELS))
            errors[row] = exact[row] - levels[row]
    return np.ascontiguousarray(levels.T * scales)

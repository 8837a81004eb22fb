"""GPTQ's rounding: by hand where a matrix is small enough, and against rounding each weight on its own."""

import numpy as np
import pytest

from converters.rounding import LEVELS, is_rounded, round_matrices

GENERATOR = np.random.default_rng(5)


def round_matrix(matrix: np.ndarray, moments: np.ndarray, per_row: bool) -> np.ndarray:
    (rounded,) = round_matrices([matrix], moments, per_row)
    return rounded


def nearest(matrix: np.ndarray, per_row: bool) -> np.ndarray:
    scale = np.abs(matrix).max(axis=1 if per_row else None, keepdims=True) / LEVELS
    return np.rint(matrix / scale) * scale


def correlated_inputs(count: int, width: int) -> np.ndarray:
    """What layers get: a few directions explain most of it."""
    directions = GENERATOR.normal(size=(6, width))
    rows = GENERATOR.normal(size=(count, 6)) @ directions + 0.1 * GENERATOR.normal(size=(count, width))
    return rows.astype(np.float32)


@pytest.mark.parametrize("per_row", [True, False])
@pytest.mark.parametrize("width", [48, 300])
def test_a_layers_outputs_change_less_than_with_the_nearest_levels(per_row: bool, width: int):
    matrix = GENERATOR.normal(size=(40, width)).astype(np.float32)
    inputs = correlated_inputs(2500, width)
    seen, others = inputs[:2000], inputs[2000:]
    rounded = round_matrix(matrix, seen.T @ seen, per_row)
    for rows in (seen, others):
        error, plain = (np.abs(rows @ (each - matrix).T).mean() for each in (rounded, nearest(matrix, per_row)))
        assert error < 0.35 * plain


@pytest.mark.parametrize("per_row", [True, False])
def test_rounding_again_from_the_largest_value_changes_nothing(per_row: bool):
    """TensorFlow's converter finds the scale by the largest value: it must find the same levels."""
    matrix = GENERATOR.normal(size=(40, 64)).astype(np.float32)
    inputs = correlated_inputs(1000, 64)
    rounded = round_matrix(matrix, inputs.T @ inputs, per_row)
    scale = np.abs(matrix).max(axis=1 if per_row else None, keepdims=True) / LEVELS
    np.testing.assert_array_equal(np.rint(rounded / scale), np.rint(nearest(rounded, per_row) / scale))
    assert np.abs(rounded / scale).max() == pytest.approx(LEVELS)
    assert np.abs(rounded / scale - np.rint(rounded / scale)).max() < 1e-4


def test_inputs_without_correlation_get_the_nearest_levels():
    matrix = GENERATOR.normal(size=(40, 64)).astype(np.float32)
    for moments in (np.eye(64, dtype=np.float32), np.zeros((64, 64), np.float32)):
        np.testing.assert_allclose(round_matrix(matrix, moments, True), nearest(matrix, True), atol=1e-6)


def test_two_equal_columns_make_up_for_each_other():
    """By hand: x1 = x2 always, so only w1 + w2 counts. 1.4 and 1.4 levels are 2.8: 1 and then 2, not 1 and 1."""
    matrix = np.array([[LEVELS, 1.4, 1.4]], np.float32)
    moments = np.array([[1, 0, 0], [0, 1, 1], [0, 1, 1]], np.float32)
    rounded = round_matrix(matrix, moments, True)
    np.testing.assert_allclose(rounded, [[LEVELS, 1, 2]], rtol=1e-6)


def test_a_row_of_zeros_stays_one():
    matrix = GENERATOR.normal(size=(3, 8)).astype(np.float32)
    matrix[1] = 0
    assert (round_matrix(matrix, np.eye(8, dtype=np.float32), True)[1] == 0).all()


@pytest.mark.parametrize(("shape", "expected"), [((63, 130), False), ((64, 128), True), ((4, 4097), False)])
def test_small_and_wide_matrices_are_left(shape: tuple[int, int], expected: bool):
    assert is_rounded(np.zeros(shape, np.float32)) is expected

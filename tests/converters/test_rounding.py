"""GPTQ's rounding: by hand where a matrix is small enough, and against rounding each weight on its own."""

import numpy as np
import pytest

from converters.rounding import LEVELS as ALL_LEVELS
from converters.rounding import grid_ends, is_rounded, round_matrices

LEVELS = ALL_LEVELS["int8"]

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


# === Four bits, pruned weights, weights on the grid ===


def test_four_bits_change_the_outputs_less_than_the_nearest_levels_do():
    matrix = GENERATOR.normal(size=(40, 64)).astype(np.float32)
    inputs = correlated_inputs(2000, 64)
    (rounded,) = round_matrices([matrix], inputs.T @ inputs, True, 7)
    scale = np.abs(matrix).max(axis=1, keepdims=True) / 7
    plain = np.rint(matrix / scale) * scale
    error, other = (np.abs(inputs @ (each - matrix).T).mean() for each in (rounded, plain))
    assert error < 0.35 * other


def test_four_bits_are_found_again_by_the_largest_value():
    """The quantizer takes a row's largest value for the seventh level, though the grid may end before the weights."""
    matrix = GENERATOR.normal(size=(40, 256)).astype(np.float32)
    (rounded,) = round_matrices([matrix], np.eye(256, dtype=np.float32), True, 7)
    levels = rounded / (np.abs(rounded).max(axis=1, keepdims=True) / 7)
    assert np.abs(levels - np.rint(levels)).max() < 1e-4
    # Of 256 normal values the largest is at about 2.8 deviations, and the best end for seven levels before that.
    assert np.abs(rounded).max() < np.abs(matrix).max()


def test_ends_of_few_levels_have_less_error_than_the_largest_value():
    matrix = np.append(np.linspace(-1, 1, 101), 1.6).astype(np.float32)[np.newaxis]
    end = float(grid_ends(matrix, True, 7)[0, 0])

    def error(end: float) -> float:
        return float(np.square(np.clip(np.rint(matrix * 7 / end), -7, 7) * end / 7 - matrix).sum())

    assert end < 1.6
    assert error(end) < error(1.6)
    assert float(grid_ends(matrix, True, LEVELS)[0, 0]) == pytest.approx(1.6)


@pytest.mark.parametrize("levels", ALL_LEVELS.values(), ids=ALL_LEVELS)
def test_zeros_of_a_pruned_matrix_stay_and_others_make_up_for_them(levels: int):
    matrix = GENERATOR.normal(size=(40, 64)).astype(np.float32)
    inputs = correlated_inputs(1000, 64)
    pruned = np.where(GENERATOR.random(matrix.shape) < 0.5, np.float32(0), matrix)
    (rounded,) = round_matrices([pruned], inputs.T @ inputs, True, levels)
    assert (rounded[pruned == 0] == 0).all()


def test_a_few_zeros_are_weights_like_any_other():
    """By hand: x1 = x2 = x3. Of 1.4, 1.4 and 0 levels only the sum counts: 2.8, which 3 is nearest to."""
    matrix = np.concatenate([np.array([[LEVELS, 1.4, 1.4, 0]]), np.ones((1, 28))], axis=1).astype(np.float32)
    moments = np.eye(32, dtype=np.float32)
    moments[1:4, 1:4] = 1
    (rounded,) = round_matrices([matrix], moments, True)
    np.testing.assert_allclose(rounded[0, :4].sum(), LEVELS + 3, rtol=1e-6)
    (pruned,) = round_matrices([np.where(matrix == 1, np.float32(0), matrix)], moments, True)
    assert (pruned[0, 3:] == 0).all()


@pytest.mark.parametrize("levels", ALL_LEVELS.values(), ids=ALL_LEVELS)
def test_weights_on_the_grid_come_back_bit_by_bit(levels: int):
    """As a model after quantization-aware training has them."""
    integers = GENERATOR.integers(-levels, levels + 1, (40, 64)).astype(np.float32)
    integers[:, 0] = levels
    matrix = integers * GENERATOR.uniform(0.01, 0.1, (40, 1)).astype(np.float32)
    inputs = correlated_inputs(1000, 64)
    (rounded,) = round_matrices([matrix], inputs.T @ inputs, True, levels)
    np.testing.assert_array_equal(rounded, matrix)
    # Half a step beside the grid is not on it.
    (moved,) = round_matrices([matrix + 0.4 * matrix[:, :1] / levels], inputs.T @ inputs, True, levels)
    assert (moved != matrix + 0.4 * matrix[:, :1] / levels).any()

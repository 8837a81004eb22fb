"""Histograms that add up exactly, and ranges with the least error: by hand, and against trying every pair of ends."""

import numpy as np
import pytest

from albert_edge.errors import ConfigError, DataError
from converters.calibration.histogram import HALF, Histogram, pooled
from converters.calibration.ranges import (
    Range,
    choose_range,
    full_range,
    grid,
    mean_squared_error,
    rounded,
)

GENERATOR = np.random.default_rng(3)


def histogram_of(values: np.ndarray) -> Histogram:
    histogram = Histogram()
    histogram.add(values.astype(np.float32))
    return histogram


def error_of(values: np.ndarray, low: float, high: float, levels: int = 256) -> float:
    """Mean squared error of the affine grid from `low` to `high`, written anew: zero is one of its levels."""
    step = (high - low) / (levels - 1)
    first = np.round(low / step)
    integers = np.minimum(np.maximum(np.round(values / step), first), first + levels - 1)
    return float(np.mean((integers * step - values) ** 2))


def test_a_histogram_by_hand():
    histogram = histogram_of(np.array([-1.0, 0.25, 0.25, 1.5]))
    assert (histogram.exponent, histogram.minimum, histogram.maximum) == (1, -1.0, 1.5)
    width = 2.0 / HALF
    assert {int(index): int(histogram.counts[index]) for index in np.flatnonzero(histogram.counts)} == {
        int(-1.0 / width) + HALF: 1,
        int(0.25 / width) + HALF: 2,
        int(1.5 / width) + HALF: 1,
    }


def test_histograms_of_any_widths_add_up_to_that_of_all_values():
    parts = [GENERATOR.normal(size=500) * scale for scale in (1e-3, 40.0, 1.0)]
    total, together = pooled(map(histogram_of, parts)), histogram_of(np.concatenate(parts))
    np.testing.assert_array_equal(total.counts, together.counts)
    assert (total.minimum, total.maximum, total.exponent) == (together.minimum, together.maximum, together.exponent)


def test_an_activation_that_is_not_finite_is_refused():
    with pytest.raises(DataError, match="an activation must be finite; received values from"):
        histogram_of(np.array([1.0, np.inf]))


def test_grids_by_hand():
    assert grid(Range(-1.0, 1.55), 8) == (pytest.approx(0.01), -28, -128, 127)
    assert grid(Range(0.0, 2.55), 8)[:2] == (pytest.approx(0.01), -128)
    assert grid(Range(-0.5, 3.2767), 16)[:2] == (pytest.approx(1e-4), 0)
    np.testing.assert_allclose(rounded(np.array([-3.0, 0.0, 0.014, 9.0]), Range(-1.0, 1.55), 8), [-1, 0, 0.01, 1.55])


@pytest.mark.parametrize(
    "values",
    [
        GENERATOR.normal(size=4000),
        GENERATOR.standard_t(2, size=4000),
        np.concatenate([GENERATOR.normal(size=4000), [60.0]]),
        np.maximum(GENERATOR.normal(size=4000), 0) * 3,
    ],
    ids=["normal", "heavy tails", "one outlier", "one-sided"],
)
def test_no_pair_of_ends_is_much_better(values: np.ndarray):
    chosen = choose_range(histogram_of(values), 8)
    least = min(
        error_of(values, values.min() * a if values.min() < 0 else 0.0, values.max() * b)
        for a in np.linspace(0.02, 1, 50)
        for b in np.linspace(0.02, 1, 50)
    )
    assert error_of(values, *chosen) <= 1.05 * least


def test_heavy_tails_lose_less_than_from_minimum_to_maximum():
    """Least error over all values for one, the many small values for the other."""
    values = GENERATOR.standard_t(3, size=40000)
    histogram, bulk = histogram_of(values), values[np.abs(values) < 4]
    whole, by_error = full_range(histogram), choose_range(histogram, 8)
    assert mean_squared_error(histogram, by_error, 8) < 0.95 * mean_squared_error(histogram, whole, 8)
    by_percentile = choose_range(histogram, 8, "percentile")
    errors = [np.mean((rounded(bulk, limits, 8) - bulk) ** 2) for limits in (by_percentile, whole)]
    assert errors[0] < 0.7 * errors[1]


def test_sixteen_bits_are_symmetric():
    low, high = choose_range(histogram_of(GENERATOR.normal(size=1000) + 1), 16)
    assert low == -high


def test_another_method_and_no_values_are_refused():
    with pytest.raises(ConfigError, match="one of mse, percentile; received 'max'"):
        choose_range(histogram_of(np.ones(3)), 8, "max")
    with pytest.raises(DataError, match="a range needs observed values; received none"):
        choose_range(Histogram(), 8)

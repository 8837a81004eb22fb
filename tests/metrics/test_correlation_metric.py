"""Correlations against scipy and by hand."""

import json
import math

import numpy as np
import pytest

from albert_edge.errors import DataError
from albert_edge.metrics import pearson, regression_report, spearman
from albert_edge.metrics.correlation import average_ranks


@pytest.mark.parametrize("seed", range(12))
def test_equal_to_scipy(seed):
    stats = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(seed)
    a = random.normal(size=50) * 10.0 ** random.integers(-8, 8)
    # Rounded, so that many values are equal.
    b = np.round(a / np.abs(a).max() * 3 + random.normal(size=50), int(seed % 3))
    assert pearson(a, b) == pytest.approx(stats.pearsonr(a, b)[0], abs=1e-12)
    assert spearman(a, b) == pytest.approx(stats.spearmanr(a, b)[0], abs=1e-12)
    assert average_ranks(b).tolist() == stats.rankdata(b).tolist()
    report = regression_report(a, b)
    assert report["mse"] == pytest.approx(np.mean((a - b) ** 2))
    assert report["mae"] == pytest.approx(np.mean(np.abs(a - b)))
    assert (report["pearson"], report["spearman"]) == (pearson(a, b), spearman(a, b))


def test_example_worked_by_hand():
    # Deviations (-1, 0, 1) and (-1, 1, 0): 1 / sqrt(2 * 2).
    assert pearson([1, 2, 3], [0, 2, 1]) == pytest.approx(0.5)
    # Ranks 1, 2.5, 2.5, 4 with 1, 2, 3, 4: deviations -1.5, 0, 0, 1.5 and -1.5, -0.5, 0.5, 1.5.
    assert spearman([0, 5, 5, 9], [1, 2, 3, 4]) == pytest.approx(4.5 / math.sqrt(4.5 * 5))
    assert average_ranks([3, 1, 3, 2]).tolist() == [3.5, 1, 3.5, 2]


def test_a_curve_keeps_its_order():
    a = [1.0, 2.0, 3.0, 4.0]
    assert spearman(a, [math.exp(x) for x in a]) == 1.0
    assert pearson(a, [math.exp(x) for x in a]) < 1.0


@pytest.mark.parametrize(("a", "b"), [([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [0.1] * 3), ([1], [2])])
def test_equal_numbers_have_no_correlation(a, b):
    """Not NaN, which JSON lacks, and not a number either, which would pass for one."""
    report = regression_report(a, b)
    assert report["pearson"] is None
    assert report["spearman"] is None
    assert json.loads(json.dumps(report)) == report


def test_tiny_and_huge_numbers():
    assert pearson([1e-200, 2e-200, 4e-200], [1e200, 2e200, 4e200]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([1, 2], [1], "two lists of one length, at least 1; received the shapes [2] and [1]"),
        ([], [], "received the shapes [0] and [0]"),
        ([[1]], [[1]], "received the shapes [1, 1] and [1, 1]"),
        ([1, math.nan], [1, 2], "true numbers must be finite; received nan as number 1"),
        ([1, 2], [math.inf, 2], "predicted numbers must be finite; received inf as number 0"),
    ],
)
def test_wrong_input_is_refused(a, b, message):
    with pytest.raises(DataError) as error:
        regression_report(a, b)
    assert message in str(error.value)

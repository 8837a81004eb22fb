"""The intervals, against R's printed examples, against simulation, and what is read off them."""

import math

import numpy as np
import pytest
from scipy import stats

from albert_edge.harness.gate.statistics import (
    ERROR,
    LOOKS,
    Interval,
    mcnemar,
    paired_ratio,
    unpaired_ratio,
    verdict_of,
)

# Hollander and Wolfe (1973): depression scale factor, 29f., and permeability of a membrane, 69f.; R's help of
# wilcox.test has them.
FIRST = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
SECOND = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
PREGNANT = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
AT_TERM = [1.15, 0.88, 0.90, 0.74, 1.21]


def test_pairs_of_the_book():
    """The statistic is 40 of 45 and p 0.01953 one-sided: an error of 4 % excludes 0, one of 3.9 % doesn't."""
    assert stats.wilcoxon(FIRST, SECOND, alternative="greater").pvalue == pytest.approx(0.01953, abs=5e-6)
    assert paired_ratio(np.exp(FIRST), np.exp(SECOND), 0.040).low > 1
    assert paired_ratio(np.exp(FIRST), np.exp(SECOND), 0.039).low < 1
    # Hodges and Lehmann's estimate of these pairs is 0.46.
    assert math.log(paired_ratio(np.exp(FIRST), np.exp(SECOND), 0.05).ratio) == pytest.approx(0.46, abs=5e-3)


def test_samples_of_the_book():
    """W is 35 and p 0.1272 one-sided."""
    assert stats.mannwhitneyu(PREGNANT, AT_TERM, alternative="greater").pvalue == pytest.approx(0.1272, abs=5e-5)
    assert unpaired_ratio(np.exp(PREGNANT), np.exp(AT_TERM), 0.256).low > 1
    assert unpaired_ratio(np.exp(PREGNANT), np.exp(AT_TERM), 0.254).low < 1
    assert math.log(unpaired_ratio(np.exp(PREGNANT), np.exp(AT_TERM), 0.05).ratio) == pytest.approx(0.305, abs=5e-4)


def test_five_values_a_side_by_hand():
    """One of 252 orders has all of one side above the other: the interval ends at the outermost ratios."""
    interval = unpaired_ratio([11, 12, 13, 14, 15], [1, 2, 3, 4, 5], ERROR)
    assert (interval.low, interval.high) == pytest.approx((11 / 5, 15 / 1))


def test_too_few_values_say_nothing():
    for interval in (paired_ratio([2.0] * 5, [1.0] * 5, ERROR), unpaired_ratio([2, 3], [1, 1.5], ERROR)):
        assert (interval.low, interval.high) == (0.0, math.inf)
        assert verdict_of(interval, 0.05) == "inconclusive"


def test_equal_values_have_one_ratio():
    assert paired_ratio([3.0] * 12, [2.0] * 12, ERROR) == pytest.approx((1.5, 1.5, 1.5))
    assert unpaired_ratio([3.0] * 12, [2.0] * 12, ERROR) == pytest.approx((1.5, 1.5, 1.5))


def test_the_first_look_has_enough_passes():
    assert 0.5 ** LOOKS[0] <= ERROR / len(LOOKS) / 2
    assert 0.5 ** (LOOKS[0] - 1) > ERROR / len(LOOKS) / 2


@pytest.mark.parametrize("method", [paired_ratio, unpaired_ratio])
def test_the_interval_holds_the_true_ratio_as_often_as_it_says(method):
    """Outliers, as on a busy machine: one value in ten three times as large."""
    generator = np.random.default_rng(3)
    missed = 0
    for _ in range(60):
        new, old = generator.lognormal(0, 0.05, (2, 10)) * np.where(generator.random((2, 10)) < 0.1, 3, 1)
        interval = method(1.2 * new, old, 0.2)
        missed += not interval.low <= 1.2 <= interval.high
    # 12 are expected at most; 25 and more have a chance below 0.0002.
    assert 2 <= missed < 25


def test_a_machine_twice_as_slow_for_half_of_the_time_changes_no_pair():
    generator = np.random.default_rng(4)
    slow = np.where(np.arange(14) < 7, 2.0, 1.0)
    new, old = (slow * generator.lognormal(0, 0.02, 14) for _ in range(2))
    assert verdict_of(paired_ratio(new, old, ERROR / 4), 0.05) == "same"


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ((1.051, 1.1, 1.2), "worse"),
        ((1.049, 1.1, 1.2), "inconclusive"),
        ((0.96, 1.0, 1.05), "same"),
        ((0.94, 1.0, 1.04), "inconclusive"),
        ((0.5, 0.8, 0.95), "better"),
        ((0.5, 0.8, 0.96), "inconclusive"),
        ((0.5, 1.0, 2.0), "inconclusive"),
    ],
)
def test_verdicts(interval, verdict):
    assert verdict_of(Interval(*interval), 0.05) == verdict


def test_widening_leaves_the_ratio():
    assert Interval(0.9, 1.0, 1.1).widened(1.1) == pytest.approx((0.9 / 1.1, 1.0, 1.21))


def test_mcnemar_by_hand():
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(0, 4) == pytest.approx(1 / 16)
    assert mcnemar(1, 4) == pytest.approx(6 / 32)

"""The tests behind `better`, `same`, `worse` and `inconclusive`: rank tests, turned into intervals of a ratio.

What is compared is one estimate a pass (the median of its rounds), never the single runs. The runs of one pass share
their memory layout and the machine's mood, so that a thousand of them say little more than one, and a test on them
calls chance significant: T. Kalibera and R. Jones, "Rigorous benchmarking in reasonable time" (ISMM 2013), repeat at
the highest level that varies; T. Mytkowicz et al., "Producing wrong data without doing anything obviously wrong!"
(ASPLOS 2009), show layout alone worth several per cent.

Times have no normal distribution, and one pass in ten of a busy machine lies far out. So the interval is that of
Hodges and Lehmann (1963): the shifts that a rank test doesn't refuse, Wilcoxon's signed ranks for pairs and Mann and
Whitney's for two samples (M. Hollander, D. Wolfe, E. Chicken, "Nonparametric Statistical Methods", sections 3.3 and
4.3). Few passes are no trouble: the tests are exact. Everything is in logarithms, so that a ratio and its inverse
weigh alike.

The verdict is read off the interval and a tolerance, not off a p-value alone, since with enough runs any two files
differ: wholly beyond the tolerance is `worse` or `better`, wholly within is `same` (D. Schuirmann's two one-sided
tests, 1987), anything else `inconclusive`. Looking several times, after 10 passes, 14 and so on, costs confidence: the
error is shared out over the looks (Bonferroni).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Sequence

from albert_edge.errors import RuntimeUnavailableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

ERROR = 0.01
"""Of a metric in a gate: how often its interval misses the true ratio, over all looks and both ends."""

LOOKS = (10, 14, 20, 28)
"""Passes after which the interval is looked at. Ten are the fewest that an error of a quarter of `ERROR` allows."""


class Interval(NamedTuple):
    """A ratio, and the ends between which the true one lies with the confidence asked for."""

    low: float
    ratio: float
    high: float

    def widened(self, factor: float) -> Interval:
        """With both ends further out by `factor`, at least 1."""
        return Interval(self.low / factor, self.ratio, self.high * factor)


def verdict_of(interval: Interval, tolerance: float) -> str:
    """Of a metric that is better when smaller: `worse`, `better`, `same` or `inconclusive`.

    `tolerance` is a share: 0.05 lets the ratio be from 1/1.05 to 1.05.
    """
    largest = 1 + tolerance
    if interval.low > largest:
        return "worse"
    if interval.high < 1 / largest:
        return "better"
    if 1 / largest <= interval.low and interval.high <= largest:
        return "same"
    return "inconclusive"


def paired_ratio(new: Sequence[float], old: Sequence[float], error: float) -> Interval:
    """How many times as large `new` is as `old`, positive values of which those with one index belong together."""
    import numpy as np

    stats = _scipy_stats()
    differences = np.log(np.asarray(new, float)) - np.log(np.asarray(old, float))

    def chance(shift: float, alternative: str) -> float:
        return float(stats.wilcoxon(differences - shift, alternative=alternative).pvalue)

    count = len(differences)
    rows, columns = np.triu_indices(count)
    averages = (differences[rows] + differences[columns]) / 2
    return _interval(averages, chance, error, 0.5**count)


def unpaired_ratio(new: Sequence[float], old: Sequence[float], error: float) -> Interval:
    """The same of two samples of positive values that have nothing to do with each other."""
    import numpy as np

    stats = _scipy_stats()
    first, second = np.log(np.asarray(new, float)), np.log(np.asarray(old, float))

    def chance(shift: float, alternative: str) -> float:
        return float(stats.mannwhitneyu(first - shift, second, alternative=alternative, method="exact").pvalue)

    differences = np.subtract.outer(first, second).ravel()
    return _interval(differences, chance, error, 1 / math.comb(len(first) + len(second), len(first)))


def _interval(shifts: NDArray[Any], chance: Callable[[float, str], float], error: float, least: float) -> Interval:
    """Between the first and the last of `shifts`, all that can be its ends, that a test at `error` doesn't refuse.

    `chance` is the p-value of "larger by more than this shift" (`greater`), which grows with the shift, or of the
    opposite (`less`); `least` is the smallest that there can be: above half of `error` nothing can be refused and the
    interval has no ends.
    """
    import numpy as np

    ends = np.unique(shifts)
    ratio = float(np.exp(np.median(shifts)))
    if least > error / 2:
        return Interval(0.0, ratio, math.inf)
    # Between two possible ends the p-value is constant, and there no difference is zero, which rank tests dislike.
    between = (ends[:-1] + ends[1:]) / 2
    low = _first(between, lambda shift: chance(shift, "greater") > error / 2)
    high = _first(between, lambda shift: chance(shift, "less") <= error / 2)
    return Interval(float(np.exp(ends[low])), ratio, float(np.exp(ends[high])))


def _first(places: NDArray[Any], holds: Callable[[float], bool]) -> int:
    """The first index of `places` from which on `holds`; their number if it never does."""
    low, high = 0, len(places)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(float(places[middle])) else (middle + 1, high)
    return low


def mcnemar(only_new: int, only_old: int) -> float:
    """How often chance alone gives at least such a loss: the exact one-sided test of Q. McNemar (1947).

    `only_new` and `only_old` count the examples that one file alone answers rightly.
    """
    trials = only_new + only_old
    return float(_scipy_stats().binomtest(only_old, trials, alternative="greater").pvalue) if trials else 1.0


def _scipy_stats() -> Any:
    try:
        from scipy import stats
    except ImportError as error:
        raise RuntimeUnavailableError(
            "gate needs the package scipy (pip install 'albert-edge[harness]'); received none"
        ) from error
    return stats

"""Which range of an activation its integers stand for: not from the least to the greatest value, which one outlier
decides, but the range with the least mean squared error, or that between two percentiles.

8 bits are asymmetric: 256 levels from the range's low end to its high end, zero among them exactly. 16 bits are
symmetric, as TFLite's kernels ask for. The search for the least error follows the idea of Sung et al. 2015
(arXiv:1511.06488): every candidate quantizes the observed distribution itself.
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import numpy as np
from numpy.typing import NDArray

from albert_edge.errors import ConfigError, DataError
from converters.calibration.histogram import Histogram

FloatArray = NDArray[np.float64]

METHODS = ("mse", "percentile")

PERCENTILE = 99.99
"""Share of the values, in percent, that `percentile` leaves within the range; half of the others lie at each end."""

_SHARES = np.geomspace(1.0, 0.02, 48)
"""Of the observed range's ends, that `mse` tries."""

_ROUNDS = 2
"""The two ends are improved in turn; a third time changes next to nothing."""


class Range(NamedTuple):
    """From where to where the integers of an activation reach; zero lies within."""

    low: float
    high: float


class Grid(NamedTuple):
    """The integers of a range: value = scale * (integer - zero_point)."""

    scale: float
    zero_point: int
    least: int
    greatest: int


def grid(limits: Range, bits: int) -> Grid:
    """The integers that TFLite gives a range: 8 bits asymmetric, 16 symmetric (its quantization specification)."""
    if bits == 16:
        largest = max(-limits.low, limits.high) or 1.0
        return Grid(largest / 32767, 0, -32767, 32767)
    scale = (limits.high - limits.low) / 255 or 1.0
    return Grid(scale, int(np.clip(np.rint(-128 - limits.low / scale), -128, 127)), -128, 127)


def rounded(values: NDArray[Any], limits: Range, bits: int) -> NDArray[Any]:
    """`values`, any shape and float type, as the integers of the range hold them."""
    scale, zero_point, least, greatest = grid(limits, bits)
    return np.asarray((np.clip(np.rint(values / scale) + zero_point, least, greatest) - zero_point) * scale)


def choose_range(histogram: Histogram, bits: int, method: str = "mse") -> Range:
    """The range for what `histogram` has counted, 8 or 16 `bits`.

    Raises `ConfigError` for another method than `METHODS`, `DataError` for a histogram that counted nothing.
    """
    if method not in METHODS:
        raise ConfigError(f"ranges must be chosen by one of {', '.join(METHODS)}; received {method!r}")
    if not histogram.counts.any():
        raise DataError("a range needs observed values; received none")
    limits = full_range(histogram)
    chosen = _by_percentile(histogram, limits) if method == "percentile" else _by_error(histogram, limits, bits)
    if bits == 16:
        largest = max(-chosen.low, chosen.high)
        return Range(-largest, largest)
    return chosen


def full_range(histogram: Histogram) -> Range:
    """From the least to the greatest value, zero included."""
    return Range(min(histogram.minimum, 0.0), max(histogram.maximum, 0.0))


def mean_squared_error(histogram: Histogram, limits: Range, bits: int) -> float:
    """Of rounding what `histogram` has counted, each value taken as the middle of its bin."""
    used = histogram.counts > 0
    centers, counts = histogram.centers[used], histogram.counts[used]
    return float(counts @ (rounded(centers, limits, bits) - centers) ** 2 / counts.sum())


def _by_percentile(histogram: Histogram, limits: Range) -> Range:
    shares = np.cumsum(histogram.counts) / histogram.counts.sum()
    tail = (1 - PERCENTILE / 100) / 2
    low, high = (
        histogram.centers[min(int(np.searchsorted(shares, share)), len(shares) - 1)] for share in (tail, 1 - tail)
    )
    return Range(max(min(float(low), 0.0), limits.low), min(max(float(high), 0.0), limits.high))


def _by_error(histogram: Histogram, limits: Range, bits: int) -> Range:
    """Both ends together first, then each on its own: the ends' errors depend on each other by the step alone."""

    def least(candidate: Callable[[float], Range]) -> Range:
        return min(map(candidate, _SHARES.tolist()), key=lambda each: mean_squared_error(histogram, each, bits))

    chosen = least(lambda share: Range(limits.low * share, limits.high * share))
    if bits == 16:
        return chosen
    for _ in range(_ROUNDS):
        high = chosen.high
        chosen = least(lambda share: Range(limits.low * share, high))  # noqa: B023 - called at once
        low = chosen.low
        chosen = least(lambda share: Range(low, limits.high * share))  # noqa: B023 - called at once
    return chosen

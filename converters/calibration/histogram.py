"""How often an activation had which value, in bounded memory and exact to add up.

The bins are equal, and the outermost edges are a power of two that doubles when a larger value comes: two bins then
become one, so that no value is counted into a wrong bin and histograms of any widths add up exactly (TensorRT's
calibrators and ai-edge-quantizer's `utils/histogram_utils.py` grow theirs for the same reason, theirs by
interpolation). Least and greatest value are kept as they are.
"""

from __future__ import annotations

from typing import Iterable

import numpy as np
from numpy.typing import NDArray

from albert_edge.errors import DataError

HALF = 4096
"""Bins on each side of zero: at least eight within a step of 8 bits over the values' whole range."""

_LEAST_EXPONENT = -60
"""Of the outermost edge; all that is smaller is zero to any scheme."""


class Histogram:
    """Counts of the values that were added."""

    def __init__(self) -> None:
        self.exponent = _LEAST_EXPONENT
        """The bins reach from -2**exponent to 2**exponent."""
        self.counts: NDArray[np.int64] = np.zeros(2 * HALF, np.int64)
        self.minimum = np.inf
        self.maximum = -np.inf

    @property
    def centers(self) -> NDArray[np.float64]:
        """The middle of each bin, float64 [bins]."""
        width = 2.0**self.exponent / HALF
        return np.asarray((np.arange(2 * HALF) - HALF + 0.5) * width)

    def add(self, values: NDArray[np.float32]) -> None:
        """Count `values`, of any shape, all finite else `DataError`."""
        low, high = float(values.min()), float(values.max())
        if not np.isfinite([low, high]).all():
            raise DataError(f"an activation must be finite; received values from {low} to {high}")
        self.minimum, self.maximum = min(self.minimum, low), max(self.maximum, high)
        largest = max(-low, high)
        if largest:
            # The power of two itself lies on the outer edge: one more.
            self._grow(int(np.floor(np.log2(largest))) + 1)
        bins = np.floor(values.reshape(-1) * np.float64(HALF / 2.0**self.exponent)).astype(np.int64) + HALF
        self.counts += np.bincount(bins, minlength=2 * HALF)

    def _grow(self, exponent: int) -> None:
        while self.exponent < exponent:
            if not self.counts.any():
                self.exponent = exponent
                return
            pairs = self.counts.reshape(-1, 2).sum(axis=1)
            self.counts = np.concatenate([np.zeros(HALF // 2, np.int64), pairs, np.zeros(HALF // 2, np.int64)])
            self.exponent += 1

    def include(self, other: Histogram) -> None:
        """Count all that `other` has counted."""
        self._grow(other.exponent)
        copy = Histogram()
        copy.exponent, copy.counts = other.exponent, other.counts
        copy._grow(self.exponent)
        self.counts = self.counts + copy.counts
        self.minimum, self.maximum = min(self.minimum, other.minimum), max(self.maximum, other.maximum)


def pooled(histograms: Iterable[Histogram]) -> Histogram:
    """The counts of all `histograms` as one."""
    total = Histogram()
    for histogram in histograms:
        total.include(histogram)
    return total

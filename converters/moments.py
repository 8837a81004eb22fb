"""What each layer of a network gets as its inputs, summed up over texts, and the weights rounded for that.

The network is the graph's own, run step by step; ALBERT's shared block sees the inputs of all layers. One pass over the
texts serves any number of plans. The texts are `converters.calibration`'s matter, the rounding `converters.rounding`'s.
"""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.config import AlbertConfig
from albert_edge.model.keras import tf
from albert_edge.text.packing import Packed
from converters.calibration.running import run_text
from converters.graph.heads import GraphHead
from converters.graph.network import Network
from converters.rounding import is_rounded, round_matrices

_AT_ONCE = 1024
"""Rows whose products are summed up in one go: a sum of a few rows costs as much as one of many."""

Tensors = Mapping[str, NDArray[np.float32]]


class Moments:
    """The sum of x x^T over many vectors x, and the products that take these vectors."""

    def __init__(self) -> None:
        self.products: dict[str, None] = {}
        """Names of the products' weights, as an ordered set."""
        self._sum: NDArray[np.float32] = np.zeros((), np.float32)
        self._waiting: list[NDArray[np.float32]] = []

    def add(self, rows: NDArray[np.float32]) -> None:
        """Count the vectors `rows`, float32 [N, size]."""
        self._waiting.append(rows)
        if sum(map(len, self._waiting)) >= _AT_ONCE:
            self.total()

    def total(self) -> NDArray[np.float32]:
        """The sum so far, float32 [size, size]."""
        if self._waiting:
            rows = np.concatenate(self._waiting)
            self._waiting = []
            self._sum = self._sum + rows.T @ rows
        return self._sum


class _Recorder(Network):
    """A network that looks at the inputs of each product which may be rounded."""

    def __init__(self, config: AlbertConfig, tensors: Tensors) -> None:
        super().__init__(config, tensors)
        self._recorded = {name for name, values in tensors.items() if values.ndim == 2 and is_rounded(values)}
        self._last: tuple[Any, str] = (None, "")
        self.moments: dict[str, Moments] = {}
        """By the first of the products that take the same inputs, as the query, the key and the value do."""

    def dense(self, x: tf.Tensor, name: str) -> tf.Tensor:
        """As the network's, with a look at `x`."""
        weights = f"{name}.weight"
        if weights in self._recorded:
            if x is not self._last[0]:
                self._last = (x, weights)
                self.moments.setdefault(weights, Moments()).add(x.numpy())
            self.moments[self._last[1]].products[weights] = None
        return super().dense(x, name)


def input_moments(
    config: AlbertConfig, tensors: Tensors, heads: tuple[GraphHead, ...], texts: Sequence[Packed]
) -> list[Moments]:
    """The moments of the inputs of every product that may be rounded, over `texts`."""
    recorder = _Recorder(config, tensors)
    for packed in texts:
        run_text(recorder, heads, packed)
    return list(recorder.moments.values())


def rounded_tensors(
    tensors: Tensors, moments: Sequence[Moments], levels: Mapping[str, int], per_row: bool
) -> dict[str, NDArray[np.float32]]:
    """The network's `tensors`, those of `levels` rounded (`rounding.round_matrices`), the others as they are.

    `levels`: name of a product's weights -> the largest level of its integers; `per_row`: whether the products will
    have one scale a row rather than one a matrix.
    """
    rounded = dict(tensors)
    for moment in moments:
        for largest in sorted({levels[name] for name in moment.products if name in levels}):
            names = [name for name in moment.products if levels.get(name) == largest]
            matrices = [tensors[name] for name in names]
            rounded.update(zip(names, round_matrices(matrices, moment.total(), per_row, largest)))
    return rounded

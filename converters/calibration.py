"""What each layer of a network gets as its inputs, on random texts, and the weights rounded for that.

Random ids from the model's own vocabulary need no data and fit any language. The network is the graph's own, run step
by step; ALBERT's shared block sees the inputs of all layers.
"""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.config import AlbertConfig
from albert_edge.model.keras import tf
from albert_edge.text.packing import Packed
from converters.graph.heads import GraphHead, TokenFacts, all_outputs
from converters.graph.network import Network
from converters.rounding import is_rounded, round_matrices

_LENGTHS = (16, 48, 96, 32, 8, 64, 24, 128)
"""Tokens of the calibration texts, again and again."""

_ROWS = 8192
"""So many tokens, each counted once a layer, are enough: more of them cost time and change nothing."""

_AT_ONCE = 1024
"""Rows whose products are summed up in one go: a sum of a few rows costs as much as one of many."""

_MIN_TEXTS = 16
"""Of deep models; the pooler sees one token of each."""

Tensors = Mapping[str, NDArray[np.float32]]


class _Moments:
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
    """A network that looks at the inputs of each product which will be rounded."""

    def __init__(self, config: AlbertConfig, tensors: Tensors) -> None:
        super().__init__(config, tensors)
        self._recorded = {name for name, values in tensors.items() if values.ndim == 2 and is_rounded(values)}
        self._last: tuple[Any, str] = (None, "")
        self.moments: dict[str, _Moments] = {}
        """By the first of the products that take the same inputs, as the query, the key and the value do."""

    def dense(self, x: tf.Tensor, name: str) -> tf.Tensor:
        """As the network's, with a look at `x`."""
        weights = f"{name}.weight"
        if weights in self._recorded:
            if x is not self._last[0]:
                self._last = (x, weights)
                self.moments.setdefault(weights, _Moments()).add(x.numpy())
            self.moments[self._last[1]].products[weights] = None
        return super().dense(x, name)


def rounded_tensors(
    config: AlbertConfig, tensors: Tensors, heads: tuple[GraphHead, ...], per_row: bool
) -> dict[str, NDArray[np.float32]]:
    """The network's `tensors`, those of its int8 products rounded (`rounding.round_matrices`), the others as they are.

    `per_row`: whether the products will have one scale a row rather than one a matrix.
    """
    recorder = _Recorder(config, tensors)
    for packed in _texts(config):
        hidden = recorder.embed(_batch(packed.input_ids), _batch(packed.token_type_ids))
        for layer in range(config.num_hidden_layers):
            hidden = recorder.layer(hidden, config.group_of_layer(layer))
        all_outputs(recorder, heads, hidden, TokenFacts(None, _batch(packed.masked_positions)))
    rounded = dict(tensors)
    for moments in recorder.moments.values():
        matrices = [tensors[name] for name in moments.products]
        rounded.update(zip(moments.products, round_matrices(matrices, moments.total(), per_row)))
    return rounded


def _texts(config: AlbertConfig) -> Sequence[Packed]:
    generator = np.random.default_rng(1)
    texts = []
    count = max(_MIN_TEXTS, _ROWS * len(_LENGTHS) // (sum(_LENGTHS) * config.num_hidden_layers))
    for index in range(count):
        length = min(_LENGTHS[index % len(_LENGTHS)], config.max_position_embeddings)
        input_ids = generator.integers(0, config.vocab_size, length, dtype=np.int32)
        segments = (np.arange(length) >= length // 2).astype(np.int32) % config.type_vocab_size
        # Every position: fill-mask's own layers then see as much as the others.
        texts.append(Packed(input_ids, segments, np.arange(length, dtype=np.int32)))
    return texts


def _batch(values: Any) -> tf.Tensor:
    return tf.constant(values[np.newaxis])

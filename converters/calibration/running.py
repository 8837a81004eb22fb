"""Texts through the graph's own network, with a look at every activation point on the way.

Leaves out padding and its mask: a text runs at its exact length, and a mask's constant would widen the scores' range to
nothing but itself.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.config import AlbertConfig
from albert_edge.model.keras import tf, traced
from albert_edge.text.packing import Packed
from converters.calibration.points import points_of_attention, points_of_product
from converters.graph.heads import GraphHead, Outputs, TokenFacts, all_outputs
from converters.graph.network import Network

FloatArray = NDArray[np.float32]


class Seen(NamedTuple):
    """What was at a point."""

    point: str
    depth: int
    """The layer, from 0; -1 outside the layers."""
    values: FloatArray


class PointNetwork(Network):
    """A network that shows what is at every activation point (`calibration.points`)."""

    def __init__(
        self,
        config: AlbertConfig,
        tensors: Mapping[str, FloatArray],
        heads: tuple[GraphHead, ...],
    ) -> None:
        super().__init__(config, tensors)
        self.heads = heads
        self._depth = -1
        self._places: list[tuple[str, int]] = []
        self._values: list[tf.Tensor] = []
        tokens = tf.TensorSpec([1, None], tf.int32)
        # A graph: run step by step, a hundred small operators a layer would cost more than what they compute.
        self._graph = traced(self._traced, input_signature=[tokens] * 3)

    def changed(self, point: str, depth: int, x: tf.Tensor) -> tf.Tensor:
        """What the network goes on with instead of `x`, which is at `point` in the layer `depth`: here, `x`."""
        del point, depth
        return x

    def run(self, packed: Packed) -> tuple[dict[str, FloatArray], list[Seen]]:
        """The heads' outputs for one text, by their names in the signature, and what was at each point, in order."""
        positions = packed.masked_positions
        masked = np.zeros(1, np.int32) if positions is None or not len(positions) else positions
        outputs, values = self._graph(*map(_batch, (packed.input_ids, packed.token_type_ids, masked)))
        seen = [Seen(*place, value.numpy()) for place, value in zip(self._places, values)]
        return {name: value.numpy() for name, value in outputs.items()}, seen

    def dense(self, x: tf.Tensor, name: str) -> tf.Tensor:
        """As the network's, with its points."""
        taken, given = points_of_product(name)
        return self._at(given, super().dense(self._at(taken, x), name))

    def product(self, name: str, a: tf.Tensor, b: tf.Tensor, transpose_b: bool = False) -> tf.Tensor:
        """As the network's, with its points; queries, keys and values were at theirs before."""
        taken, given = points_of_attention(name)
        left = a if name.endswith("scores") else self._at(taken, a)
        return self._at(given, super().product(name, left, b, transpose_b))

    def _at(self, point: str, x: tf.Tensor) -> tf.Tensor:
        changed = self.changed(point, self._depth, x)
        # Query, key and value take the same input, and attention's output projection takes the context: shown once.
        if (point, self._depth) not in self._places:
            self._places.append((point, self._depth))
            self._values.append(changed)
        return changed

    def _traced(self, input_ids: tf.Tensor, token_type_ids: tf.Tensor, masked: tf.Tensor) -> Any:
        self._places.clear()
        self._values = []
        config, facts = self.config, TokenFacts(None, masked)
        hidden = self.embed(input_ids, token_type_ids)
        for layer in range(config.num_hidden_layers):
            self._depth = layer
            hidden = self.layer(hidden, config.group_of_layer(layer))
        self._depth = -1
        return all_outputs(self, self.heads, hidden, facts), self._values


def run_text(network: Network, heads: tuple[GraphHead, ...], packed: Packed) -> Outputs:
    """The outputs of `heads` for one text, by their names in the signature, step by step."""
    positions = packed.masked_positions
    facts = TokenFacts(None, None if positions is None else _batch(positions))
    hidden = network.embed(_batch(packed.input_ids), _batch(packed.token_type_ids))
    for layer in range(network.config.num_hidden_layers):
        hidden = network.layer(hidden, network.config.group_of_layer(layer))
    return all_outputs(network, heads, hidden, facts)


def _batch(values: NDArray[np.int32]) -> tf.Tensor:
    return tf.constant(values[np.newaxis])


def spread(texts: Sequence[Packed], count: int) -> list[Packed]:
    """`count` of `texts`, spread over them."""
    return list(texts[:: max(1, len(texts) // count)][:count])

"""The block that ALBERT applies again and again: self-attention and a feed-forward network, LayerNorm after each.

Follows `AlbertAttention`, `AlbertLayer` and `AlbertLayerGroup` of transformers, with one difference, which shows in
training alone: the feed-forward output is dropped out with `hidden_dropout_prob`, as google-research/albert does and
as the field's meaning asks; transformers has the layer there and never calls it.
"""

from __future__ import annotations

import functools
import math
from typing import Any, Callable

from albert_edge.config import AlbertConfig
from albert_edge.model.dropout import Dropout
from albert_edge.model.keras import keras, tf
from albert_edge.model.layers import layer_norm, linear
from albert_edge.model.quantization import UNQUANTIZED, Quantization

ATTENTION_MASK_BIAS = -1000.0
"""Added to the scores of padding. exp(-1000) is exactly 0 in float32, float16 and bfloat16 alike, so that padding
changes nothing, and the constant itself is exact in all three. Scores that are int8 are rounded before it is added:
they would lose nearly all of their range to it."""

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "gelu_new": functools.partial(tf.nn.gelu, approximate=True),
    "gelu": functools.partial(tf.nn.gelu, approximate=False),
    "relu": tf.nn.relu,
}


class BlockActivations:
    """The activation points of one block, whose names start with its group and its place in it."""

    def __init__(self, quantization: Quantization, block: str) -> None:
        self._quantization = quantization
        self._block = block

    def at(self, depth: int, training: bool) -> Callable[[str, tf.Tensor], tf.Tensor]:
        """(point, values) -> the values that go on from there, in the call of the block behind `depth` layers."""

        def activation(point: str, values: tf.Tensor) -> tf.Tensor:
            return self._quantization.activation(f"{self._block}.{point}", values, depth, training)

        return activation


class AlbertAttention(keras.layers.Layer):
    """Multi-head self-attention, the residual connection and its LayerNorm; `block` names its activation points."""

    def __init__(
        self, config: AlbertConfig, quantization: Quantization = UNQUANTIZED, block: str = "0.0", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.num_attention_heads = config.num_attention_heads
        self.attention_head_size = config.attention_head_size
        self.query = linear(config.attention_size, quantization)
        self.key = linear(config.attention_size, quantization)
        self.value = linear(config.attention_size, quantization)
        self.dense = linear(config.hidden_size, quantization)
        self.attention_dropout = Dropout(config.attention_probs_dropout_prob)
        self.output_dropout = Dropout(config.hidden_dropout_prob)
        self.LayerNorm = layer_norm(config.layer_norm_eps)
        self._activations = BlockActivations(quantization, block)

    def call(
        self, hidden: tf.Tensor, mask_bias: tf.Tensor, depth: int = 0, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """(B, T, H) and (B, 1, 1, T) -> (B, T, H), and softmax's probabilities (B, heads, T, T) before dropout.

        `depth`: layers applied before this one.
        """
        at = self._activations.at(depth, training)
        given = at("attention_input", hidden)
        query = at("query", self._split(self.query(given)) / math.sqrt(self.attention_head_size))
        key, value = at("key", self._split(self.key(given))), at("value", self._split(self.value(given)))
        # A softmax in bfloat16 would round its sums; casts of float32 to itself leave no trace in the graph.
        scores = tf.cast(at("scores", tf.matmul(query, key, transpose_b=True)), tf.float32) + mask_bias
        probabilities = at("probabilities", tf.nn.softmax(scores))
        weights = tf.cast(self.attention_dropout(probabilities, training=training), value.dtype)
        context = at("context", self._join(tf.matmul(weights, value)))
        output = self.output_dropout(at("attention_output", self.dense(context)), training=training)
        return self.LayerNorm(hidden + output), probabilities

    def _split(self, projected: tf.Tensor) -> tf.Tensor:
        """(B, T, heads * size) -> (B, heads, T, size)."""
        batch, length = tf.unstack(tf.shape(projected)[:2])
        heads = tf.reshape(projected, (batch, length, self.num_attention_heads, self.attention_head_size))
        return tf.transpose(heads, (0, 2, 1, 3))

    def _join(self, heads: tf.Tensor) -> tf.Tensor:
        """(B, heads, T, size) -> (B, T, heads * size)."""
        batch, length = tf.shape(heads)[0], tf.shape(heads)[2]
        joined = (batch, length, self.num_attention_heads * self.attention_head_size)
        return tf.reshape(tf.transpose(heads, (0, 2, 1, 3)), joined)


class AlbertLayer(keras.layers.Layer):
    """One block: attention, then the feed-forward network, each with its residual connection and LayerNorm."""

    def __init__(
        self, config: AlbertConfig, quantization: Quantization = UNQUANTIZED, block: str = "0.0", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.attention = AlbertAttention(config, quantization, block)
        self.ffn = linear(config.intermediate_size, quantization)
        self.ffn_output = linear(config.hidden_size, quantization)
        self.dropout = Dropout(config.hidden_dropout_prob)
        self.full_layer_layer_norm = layer_norm(config.layer_norm_eps)
        self._hidden_act = ACTIVATIONS[config.hidden_act]
        self._activations = BlockActivations(quantization, block)

    def call(
        self, hidden: tf.Tensor, mask_bias: tf.Tensor, depth: int = 0, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """(B, T, H) and (B, 1, 1, T) -> (B, T, H), and the attention's probabilities (B, heads, T, T)."""
        at = self._activations.at(depth, training)
        attended, probabilities = self.attention(hidden, mask_bias, depth=depth, training=training)
        inner = at("ffn_inner", self.ffn(at("ffn_input", attended)))
        transformed = at("ffn_output", self.ffn_output(at("ffn_activated", self._hidden_act(inner))))
        return self.full_layer_layer_norm(attended + self.dropout(transformed, training=training)), probabilities


class AlbertLayerGroup(keras.layers.Layer):
    """The `inner_group_num` blocks, each with weights of its own, that one layer of the group `group` applies."""

    def __init__(
        self, config: AlbertConfig, quantization: Quantization = UNQUANTIZED, group: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.albert_layers = [
            AlbertLayer(config, quantization, f"{group}.{inner}") for inner in range(config.inner_group_num)
        ]

    def call(
        self, hidden: tf.Tensor, mask_bias: tf.Tensor, depth: int = 0, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """(B, T, H) and (B, 1, 1, T) -> (B, T, H), and the last block's probabilities (B, heads, T, T)."""
        probabilities = None
        for layer in self.albert_layers:
            hidden, probabilities = layer(hidden, mask_bias, depth=depth, training=training)
        return hidden, probabilities

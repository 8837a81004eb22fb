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

ATTENTION_MASK_BIAS = -1000.0
"""Added to the scores of padding. exp(-1000) is exactly 0 in float32, float16 and bfloat16 alike, so that padding
changes nothing, and the constant itself is exact in all three. A graph with int8 scores needs another one: this one
would take nearly their whole range."""

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "gelu_new": functools.partial(tf.nn.gelu, approximate=True),
    "gelu": functools.partial(tf.nn.gelu, approximate=False),
    "relu": tf.nn.relu,
}


class AlbertAttention(keras.layers.Layer):
    """Multi-head self-attention, the residual connection and its LayerNorm."""

    def __init__(self, config: AlbertConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        hidden = config.hidden_size
        self.num_attention_heads = config.num_attention_heads
        self.attention_head_size = config.attention_head_size
        self.query = linear(hidden)
        self.key = linear(hidden)
        self.value = linear(hidden)
        self.dense = linear(hidden)
        self.attention_dropout = Dropout(config.attention_probs_dropout_prob)
        self.output_dropout = Dropout(config.hidden_dropout_prob)
        self.LayerNorm = layer_norm(config.layer_norm_eps)

    def call(self, hidden: tf.Tensor, mask_bias: tf.Tensor, training: bool = False) -> tf.Tensor:
        """(B, T, H) and (B, 1, 1, T) -> (B, T, H)."""
        query = self._split(self.query(hidden)) / math.sqrt(self.attention_head_size)
        scores = tf.matmul(query, self._split(self.key(hidden)), transpose_b=True) + mask_bias
        weights = self.attention_dropout(tf.nn.softmax(scores), training=training)
        mixed = self._join(tf.matmul(weights, self._split(self.value(hidden))))
        return self.LayerNorm(hidden + self.output_dropout(self.dense(mixed), training=training))

    def _split(self, projected: tf.Tensor) -> tf.Tensor:
        """(B, T, H) -> (B, heads, T, H / heads)."""
        batch, length = tf.unstack(tf.shape(projected)[:2])
        heads = tf.reshape(projected, (batch, length, self.num_attention_heads, self.attention_head_size))
        return tf.transpose(heads, (0, 2, 1, 3))

    def _join(self, heads: tf.Tensor) -> tf.Tensor:
        """(B, heads, T, H / heads) -> (B, T, H)."""
        batch, length = tf.shape(heads)[0], tf.shape(heads)[2]
        joined = (batch, length, self.num_attention_heads * self.attention_head_size)
        return tf.reshape(tf.transpose(heads, (0, 2, 1, 3)), joined)


class AlbertLayer(keras.layers.Layer):
    """One block: attention, then the feed-forward network, each with its residual connection and LayerNorm."""

    def __init__(self, config: AlbertConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.attention = AlbertAttention(config)
        self.ffn = linear(config.intermediate_size, activation=ACTIVATIONS[config.hidden_act])
        self.ffn_output = linear(config.hidden_size)
        self.dropout = Dropout(config.hidden_dropout_prob)
        self.full_layer_layer_norm = layer_norm(config.layer_norm_eps)

    def call(self, hidden: tf.Tensor, mask_bias: tf.Tensor, training: bool = False) -> tf.Tensor:
        """(B, T, H) and (B, 1, 1, T) -> (B, T, H)."""
        attended = self.attention(hidden, mask_bias, training=training)
        transformed = self.dropout(self.ffn_output(self.ffn(attended)), training=training)
        return self.full_layer_layer_norm(attended + transformed)


class AlbertLayerGroup(keras.layers.Layer):
    """The `inner_group_num` blocks, each with weights of its own, that one layer applies in a row."""

    def __init__(self, config: AlbertConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.albert_layers = [AlbertLayer(config) for _ in range(config.inner_group_num)]

    def call(self, hidden: tf.Tensor, mask_bias: tf.Tensor, training: bool = False) -> tf.Tensor:
        """(B, T, H) and (B, 1, 1, T) -> (B, T, H)."""
        for layer in self.albert_layers:
            hidden = layer(hidden, mask_bias, training=training)
        return hidden

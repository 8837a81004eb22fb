"""The encoder: embeddings, the mapping from E to H, the shared block applied L times, the pooler.

Follows `AlbertTransformer` and `AlbertModel` of transformers. A group's layer object is called again and again, so
its variables exist once however deep the model is (Lan et al. 2019, section 3.1, cross-layer parameter sharing).
"""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

from albert_edge.config import AlbertConfig
from albert_edge.model.block import ATTENTION_MASK_BIAS, AlbertLayerGroup
from albert_edge.model.embeddings import AlbertEmbeddings
from albert_edge.model.keras import keras, tf
from albert_edge.model.layers import linear


class EncoderOutputs(NamedTuple):
    """What `AlbertModel` returns."""

    hidden_states: tuple[tf.Tensor, ...]
    """The mapped embeddings and the output of each layer: L + 1 times (B, T, H), the last one at the end."""
    pooled: Optional[tf.Tensor]
    """(B, H), or None without a pooler."""


class AlbertTransformer(keras.layers.Layer):
    """The mapping from E to H and the groups of shared blocks."""

    def __init__(self, config: AlbertConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.groups_of_layers = [config.group_of_layer(layer) for layer in range(config.num_hidden_layers)]
        self.embedding_hidden_mapping_in = linear(config.hidden_size)
        self.albert_layer_groups = [AlbertLayerGroup(config) for _ in range(config.num_hidden_groups)]

    def call(self, embedded: tf.Tensor, mask_bias: tf.Tensor, training: bool = False) -> tuple[tf.Tensor, ...]:
        """(B, T, E) and (B, 1, 1, T) -> L + 1 times (B, T, H)."""
        states = [self.embedding_hidden_mapping_in(embedded)]
        for group in self.groups_of_layers:
            states.append(self.albert_layer_groups[group](states[-1], mask_bias, training=training))
        return tuple(states)


class AlbertModel(keras.layers.Layer):
    """The encoder that every head stands on; `pooler` adds tanh of a linear layer at the first token."""

    def __init__(self, config: AlbertConfig, pooler: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.embeddings = AlbertEmbeddings(config)
        self.encoder = AlbertTransformer(config)
        self.pooler = linear(config.hidden_size, activation="tanh") if pooler else None

    def call(
        self, input_ids: tf.Tensor, attention_mask: tf.Tensor, token_type_ids: tf.Tensor, training: bool = False
    ) -> EncoderOutputs:
        """(B, T) int32 ids, mask (1 a token, 0 padding) and segments -> `EncoderOutputs`."""
        padding = 1.0 - tf.cast(attention_mask, tf.float32)
        mask_bias = padding[:, tf.newaxis, tf.newaxis, :] * ATTENTION_MASK_BIAS
        embedded = self.embeddings(input_ids, token_type_ids, training=training)
        hidden_states = self.encoder(embedded, mask_bias, training=training)
        return EncoderOutputs(hidden_states, self.pooler(hidden_states[-1][:, 0]) if self.pooler else None)

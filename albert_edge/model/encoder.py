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
from albert_edge.model.quantization import UNQUANTIZED, Quantization


class EncoderOutputs(NamedTuple):
    """What `AlbertModel` returns."""

    hidden_states: tuple[tf.Tensor, ...]
    """The mapped embeddings and the output of each layer: L + 1 times (B, T, H), the last one at the end."""
    pooled: Optional[tf.Tensor]
    """(B, H), or None without a pooler."""
    attentions: tuple[tf.Tensor, ...] = ()
    """Softmax's probabilities in each layer, before dropout: L times (B, heads, T, T); of a layer of several blocks,
    those of its last one."""


class AlbertTransformer(keras.layers.Layer):
    """The mapping from E to H and the groups of shared blocks."""

    def __init__(self, config: AlbertConfig, quantization: Quantization = UNQUANTIZED, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._quantization = quantization
        self.groups_of_layers = [config.group_of_layer(layer) for layer in range(config.num_hidden_layers)]
        self.embedding_hidden_mapping_in = linear(config.hidden_size, quantization)
        self.albert_layer_groups = [
            AlbertLayerGroup(config, quantization, group) for group in range(config.num_hidden_groups)
        ]

    def call(
        self, embedded: tf.Tensor, mask_bias: tf.Tensor, depth: Optional[int] = None, training: bool = False
    ) -> tuple[tuple[tf.Tensor, ...], tuple[tf.Tensor, ...]]:
        """(B, T, E) and (B, 1, 1, T) -> L + 1 times (B, T, H) and L times (B, heads, T, T), of the first L = `depth`
        layers; None: of all."""
        given = self._quantization.activation("mapping_input", embedded, 0, training)
        mapped = self.embedding_hidden_mapping_in(given)
        states = [self._quantization.activation("mapping_output", mapped, 0, training)]
        attentions = []
        for layer, group in enumerate(self.groups_of_layers[:depth]):
            hidden, probabilities = self.albert_layer_groups[group](
                states[-1], mask_bias, depth=layer, training=training
            )
            states.append(hidden)
            attentions.append(probabilities)
        return tuple(states), tuple(attentions)


class AlbertModel(keras.layers.Layer):
    """The encoder that every head stands on; `pooler` adds tanh of a linear layer at the first token."""

    def __init__(
        self, config: AlbertConfig, pooler: bool, quantization: Quantization = UNQUANTIZED, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._quantization = quantization
        self.embeddings = AlbertEmbeddings(config, quantization)
        self.encoder = AlbertTransformer(config, quantization)
        self.pooler: Any = linear(config.hidden_size, quantization) if pooler else None

    def call(
        self,
        input_ids: tf.Tensor,
        attention_mask: tf.Tensor,
        token_type_ids: tf.Tensor,
        depth: Optional[int] = None,
        training: bool = False,
    ) -> EncoderOutputs:
        """(B, T) int32 ids, mask (1 a token, 0 padding) and segments -> `EncoderOutputs` of the first `depth` layers,
        or of all."""
        embedded = self.embeddings(input_ids, token_type_ids, training=training)
        states, attentions = self.encoder(embedded, mask_bias_of(attention_mask), depth=depth, training=training)
        return self.ended(states, attentions, training)

    def ended(
        self, hidden_states: tuple[tf.Tensor, ...], attentions: tuple[tf.Tensor, ...], training: bool
    ) -> EncoderOutputs:
        """What the encoder would return if the last of `hidden_states` were its last layer's output."""
        pooled = self._pooled(hidden_states[-1], len(attentions), training) if self.pooler else None
        return EncoderOutputs(hidden_states, pooled, attentions)

    def _pooled(self, hidden: tf.Tensor, depth: int, training: bool) -> tf.Tensor:
        given = self._quantization.activation("pooler_input", hidden[:, 0], depth, training)
        return tf.tanh(self._quantization.activation("pooler_output", self.pooler(given), depth, training))


def mask_bias_of(attention_mask: tf.Tensor) -> tf.Tensor:
    """int32 (B, T), 1 a token, 0 padding -> what the scores of each key get added, float32 (B, 1, 1, T)."""
    padding = 1.0 - tf.cast(attention_mask, tf.float32)
    return padding[:, tf.newaxis, tf.newaxis, :] * ATTENTION_MASK_BIAS

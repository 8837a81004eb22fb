"""ALBERT's input: factorized embeddings of words, positions and segments.

Follows Lan et al. 2019, section 3.1 (the tables have width E, the encoder maps E to H) and `AlbertEmbeddings` of
transformers. Attributes have Hugging Face's names, so that weights.py finds a tensor's layer by its name.
"""

from __future__ import annotations

from typing import Any

from albert_edge.config import AlbertConfig
from albert_edge.model.dropout import Dropout
from albert_edge.model.keras import keras, tf
from albert_edge.model.layers import layer_norm, lookup
from albert_edge.model.quantization import UNQUANTIZED, Quantization


class AlbertEmbeddings(keras.layers.Layer):
    """Sum of the word's, the position's and the segment's vector, LayerNorm, dropout in training."""

    def __init__(self, config: AlbertConfig, quantization: Quantization = UNQUANTIZED, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._quantization = quantization
        width = config.embedding_size
        self.word_embeddings = lookup(config.vocab_size, width)
        self.position_embeddings = lookup(config.max_position_embeddings, width)
        self.token_type_embeddings = lookup(config.type_vocab_size, width)
        self.LayerNorm = layer_norm(config.layer_norm_eps)
        self.dropout = Dropout(config.hidden_dropout_prob)

    def call(self, input_ids: tf.Tensor, token_type_ids: tf.Tensor, training: bool = False) -> tf.Tensor:
        """(B, T) int32 ids and segments -> (B, T, E). Positions are 0 to T - 1; padding stands at the end."""
        embedded = self._quantization.rows(self.word_embeddings(input_ids))
        embedded += self.position_embeddings(tf.range(tf.shape(input_ids)[1]))
        embedded += self.token_type_embeddings(token_type_ids)
        return self.dropout(self.LayerNorm(embedded), training=training)

"""Whole models: the encoder and a head. `build_model` makes one for a task.

Built here: `text-classification` (Hugging Face's `AlbertForSequenceClassification`), whose logits serve single
labels, multiple labels and regression alike; which of them it is decides the loss and the decoding, not the graph.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.model.dropout import Dropout
from albert_edge.model.encoder import AlbertModel
from albert_edge.model.keras import keras, tf
from albert_edge.model.layers import linear
from albert_edge.model.tensors import head_of_task


class Outputs(NamedTuple):
    """What a model returns."""

    logits: tf.Tensor
    """float32 (B, labels)."""
    hidden_states: tuple[tf.Tensor, ...]
    """The mapped embeddings and the output of each layer: L + 1 times float32 (B, T, H)."""
    pooled: tf.Tensor
    """float32 (B, H): tanh of the pooler at the first token."""


class AlbertClassifier(keras.Model):
    """ALBERT with a linear classifier on the pooled vector."""

    task = "text-classification"

    def __init__(self, config: AlbertConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.albert = AlbertModel(config, pooler=True)
        self.dropout = Dropout(config.classifier_dropout_prob)
        self.classifier = linear(len(config.labels))

    def call(
        self,
        input_ids: tf.Tensor,
        attention_mask: Optional[tf.Tensor] = None,
        token_type_ids: Optional[tf.Tensor] = None,
        training: bool = False,
    ) -> Outputs:
        """Run the model.

        `input_ids`: int32 (B, T), T at most `max_position_embeddings`; `attention_mask`: int32 (B, T), 1 a token,
        0 padding (None: no padding); `token_type_ids`: int32 (B, T), 0 for the first text, 1 for the second (None:
        all 0); `training`: with dropout.
        """
        mask = tf.ones_like(input_ids) if attention_mask is None else attention_mask
        segments = tf.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        encoded = self.albert(input_ids, mask, segments, training=training)
        logits = self.classifier(self.dropout(encoded.pooled, training=training))
        return Outputs(logits, encoded.hidden_states, encoded.pooled)


_MODELS = {model.task: model for model in (AlbertClassifier,)}


def build_model(config: AlbertConfig, task: str = "text-classification") -> AlbertClassifier:
    """A model for `task` with every variable made and zero: `load_state_dict` fills them.

    The tensors are a checkpoint's, or `initial_tensors` for a new model.

    Raises `ConfigError` for a task that has no model here.
    """
    if task not in _MODELS:
        head_of_task(task)
        raise ConfigError(f"task must be one of {', '.join(_MODELS)}; received {task!r}")
    model = _MODELS[task](config)
    # Keras makes variables when a layer is first called: one token is enough.
    model(tf.zeros((1, 1), tf.int32))
    return model

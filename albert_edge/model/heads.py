"""Whole models: the encoder and the head of a task. `build_model` makes one.

Each class holds only what its task adds to `TaskModel`. Names of layers are those of transformers' modeling_albert.py
(`AlbertForSequenceClassification`, `...TokenClassification`, `...QuestionAnswering`, `...MaskedLM`, `AlbertModel`), the
pooling of embeddings is that of sentence-transformers' `Pooling` and `Normalize`. Left out are the classes that only
pass through here, `AlbertForPreTraining` (read as `fill-mask` or as `sentence-order`) and `AlbertForMultipleChoice`.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.model.block import ACTIVATIONS
from albert_edge.model.dropout import Dropout
from albert_edge.model.encoder import AlbertModel, EncoderOutputs
from albert_edge.model.keras import keras, tf
from albert_edge.model.layers import layer_norm, linear
from albert_edge.model.tensors import head_of_task


class Outputs(NamedTuple):
    """What a model returns."""

    named: dict[str, tf.Tensor]
    """The task's outputs by their names in `tasks.Task.outputs`, float32, the axis of texts first."""
    hidden_states: tuple[tf.Tensor, ...]
    """The mapped embeddings and the output of each layer: L + 1 times float32 (B, T, H)."""
    pooled: Optional[tf.Tensor]
    """float32 (B, H): tanh of the pooler at the first token; None of a class without a pooler."""

    @property
    def logits(self) -> tf.Tensor:
        """The output `logits`; raises `KeyError` for a task without one."""
        return self.named["logits"]


class Given(NamedTuple):
    """What a head may look at beside the encoder's outputs."""

    mask: tf.Tensor
    """int32 (B, T), 1 a token, 0 padding."""
    masked_positions: Optional[tf.Tensor]
    """int32 (B, K), of fill-mask only."""
    training: bool


class TaskModel(keras.Model):
    """The encoder with a head; abstract."""

    task: str

    def __init__(self, config: AlbertConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.albert = AlbertModel(config, pooler=head_of_task(self.task).pooler)

    def call(
        self,
        input_ids: tf.Tensor,
        attention_mask: Optional[tf.Tensor] = None,
        token_type_ids: Optional[tf.Tensor] = None,
        masked_positions: Optional[tf.Tensor] = None,
        training: bool = False,
    ) -> Outputs:
        """Run the model.

        `input_ids`: int32 (B, T), T at most `max_position_embeddings`; `attention_mask`: int32 (B, T), 1 a token,
        0 padding (None: no padding); `token_type_ids`: int32 (B, T), 0 for the first text, 1 for the second (None:
        all 0); `masked_positions`: int32 (B, K), of fill-mask only (None: every position is answered for);
        `training`: with dropout.
        """
        mask = tf.ones_like(input_ids) if attention_mask is None else attention_mask
        segments = tf.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        encoded = self.albert(input_ids, mask, segments, training=training)
        named = self.head(encoded, Given(mask, masked_positions, training))
        return Outputs(named, encoded.hidden_states, encoded.pooled)

    def head(self, encoded: EncoderOutputs, given: Given) -> dict[str, tf.Tensor]:
        """The task's outputs by name."""
        raise NotImplementedError


class AlbertClassifier(TaskModel):
    """A linear classifier on the pooled vector: `logits` (B, labels).

    They serve single labels, multiple labels and regression alike: which of them it is decides the loss and the
    decoding, not the graph.
    """

    task = "text-classification"

    def __init__(self, config: AlbertConfig, **kwargs: Any) -> None:
        super().__init__(config, **kwargs)
        self.dropout = Dropout(config.classifier_dropout_prob)
        self.classifier = linear(len(config.labels))

    def head(self, encoded: EncoderOutputs, given: Given) -> dict[str, tf.Tensor]:
        """`logits`."""
        return {"logits": self.classifier(self.dropout(encoded.pooled, training=given.training))}


class AlbertOrderClassifier(AlbertClassifier):
    """Whether two passages are in order (Lan et al. 2019, section 3.1, inter-sentence coherence loss)."""

    task = "sentence-order"


class AlbertTagger(TaskModel):
    """A linear classifier on each token's last hidden state: `logits` (B, T, labels)."""

    task = "token-classification"

    def __init__(self, config: AlbertConfig, **kwargs: Any) -> None:
        super().__init__(config, **kwargs)
        self.dropout = Dropout(config.classifier_dropout_prob)
        self.classifier = linear(len(config.labels))

    def head(self, encoded: EncoderOutputs, given: Given) -> dict[str, tf.Tensor]:
        """`logits`."""
        return {"logits": self.classifier(self.dropout(encoded.hidden_states[-1], training=given.training))}


class AlbertAnswerer(TaskModel):
    """How well a token starts and ends the answer: `start_logits` and `end_logits`, (B, T) each."""

    task = "question-answering"

    def __init__(self, config: AlbertConfig, **kwargs: Any) -> None:
        super().__init__(config, **kwargs)
        self.qa_outputs = linear(2)

    def head(self, encoded: EncoderOutputs, _: Given) -> dict[str, tf.Tensor]:
        """`start_logits` and `end_logits`."""
        start, end = tf.unstack(self.qa_outputs(encoded.hidden_states[-1]), num=2, axis=-1)
        return {"start_logits": start, "end_logits": end}


class AlbertEmbedder(TaskModel):
    """A vector of the text, pooled as `config.settings` says: `embedding` (B, H)."""

    task = "feature-extraction"

    def head(self, encoded: EncoderOutputs, given: Given) -> dict[str, tf.Tensor]:
        """`embedding`. The mean is one of all tokens that aren't padding, `[CLS]` and `[SEP]` among them."""
        states, settings = encoded.hidden_states[-1], self.config.settings
        if settings.pooling == "cls":
            vector = states[:, 0]
        else:
            weights = tf.cast(given.mask, tf.float32)[:, :, tf.newaxis]
            vector = tf.reduce_sum(states * weights, axis=1) / tf.reduce_sum(weights, axis=1)
        return {"embedding": tf.math.l2_normalize(vector, axis=-1) if settings.normalize else vector}


class WordPredictions(keras.layers.Layer):
    """Which piece stands at a position: H to E, the activation, LayerNorm, the product with the word table."""

    def __init__(self, config: AlbertConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dense = linear(config.embedding_size, activation=ACTIVATIONS[config.hidden_act])
        self.LayerNorm = layer_norm(config.layer_norm_eps)
        self.bias = self.add_weight("bias", (config.vocab_size,), initializer="zeros")

    def call(self, hidden: tf.Tensor, table: tf.Tensor) -> tf.Tensor:
        """(B, K, H) and the word embeddings (V, E) -> (B, K, V)."""
        return tf.matmul(self.LayerNorm(self.dense(hidden)), table, transpose_b=True) + self.bias


class AlbertFiller(TaskModel):
    """The pieces that may stand at masked positions: `logits` (B, K, V), its output table the word embeddings'."""

    task = "fill-mask"

    def __init__(self, config: AlbertConfig, **kwargs: Any) -> None:
        super().__init__(config, **kwargs)
        self.predictions = WordPredictions(config)

    def head(self, encoded: EncoderOutputs, given: Given) -> dict[str, tf.Tensor]:
        """`logits`."""
        states = encoded.hidden_states[-1]
        if given.masked_positions is not None:
            states = tf.gather(states, given.masked_positions, batch_dims=1)
        return {"logits": self.predictions(states, self.albert.embeddings.word_embeddings.embeddings)}


_MODELS: dict[str, type[TaskModel]] = {
    model.task: model
    for model in (AlbertClassifier, AlbertTagger, AlbertAnswerer, AlbertEmbedder, AlbertFiller, AlbertOrderClassifier)
}


def build_model(config: AlbertConfig, task: str = "text-classification") -> TaskModel:
    """A model for `task` with every variable made and zero: `load_state_dict` fills them.

    The tensors are a checkpoint's, or `initial_tensors` for a new model.

    Raises `ConfigError` for a task that has no model here.
    """
    name = head_of_task(task).task
    if name not in _MODELS:
        raise ConfigError(f"task must be one of {', '.join(_MODELS)}; received {task!r}")
    model = _MODELS[name](config)
    # Keras makes variables when a layer is first called: one token is enough.
    model(tf.zeros((1, 1), tf.int32))
    return model

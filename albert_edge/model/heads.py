"""Whole models: the encoder and the head of a task. `build_model` makes one.

Each class holds only what its task adds to `TaskModel`. Names of layers are those of transformers' modeling_albert.py
(`AlbertForSequenceClassification`, `...TokenClassification`, `...QuestionAnswering`, `...MaskedLM`, `...PreTraining`,
`AlbertModel`), the pooling of embeddings is that of sentence-transformers' `Pooling` and `Normalize`. Left out is
`AlbertForMultipleChoice`, which only passes through here.
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
from albert_edge.model.quantization import UNQUANTIZED, Quantization
from albert_edge.model.tensors import head_of_task


class Outputs(NamedTuple):
    """What a model returns."""

    named: dict[str, tf.Tensor]
    """The task's outputs by their names in `tasks.Task.outputs`, float32, the axis of texts first."""
    hidden_states: tuple[tf.Tensor, ...]
    """The mapped embeddings and the output of each layer: L + 1 times float32 (B, T, H)."""
    pooled: Optional[tf.Tensor]
    """float32 (B, H): tanh of the pooler at the first token; None of a class without a pooler."""
    attentions: tuple[tf.Tensor, ...] = ()
    """Softmax's probabilities in each layer, before dropout: L times float32 (B, heads, T, T)."""

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

    def __init__(self, config: AlbertConfig, quantization: Quantization = UNQUANTIZED, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.quantization = quantization
        self.albert = AlbertModel(config, head_of_task(self.task).pooler, quantization)

    def call(
        self,
        input_ids: tf.Tensor,
        attention_mask: Optional[tf.Tensor] = None,
        token_type_ids: Optional[tf.Tensor] = None,
        masked_positions: Optional[tf.Tensor] = None,
        depth: Optional[int] = None,
        training: bool = False,
    ) -> Outputs:
        """Run the model.

        `input_ids`: int32 (B, T), T at most `max_position_embeddings`; `attention_mask`: int32 (B, T), 1 a token,
        0 padding (None: no padding); `token_type_ids`: int32 (B, T), 0 for the first text, 1 for the second (None:
        all 0); `masked_positions`: int32 (B, K), of fill-mask only (None: every position is answered for); `depth`:
        apply only so many layers, 1 to all (None: all); `training`: with dropout.
        """
        mask = tf.ones_like(input_ids) if attention_mask is None else attention_mask
        segments = tf.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        encoded = self.albert(input_ids, mask, segments, depth=depth, training=training)
        named = self.head(encoded, Given(mask, masked_positions, training))
        return Outputs(named, encoded.hidden_states, encoded.pooled, encoded.attentions)

    def after_each_layer(self, outputs: Outputs, given: Given) -> list[dict[str, tf.Tensor]]:
        """The task's outputs as if layer 1, 2, ... L were the last: the one pooler and head on each layer's state.

        `outputs` are what this model returned for the inputs that `given` is of; the last item is their `named`.
        Nothing of the encoder is computed again.
        """
        states, attentions = outputs.hidden_states, outputs.attentions
        earlier = [
            self.head(self.albert.ended(states[: depth + 1], attentions[:depth], given.training), given)
            for depth in range(1, len(attentions))
        ]
        return [*earlier, outputs.named]

    def head(self, encoded: EncoderOutputs, given: Given) -> dict[str, tf.Tensor]:
        """The task's outputs by name."""
        raise NotImplementedError

    def _activation(self, point: str, values: tf.Tensor, encoded: EncoderOutputs, given: Given) -> tf.Tensor:
        """`values` at an activation point of the head."""
        return self.quantization.activation(point, values, len(encoded.attentions), given.training)

    def _product(
        self, layer: Any, states: tf.Tensor, encoded: EncoderOutputs, given: Given, dropout: Optional[Dropout] = None
    ) -> tf.Tensor:
        """The head that the one linear `layer` is."""
        hidden = self._activation("head_input", states, encoded, given)
        if dropout is not None:
            hidden = dropout(hidden, training=given.training)
        return self._activation("logits", layer(hidden), encoded, given)


class AlbertClassifier(TaskModel):
    """A linear classifier on the pooled vector: `logits` (B, labels).

    They serve single labels, multiple labels and regression alike: which of them it is decides the loss and the
    decoding, not the graph.
    """

    task = "text-classification"

    def __init__(self, config: AlbertConfig, quantization: Quantization = UNQUANTIZED, **kwargs: Any) -> None:
        super().__init__(config, quantization, **kwargs)
        self.dropout = Dropout(config.classifier_dropout_prob)
        self.classifier = linear(len(config.labels), quantization)

    def head(self, encoded: EncoderOutputs, given: Given) -> dict[str, tf.Tensor]:
        """`logits`."""
        return {"logits": self._product(self.classifier, encoded.pooled, encoded, given, self.dropout)}


class AlbertOrderClassifier(AlbertClassifier):
    """Whether two passages are in order (Lan et al. 2019, section 3.1, inter-sentence coherence loss)."""

    task = "sentence-order"


class AlbertTagger(TaskModel):
    """A linear classifier on each token's last hidden state: `logits` (B, T, labels)."""

    task = "token-classification"

    def __init__(self, config: AlbertConfig, quantization: Quantization = UNQUANTIZED, **kwargs: Any) -> None:
        super().__init__(config, quantization, **kwargs)
        self.dropout = Dropout(config.classifier_dropout_prob)
        self.classifier = linear(len(config.labels), quantization)

    def head(self, encoded: EncoderOutputs, given: Given) -> dict[str, tf.Tensor]:
        """`logits`."""
        return {"logits": self._product(self.classifier, encoded.hidden_states[-1], encoded, given, self.dropout)}


class AlbertAnswerer(TaskModel):
    """How well a token starts and ends the answer: `start_logits` and `end_logits`, (B, T) each."""

    task = "question-answering"

    def __init__(self, config: AlbertConfig, quantization: Quantization = UNQUANTIZED, **kwargs: Any) -> None:
        super().__init__(config, quantization, **kwargs)
        self.qa_outputs = linear(2, quantization)

    def head(self, encoded: EncoderOutputs, given: Given) -> dict[str, tf.Tensor]:
        """`start_logits` and `end_logits`."""
        both = self._product(self.qa_outputs, encoded.hidden_states[-1], encoded, given)
        start, end = tf.unstack(both, num=2, axis=-1)
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

    def __init__(self, config: AlbertConfig, quantization: Quantization = UNQUANTIZED, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dense = linear(config.embedding_size, quantization)
        self._hidden_act = ACTIVATIONS[config.hidden_act]
        self._activation = quantization.activation
        self.LayerNorm = layer_norm(config.layer_norm_eps)
        # Logarithms of frequencies, around -10: bfloat16 would round them to 0.06.
        self.bias = self.add_weight("bias", (config.vocab_size,), initializer="zeros", experimental_autocast=False)

    def call(self, hidden: tf.Tensor, table: tf.Tensor, depth: int = 0, training: bool = False) -> tf.Tensor:
        """(B, K, H) and the word embeddings (V, E) -> (B, K, V)."""
        inner = self.dense(self._activation("head_input", hidden, depth, training))
        inner = self._hidden_act(self._activation("head_inner", inner, depth, training))
        mapped = self.LayerNorm(inner)
        # Keras casts no table of embeddings.
        product = tf.matmul(mapped, tf.cast(table, mapped.dtype), transpose_b=True)
        return tf.cast(product, tf.float32) + self.bias


class AlbertFiller(TaskModel):
    """The pieces that may stand at masked positions: `logits` (B, K, V), its output table the word embeddings'."""

    task = "fill-mask"

    def __init__(self, config: AlbertConfig, quantization: Quantization = UNQUANTIZED, **kwargs: Any) -> None:
        super().__init__(config, quantization, **kwargs)
        self.predictions = WordPredictions(config, quantization)

    def head(self, encoded: EncoderOutputs, given: Given) -> dict[str, tf.Tensor]:
        """`logits`."""
        states = encoded.hidden_states[-1]
        if given.masked_positions is not None:
            states = tf.gather(states, given.masked_positions, batch_dims=1)
        table = self.quantization.rows(self.albert.embeddings.word_embeddings.embeddings)
        depth = len(encoded.attentions)
        return {"logits": self.predictions(states, table, depth=depth, training=given.training)}


class OrderPredictions(keras.layers.Layer):
    """Whether two passages are in order, of a model that fills in pieces too; the name is Hugging Face's prefix."""

    def __init__(self, config: AlbertConfig, quantization: Quantization = UNQUANTIZED, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dropout = Dropout(config.classifier_dropout_prob)
        self.classifier = linear(len(config.labels), quantization)

    def call(self, pooled: tf.Tensor, training: bool = False) -> tf.Tensor:
        """(B, H) -> (B, labels)."""
        return self.classifier(self.dropout(pooled, training=training))


class AlbertPretrainer(AlbertFiller):
    """What ALBERT is pretrained with (Lan et al. 2019): `logits` (B, K, V) and `order_logits` (B, labels).

    No task of a deployed model: its folder is read as `fill-mask` or `sentence-order`.
    """

    task = "pretraining"

    def __init__(self, config: AlbertConfig, quantization: Quantization = UNQUANTIZED, **kwargs: Any) -> None:
        super().__init__(config, quantization, **kwargs)
        self.sop_classifier = OrderPredictions(config, quantization)

    def head(self, encoded: EncoderOutputs, given: Given) -> dict[str, tf.Tensor]:
        """`logits` and `order_logits`."""
        order = self.sop_classifier(encoded.pooled, training=given.training)
        return {**super().head(encoded, given), "order_logits": order}


_MODELS: dict[str, type[TaskModel]] = {
    model.task: model
    for model in (
        *(AlbertClassifier, AlbertTagger, AlbertAnswerer, AlbertEmbedder, AlbertFiller, AlbertOrderClassifier),
        AlbertPretrainer,
    )
}


def build_model(
    config: AlbertConfig, task: str = "text-classification", quantization: Optional[Quantization] = None
) -> TaskModel:
    """A model for `task` with every variable made and zero: `load_state_dict` fills them.

    The tensors are a checkpoint's, or `initial_tensors` for a new model. `quantization`: what rounds its weights and
    activations, of this model alone; None: nothing does.

    Raises `ConfigError` for a task that has no model here.
    """
    name = head_of_task(task).task
    if name not in _MODELS:
        raise ConfigError(f"task must be one of {', '.join(_MODELS)}; received {task!r}")
    model = _MODELS[name](config, quantization or UNQUANTIZED)
    # Keras makes variables when a layer is first called: one token is enough.
    model(tf.zeros((1, 1), tf.int32))
    return model

"""What a student loses against its teacher: answers, hidden states and attention maps, as losses.

Answers after Hinton, Vinyals and Dean 2015, *Distilling the Knowledge in a Neural Network*, section 2: both softened by
a temperature T, and the loss multiplied by T squared, so that its gradients stay as large whatever T is. Hidden states
and layers as in Jiao et al. 2020, *TinyBERT*, section 3.1 (uniform mapping of layers, a learnt projection between
widths), without the layer of embeddings. Attention maps as in Wang et al. 2020, *MiniLM*, section 3.1: the divergence
of the probabilities; here of their mean over the heads, since teacher and student may have different numbers of them,
and in every layer. Vectors of texts after Tung and Mori 2019, *Similarity-Preserving Knowledge Distillation*: the
cosines between a batch's texts, which don't ask for equal widths. Leaves out MiniLM's relations between values.

Functions return float32 [targets], whose mean is the loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Mapping, Optional, Sequence

from albert_edge.model.keras import tf
from albert_edge.text.entities import IGNORED
from albert_edge.training.losses import outside_of_answers, squared_error
from albert_edge.training.recipes import MULTI_LABEL, REGRESSION

if TYPE_CHECKING:
    from albert_edge.training.batches import Inputs
    from albert_edge.training.objectives.base import Objective

Named = Mapping[str, tf.Tensor]
"""A model's outputs by name."""

AnswerLoss = Callable[[Named, Named, "Inputs", Sequence[tf.Tensor], float], tf.Tensor]
"""(student's outputs, teacher's outputs, inputs, targets, temperature) -> float32 [targets]."""

_TINY = 1e-12
"""Keeps the logarithm of an attention of 0, which padding has, finite."""


def softened_divergence(student: tf.Tensor, teacher: tf.Tensor, temperature: float) -> tf.Tensor:
    """T^2 times the divergence KL(teacher || student) of logits float32 [..., labels], both divided by T."""
    log_teacher = tf.nn.log_softmax(teacher / temperature)
    log_student = tf.nn.log_softmax(student / temperature)
    return temperature**2 * tf.reduce_sum(tf.exp(log_teacher) * (log_teacher - log_student), axis=-1)


def softened_binary(student: tf.Tensor, teacher: tf.Tensor, temperature: float) -> tf.Tensor:
    """T^2 times the binary cross-entropy [N], the mean over the labels, of logits float32 [N, labels] divided by T."""
    targets = tf.sigmoid(teacher / temperature)
    losses = tf.nn.sigmoid_cross_entropy_with_logits(targets, student / temperature)
    return temperature**2 * tf.reduce_mean(losses, axis=-1)


def similarities(student: tf.Tensor, teacher: tf.Tensor) -> tf.Tensor:
    """Mean squared difference [N] of each text's cosines with the N texts of the batch: float32 [N, Hs], [N, Ht]."""
    return tf.reduce_mean(tf.square(_cosines(student) - _cosines(teacher)), axis=-1)


def _cosines(vectors: tf.Tensor) -> tf.Tensor:
    normalized = tf.math.l2_normalize(vectors, axis=-1)
    return tf.matmul(normalized, normalized, transpose_b=True)


def answer_loss(objective: Objective) -> AnswerLoss:
    """How a student of `objective` learns from its teacher's answers."""
    task, kind = objective.request.task, objective.settings.problem_type
    return _BY_KIND.get(kind, _texts) if task == "text-classification" else _BY_TASK[task]


def _texts(student: Named, teacher: Named, _inputs: Inputs, _targets: Sequence[tf.Tensor], heat: float) -> tf.Tensor:
    return softened_divergence(student["logits"], teacher["logits"], heat)


def _label_sets(
    student: Named, teacher: Named, _inputs: Inputs, _targets: Sequence[tf.Tensor], heat: float
) -> tf.Tensor:
    return softened_binary(student["logits"], teacher["logits"], heat)


def _numbers(student: Named, teacher: Named, _inputs: Inputs, _targets: Sequence[tf.Tensor], _heat: float) -> tf.Tensor:
    return squared_error(student["logits"], teacher["logits"])


def _asked(student: Named, teacher: Named, _inputs: Inputs, targets: Sequence[tf.Tensor], heat: float) -> tf.Tensor:
    """Of the pieces that have a target: words' first ones, or masked ones."""
    known = tf.not_equal(targets[0], IGNORED)
    return softened_divergence(
        tf.boolean_mask(student["logits"], known), tf.boolean_mask(teacher["logits"], known), heat
    )


def _spans(student: Named, teacher: Named, inputs: Inputs, _targets: Sequence[tf.Tensor], heat: float) -> tf.Tensor:
    """Start and end, among the places where an answer may lie."""
    outside = outside_of_answers(inputs.attention_mask, inputs.token_type_ids)
    sides = [
        softened_divergence(student[name] + outside, teacher[name] + outside, heat)
        for name in ("start_logits", "end_logits")
    ]
    return (sides[0] + sides[1]) / 2


def _vectors(student: Named, teacher: Named, _inputs: Inputs, _targets: Sequence[tf.Tensor], _heat: float) -> tf.Tensor:
    return similarities(student["embedding"], teacher["embedding"])


_BY_KIND: dict[Optional[str], AnswerLoss] = {MULTI_LABEL: _label_sets, REGRESSION: _numbers}
_BY_TASK: dict[str, AnswerLoss] = {
    "token-classification": _asked,
    "question-answering": _spans,
    "feature-extraction": _vectors,
    "fill-mask": _asked,
    "sentence-order": _texts,
}


# === Inside the encoder ===


def teaching_layers(student_layers: int, teacher_layers: int) -> list[int]:
    """The teacher's layer, from 1, that each of the student's layers 1, 2, ... learns from: spread evenly, the last one
    from the last one."""
    return [max(1, round(layer * teacher_layers / student_layers)) for layer in range(1, student_layers + 1)]


def hidden_error(student: tf.Tensor, teacher: tf.Tensor, attention_mask: tf.Tensor) -> tf.Tensor:
    """Mean squared difference of every token that isn't padding, [tokens]: hidden states float32 [B, T, H]."""
    known = tf.equal(attention_mask, 1)
    return tf.reduce_mean(tf.square(tf.boolean_mask(student, known) - tf.boolean_mask(teacher, known)), axis=-1)


def attention_divergence(student: tf.Tensor, teacher: tf.Tensor, attention_mask: tf.Tensor) -> tf.Tensor:
    """KL(teacher || student) of the mean attention of every token that isn't padding, [tokens].

    Probabilities float32 [B, heads, T, T], each model with its own number of heads.
    """
    known = tf.equal(attention_mask, 1)
    own, taught = (tf.boolean_mask(tf.reduce_mean(maps, axis=1), known) for maps in (student, teacher))
    return tf.reduce_sum(taught * (tf.math.log(taught + _TINY) - tf.math.log(own + _TINY)), axis=-1)

"""The losses: what a batch of outputs costs, target by target.

Each function returns float32 [targets]; the step takes the mean. Padding is no target. Sources: Devlin et al. 2018
for labels, spans and masked pieces; Henderson et al. 2017, *Efficient Natural Language Response Suggestion for Smart
Reply*, section 4.4, for pairs ranked against the rest of their batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from albert_edge.model.keras import tf
from albert_edge.text.entities import IGNORED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FAR_BELOW = -1e9
"""Added to a logit, it takes a position out of a softmax."""


def single_label(
    logits: tf.Tensor, labels: tf.Tensor, label_smoothing: float, class_weights: Optional[NDArray[np.float32]]
) -> tf.Tensor:
    """Cross-entropy [N] of logits float32 [N, labels] and ids int32 [N]; each times its label's weight.

    `label_smoothing` is the share of the target that is spread over all labels (Szegedy et al. 2015, section 7).
    """
    count = tf.shape(logits)[-1]
    targets = tf.one_hot(labels, count) * (1 - label_smoothing) + label_smoothing / tf.cast(count, tf.float32)
    losses = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
    if class_weights is not None:
        losses *= tf.gather(tf.constant(class_weights), labels)
    return losses


def multi_label(
    logits: tf.Tensor, targets: tf.Tensor, label_smoothing: float, class_weights: Optional[NDArray[np.float32]]
) -> tf.Tensor:
    """Binary cross-entropy [N], the mean over the labels, of logits and targets (0 or 1) float32 [N, labels].

    A text that has a label counts for it as many times as the label's weight says. Smoothing draws both targets
    towards a half.
    """
    smoothed = targets * (1 - label_smoothing) + label_smoothing / 2
    weights = 1.0 if class_weights is None else tf.constant(class_weights)
    return tf.reduce_mean(tf.nn.weighted_cross_entropy_with_logits(smoothed, logits, weights), axis=-1)


def squared_error(values: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Squared differences [N] of float32 [N, 1] and [N, 1]."""
    return tf.reduce_mean(tf.square(values - targets), axis=-1)


def token_labels(
    logits: tf.Tensor, labels: tf.Tensor, label_smoothing: float, class_weights: Optional[NDArray[np.float32]]
) -> tf.Tensor:
    """`single_label` of every token whose label isn't `IGNORED`: logits float32 [B, T, labels], ids int32 [B, T]."""
    known = tf.not_equal(labels, IGNORED)
    return single_label(tf.boolean_mask(logits, known), tf.boolean_mask(labels, known), label_smoothing, class_weights)


def spans(
    start_logits: tf.Tensor,
    end_logits: tf.Tensor,
    attention_mask: tf.Tensor,
    token_type_ids: tf.Tensor,
    targets: tf.Tensor,
) -> tf.Tensor:
    """Mean cross-entropy [B] of where an answer starts and ends: logits float32 [B, T], targets int32 [B, 2].

    An answer lies in the passage (segment 1) or, if there is none, at `[CLS]`; the question and padding are no
    candidates. (BERT's own loss let the question compete.)
    """
    outside = outside_of_answers(attention_mask, token_type_ids)
    by_end = [
        tf.nn.sparse_softmax_cross_entropy_with_logits(targets[:, side], logits + outside)
        for side, logits in enumerate((start_logits, end_logits))
    ]
    return (by_end[0] + by_end[1]) / 2


def outside_of_answers(attention_mask: tf.Tensor, token_type_ids: tf.Tensor) -> tf.Tensor:
    """What takes out of a softmax over places those where no answer may lie, float32 [B, T]: 0, or far below."""
    first = tf.equal(tf.range(tf.shape(attention_mask)[1]), 0)[tf.newaxis]
    passage = tf.equal(token_type_ids, 1) & tf.equal(attention_mask, 1)
    return tf.where(first | passage, 0.0, _FAR_BELOW)


def ranking(embeddings: tf.Tensor, scale: float) -> tf.Tensor:
    """Cross-entropy [B] of finding each text's partner among the batch's second texts, by cosine times `scale`.

    `embeddings`: float32 [2 B, H], the first texts, then the second ones in the same order.
    """
    first, second = _halves(embeddings)
    scores = tf.matmul(first, second, transpose_b=True) * scale
    return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.range(tf.shape(scores)[0]), scores)


def cosine_error(embeddings: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Squared differences [B] of the partners' cosines and the targets float32 [B]; `embeddings` as for `ranking`."""
    first, second = _halves(embeddings)
    return tf.square(tf.reduce_sum(first * second, axis=-1) - targets)


def _halves(embeddings: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    first, second = tf.split(tf.math.l2_normalize(embeddings, axis=-1), 2)
    return first, second


def masked_pieces(logits: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of every id that isn't `IGNORED`: logits float32 [B, K, pieces], ids int32 [B, K]."""
    known = tf.not_equal(ids, IGNORED)
    return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.boolean_mask(ids, known), tf.boolean_mask(logits, known))

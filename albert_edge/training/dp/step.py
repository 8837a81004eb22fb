"""One private update: a gradient a row, each clipped, their sum with noise, and then AdamW as ever.

Rows are computed one after another, each at its own length: no padding, and memory for one row's gradient, in which
a table of words is as many rows as the text has pieces. Faster on a processor with many cores would be Li et al. 2021,
*Large Language Models Can Be Strong Differentially Private Learners* (norms without gradients); ALBERT's shared block
makes those norms as dear as the gradients.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Collection, Iterator, Mapping, Optional, Sequence

import numpy as np

from albert_edge.model.dropout import Draws, masks_from
from albert_edge.model.keras import tf, traced
from albert_edge.training.additions.base import Addition
from albert_edge.training.batches import Batch
from albert_edge.training.dp.plan import PrivacyPlan
from albert_edge.training.objectives.base import Objective
from albert_edge.training.optimization import TrainStep

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NOISE, _ROWS, _DROPOUT, _WORDS = 1, 2, 3, 4
"""Keep the random numbers of the noise in step n apart from those that choose its rows, and what each row loses."""

_SECRET_WORDS = 4


class PrivateStep(TrainStep):
    """`TrainStep`, with the guarantee of `plan`.

    Rows and noise follow from a secret of 128 bits, drawn here and kept nowhere but in the snapshot, which goes when
    the training is done: whoever knew it could take the noise away. One seed gives therefore no longer one result.

    A row's dropout, of words too, follows from the secret, the step and the row alone: then one row more adds its own
    clipped gradient to the sum and changes nothing else, and that is all the noise can hide. Masks drawn in the batch's
    order would be others for every row behind it; masks of a public seed, for every row that it moves in the file.
    """

    def __init__(
        self,
        model: Any,
        objective: Objective,
        trained: Collection[str],
        total_steps: int,
        additions: Sequence[Addition],
        plan: PrivacyPlan,
    ) -> None:
        super().__init__(model, objective, trained, total_steps, additions)
        self._plan = plan
        self._secret = np.array([secrets.randbits(32) for _ in range(_SECRET_WORDS)], np.uint32)
        self._sums = [tf.Variable(tf.zeros_like(weight), trainable=False) for weight in self._weights]
        seed = tf.TensorSpec((2,), tf.int64)
        self._add = traced(self._add_one, input_signature=(seed, *self._update.input_signature))
        self._apply = traced(self._apply_sums)

    def rows(self, step: int) -> NDArray[np.int64]:
        """The rows of the update `step`, counted from 0: each of all with the plan's probability, maybe none."""
        return np.flatnonzero(self._random(step, _ROWS).random(self._plan.examples) < self._plan.sampling_rate)

    def __call__(self, batch: Optional[Batch]) -> float:
        """Update the model once, from a batch of any size or none; returns its mean loss, 0 without rows.

        The loss is not private: it is for who trains, and must not be published.
        """
        step = int(self._optimizer.iterations.numpy())
        for total in self._sums:
            total.assign(tf.zeros_like(total))
        losses = [] if batch is None else [self._added(step, *row) for row in _rows(batch)]
        self._apply(self._noise(step))
        return float(np.mean(losses)) if losses else 0.0

    def word_generators(self, step: int, rows: NDArray[np.int64]) -> Iterator[np.random.Generator]:
        """What chooses the words that each of `rows`, indices into the training set, loses in the update `step`."""
        return (self._random(step, _WORDS, row) for row in rows.tolist())

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Everything that an update changes, and the secret."""
        return {**super().tensors(), "secret": self._secret}

    def restore(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Set everything back to what `tensors` returned."""
        super().restore(tensors)
        self._secret = tensors["secret"]

    def _random(self, step: int, *what: int) -> np.random.Generator:
        return np.random.default_rng([*self._secret.tolist(), step, *what])

    def _noise(self, step: int) -> list[NDArray[np.float32]]:
        """For each weight's sum of gradients."""
        deviation = np.float32(self._plan.noise_multiplier * self._plan.clip)
        generator = self._random(step, _NOISE)
        return [deviation * generator.standard_normal(weight.shape, np.float32) for weight in self._weights]

    def _added(self, step: int, row: int, *arguments: Any) -> float:
        """Add the clipped gradient of the row with the index `row`; its loss."""
        seed = self._random(step, _DROPOUT, row).integers(2**63, size=2)
        return float(self._add(seed, *arguments))

    def _add_one(
        self,
        seed: tf.Tensor,
        inputs: tuple[tf.Tensor, ...],
        targets: tuple[tf.Tensor, ...],
        arrays: tuple[tuple[tf.Tensor, ...], ...],
    ) -> tf.Tensor:
        """Add the clipped gradient of one row, whose dropout follows from `seed`, to the sums; its loss."""
        with masks_from(Draws(seed)):
            loss, found = self._loss_and_gradients(inputs, targets, arrays)
        gradients = [_summed(gradient) for gradient in found]
        norm = tf.linalg.global_norm(gradients)
        share = tf.minimum(1.0, self._plan.clip / tf.maximum(norm, 1e-12))
        for total, gradient in zip(self._sums, gradients):
            if isinstance(gradient, tf.IndexedSlices):
                total.scatter_add(tf.IndexedSlices(gradient.values * share, gradient.indices))
            else:
                total.assign_add(gradient * share)
        return loss

    def _apply_sums(self, noise: list[tf.Tensor]) -> None:
        batch = self._plan.expected_batch
        gradients = [(total + drawn) / batch for total, drawn in zip(self._sums, noise)]
        self._optimizer.apply_gradients(zip(gradients, self._weights))
        for addition in self._additions:
            addition.after_update()


def _summed(gradient: Any) -> Any:
    """A table's gradient with each of its rows once: only then is its norm the gradient's."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    ids, places = tf.unique(gradient.indices)
    return tf.IndexedSlices(tf.math.unsorted_segment_sum(gradient.values, places, tf.size(ids)), ids)


def _rows(batch: Batch) -> list[tuple[Any, ...]]:
    """Each row of `batch` without its padding: its index in the training set and the arguments of an update."""
    assert batch.rows is not None
    found = []
    for row, (index, mask) in enumerate(zip(batch.rows.tolist(), batch.inputs.attention_mask)):
        length = int(mask.sum())
        inputs = tuple(values[row : row + 1, :length] for values in batch.inputs[:3])
        targets = tuple(values[row : row + 1] for values in batch.targets)
        found.append((index, inputs, targets, tuple(() for _ in batch.additions)))
    return found

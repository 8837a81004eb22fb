"""All steps of a training: epochs, scores, early stopping; `Training` can be stopped after any step and go on.

After Prechelt 1998, *Early Stopping, But When?*: the weights that are kept are those of the epoch with the best score
on the development set, and the training ends after `patience` epochs that brought no better one.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping

import numpy as np

from albert_edge.errors import CheckFailedError, StoppedError
from albert_edge.metrics import classification_report
from albert_edge.model.heads import build_model
from albert_edge.model.predictor import BatchScorer, pad
from albert_edge.model.weights import load_state_dict, state_dict
from albert_edge.training.batches import Batch, batch_count, drop_words, epoch_batches
from albert_edge.training.data import Encoded, balanced_weights
from albert_edge.training.interruption import noticed_interruption
from albert_edge.training.optimization import TrainStep, under
from albert_edge.training.reporting import Reporter
from albert_edge.training.settings import TrainingSettings
from albert_edge.training.snapshot import Position
from albert_edge.training.start import Start

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DROPPED_WORDS = 1
"""Keeps the random numbers that drop words in step n apart from those that order epoch n."""


class Training:
    """The model of `start` on its way: `run` takes it from where it is to the end."""

    def __init__(self, start: Start, train: Encoded, dev: Encoded, settings: TrainingSettings) -> None:
        self.position = Position()
        self.best: Mapping[str, NDArray[np.float32]] = {}
        """Weights of the best epoch so far."""
        self.steps_per_epoch = batch_count(len(train.texts), settings.batch_size)
        self._epochs = settings.epochs_for(len(train.texts))
        self._patience = settings.patience or max(3, self._epochs // 4)
        self.total_steps = self._epochs * self.steps_per_epoch
        """Updates if no early stopping ends the training."""
        self._tokenizer = start.tokenizer
        self._train = train
        self._dev = dev
        self._settings = settings
        self._model = build_model(start.config)
        load_state_dict(self._model, start.tensors)
        self._scorer = BatchScorer(self._model)
        weights = balanced_weights(train.labels, len(start.config.labels))
        self._step = TrainStep(
            self._model, settings, self.total_steps, weights if settings.class_weights == "balanced" else None
        )

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or the last `patience` ones brought no better score."""
        epochs, best = len(self.position.history), self.position.best_epoch
        return epochs >= self._epochs or (best is not None and epochs - 1 - best >= self._patience)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Everything that a training changes and is a tensor."""
        return {**self._step.tensors(), **{f"best/{name}": values for name, values in self.best.items()}}

    def restore(self, position: Position, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `tensors` returned at `position`."""
        self.position = position
        self.best = under("best/", tensors)
        self._step.restore(tensors)

    def run(self, keep: Callable[[], None], keep_every: int, reporter: Reporter) -> None:
        """Train to the end. `keep` stores this object; it is called after `keep_every` steps and after each epoch.

        Raises `StoppedError` after Ctrl-C, everything stored, and `CheckFailedError` if the loss isn't a finite number.
        """
        reporter.start(self.position.step, self.total_steps)
        try:
            with noticed_interruption() as interruption:
                while not self.finished:
                    for step in self._rest_of_epoch(reporter):
                        if interruption.requested or step % keep_every == 0:
                            keep()
                        if interruption.requested:
                            raise StoppedError(
                                f"stopped after step {step} of {self.total_steps}; the same command goes on from there"
                            )
                    self._score_epoch(reporter)
                    keep()
        finally:
            reporter.end()

    def best_scores(self) -> dict[str, Any]:
        """What the best weights reach on the development set; the model holds them from then on."""
        load_state_dict(self._model, self.best)
        return score(self._scorer, self._dev)

    def _rest_of_epoch(self, reporter: Reporter) -> Iterator[int]:
        """Make the epoch's updates that are still to be made; yields the number of each one."""
        position, epoch = self.position, len(self.position.history)
        batches = epoch_batches(self._train.lengths, self._settings.batch_size, self._settings.seed, epoch)
        for index in range(position.step - epoch * len(batches), len(batches)):
            started = time.perf_counter()
            loss = self._step(self._batch(batches[index]))
            if not math.isfinite(loss):
                raise CheckFailedError(
                    f"the training loss must stay a finite number (start over with --restart and a lower "
                    f"--learning-rate); received {loss} in step {position.step + 1}"
                )
            position.step += 1
            position.loss_sum += loss
            position.seconds += time.perf_counter() - started
            reporter.step(position.loss_sum / (index + 1))
            yield position.step

    def _batch(self, indices: NDArray[np.int64]) -> Batch:
        texts = [self._train.texts[index] for index in indices]
        tokenizer, share = self._tokenizer, self._settings.word_dropout
        if share:
            generator = np.random.default_rng([self._settings.seed, self.position.step, _DROPPED_WORDS])
            mask_id = tokenizer.unk_id if tokenizer.mask_id is None else tokenizer.mask_id
            texts = drop_words(texts, share, (tokenizer.cls_id, tokenizer.sep_id), mask_id, generator)
        return Batch(*pad(texts, tokenizer.pad_id), self._train.labels[indices])

    def _score_epoch(self, reporter: Reporter) -> None:
        position, started = self.position, time.perf_counter()
        scores = score(self._scorer, self._dev)
        position.seconds += time.perf_counter() - started
        record = {
            "epoch": len(position.history) + 1,
            "steps": position.step,
            "train_loss": position.loss_sum / self.steps_per_epoch,
            **{name: scores[name] for name in ("loss", "accuracy", "macro_f1")},
            "seconds": position.seconds,
        }
        position.history.append(record)
        position.loss_sum = 0.0
        best = position.best_epoch
        if best is None or self._rank(record) > self._rank(position.history[best]):
            position.best_epoch = len(position.history) - 1
            self.best = state_dict(self._model)
        reporter.epoch(record, self._epochs)

    def _rank(self, record: Mapping[str, Any]) -> tuple[float, float]:
        """Larger is better. Accuracies on a small development set are often equal: then the loss decides."""
        loss = -record["loss"]
        return (loss, loss) if self._settings.metric == "loss" else (record[self._settings.metric], loss)


def score(scorer: BatchScorer, data: Encoded) -> dict[str, Any]:
    """`classification_report` of the model on `data`, and `loss`, the mean cross-entropy in nats."""
    logits = scorer.logits(data.texts).astype(np.float64)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_probabilities[np.arange(len(data.labels)), data.labels].mean()
    report = classification_report(data.labels, logits.argmax(axis=1), scorer.model.config.labels)
    return {"loss": float(loss), **report}

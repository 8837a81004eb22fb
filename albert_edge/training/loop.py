"""All steps of a training: epochs, scores, early stopping; `Training` can be stopped after any step and go on.

After Prechelt 1998, *Early Stopping, But When?*: the weights that are kept are those of the epoch with the best score
on the development set, and the training ends after `patience` epochs that brought no better one.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import time
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Mapping

import numpy as np

from albert_edge.errors import CheckFailedError, StoppedError
from albert_edge.model.heads import build_model
from albert_edge.model.predictor import BatchScorer
from albert_edge.model.weights import load_state_dict, state_dict
from albert_edge.pipelines import make_pipeline
from albert_edge.training.additions import make_additions, quantization_for
from albert_edge.training.batches import Batch, batch_count, drop_words, epoch_batches, make_batch
from albert_edge.training.dp.step import PrivateStep
from albert_edge.training.interruption import noticed_interruption
from albert_edge.training.optimization import TrainStep, addition_tensors, restore_additions, under
from albert_edge.training.recipes import LOSS, LOWER_IS_BETTER, shown
from albert_edge.training.reporting import Reporter
from albert_edge.training.snapshot import Position

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.training.preparation import Prepared

_DROPPED_WORDS, _DRAWN_ITEMS = 1, 2
"""Keep the random numbers that drop words and draw items in step n apart from those that order epoch n."""


class Training:
    """The prepared model on its way: `run` takes it from where it is to the end.

    `additions` are then in their state of the best epoch, whose weights are `best`.
    """

    def __init__(self, prepared: Prepared) -> None:
        self._objective, self._settings = prepared.objective, prepared.objective.settings
        self._train, self._dev, self._tokenizer = prepared.train, prepared.dev, prepared.start.tokenizer
        self.position = Position()
        self.best: Mapping[str, NDArray[np.float32]] = {}
        """Weights of the best epoch so far, as they are to be saved."""
        self._best_additions: Mapping[str, NDArray[Any]] = {}
        self._replay = prepared.replay
        settings = self._settings
        inputs = len(self._train.texts) if self._replay is None else len(self._replay.inputs(0))
        self.steps_per_epoch = batch_count(inputs, settings.batch_size)
        self._epochs = settings.epochs_for(inputs, self._objective.request.recipe.texts_seen)
        self._patience = settings.patience or max(3, self._epochs // 4)
        self.total_steps = self._epochs * self.steps_per_epoch
        """Updates if no early stopping ends the training."""
        self._build(prepared)

    def _build(self, prepared: Prepared) -> None:
        start, task = prepared.start, prepared.request.task
        self._model = build_model(start.config, task, quantization_for(prepared))
        load_state_dict(self._model, start.tensors)
        self._scorer = BatchScorer(self._model)
        self._pipeline = make_pipeline(task, start.config, start.tokenizer, start.config.max_position_embeddings)
        self.additions = make_additions(prepared, self._model, self.total_steps)
        arguments = (self._model, self._objective, start.trained, self.total_steps, self.additions)
        private = None if prepared.privacy is None else PrivateStep(*arguments, prepared.privacy)
        self._private, self._step = private, private or TrainStep(*arguments)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or the last `patience` ones brought no better score."""
        epochs, best = len(self.position.history), self.position.best_epoch
        return epochs >= self._epochs or (best is not None and epochs - 1 - best >= self._patience)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Everything that a training changes and is a tensor."""
        best = {f"best/{name}": values for name, values in self.best.items()}
        return {**self._step.tensors(), **best, **{f"best-{name}": at for name, at in self._best_additions.items()}}

    def restore(self, position: Position, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `tensors` returned at `position`."""
        self.position = position
        self.best = under("best/", tensors)
        self._best_additions = {
            f"additions/{name}": values for name, values in under("best-additions/", tensors).items()
        }
        self._step.restore(tensors)

    def run(self, keep: Callable[[], None], keep_every: int, reporter: Reporter) -> None:
        """Train to the end. `keep` stores this object; it is called after `keep_every` steps and after each epoch.

        Raises `StoppedError` after Ctrl-C, everything stored, and `CheckFailedError` if the loss isn't a finite number.
        """
        if not self.finished:
            for addition in self.additions:
                addition.begin(reporter)
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
        restore_additions(self.additions, self._best_additions)

    def _rest_of_epoch(self, reporter: Reporter) -> Iterator[int]:
        """Make the epoch's updates that are still to be made; yields the number of each one."""
        position, epoch = self.position, len(self.position.history)
        batches = self._epoch_rows(epoch)
        for index in range(position.step - epoch * len(batches), len(batches)):
            started = time.perf_counter()
            for addition in self.additions:
                addition.before_step(position.step)
            rows = batches[index]
            loss = self._step(self._training_batch(rows) if len(rows) else None)
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

    def _epoch_rows(self, epoch: int) -> list[NDArray[np.int64]]:
        """The rows of each update of the epoch."""
        if self._private is None:
            chosen = None if self._replay is None else self._replay.inputs(epoch)
            return epoch_batches(self._train.lengths, self._settings.batch_size, self._settings.seed, epoch, chosen)
        return [self._private.rows(epoch * self.steps_per_epoch + index) for index in range(self.steps_per_epoch)]

    def _training_batch(self, indices: NDArray[np.int64]) -> Batch:
        seed, step, share = self._settings.seed, self.position.step, self._settings.word_dropout
        tokenizer = self._tokenizer
        drawn = np.random.default_rng([seed, step, _DRAWN_ITEMS])
        items = self._objective.batch(self._train, indices, tokenizer, drawn)
        texts = items.texts
        further = tuple(tuple(addition.arrays(indices, items)) for addition in self.additions)
        if share:
            mask_id = tokenizer.unk_id if tokenizer.mask_id is None else tokenizer.mask_id
            generators = self._word_generators(indices)
            texts = drop_words(texts, share, (tokenizer.cls_id, tokenizer.sep_id), mask_id, generators)
        return make_batch(texts, items.targets, tokenizer.pad_id)._replace(additions=further, rows=indices)

    def _word_generators(self, indices: NDArray[np.int64]) -> Iterable[np.random.Generator]:
        """What drops the words of each row: a private one's own, else one for all of them in their order."""
        step = self.position.step
        if self._private is not None:
            return self._private.word_generators(step, indices)
        return itertools.repeat(np.random.default_rng([self._settings.seed, step, _DROPPED_WORDS]))

    def _dev_batches(self) -> Iterator[Batch]:
        """All of dev, in batches of about one length; what is drawn is the same in every epoch."""
        order = np.argsort(self._dev.lengths, kind="stable")
        size = self._settings.batch_size
        for start in range(0, len(order), size):
            drawn = np.random.default_rng([self._settings.seed, start, _DRAWN_ITEMS])
            items = self._objective.batch(self._dev, order[start : start + size], self._tokenizer, drawn)
            yield make_batch(items.texts, items.targets, self._tokenizer.pad_id)

    def _scores(self, weights: Mapping[str, NDArray[np.float32]]) -> dict[str, Any]:
        """What the model reaches on dev with `weights`, which are its own as they are to be saved."""
        # Not with those that it learns with: zeros that are still to come count in the loss too.
        with self._holding(self._objective.scale(weights)):
            scores = {LOSS: self._step.loss(self._dev_batches())}
        with self._holding(weights):
            scores.update(self._objective.score(self._scorer, self._pipeline))
        return scores

    def dev_by_depth(self) -> list[dict[str, Any]]:
        """What the best weights reach on dev after each layer, the last one excepted, which `position` tells of."""
        with self._holding(self.best):
            return [
                self._objective.score(BatchScorer(self._model, max_depth=depth), self._pipeline)
                for depth in range(1, self._model.config.num_hidden_layers)
            ]

    @contextlib.contextmanager
    def _holding(self, weights: Mapping[str, NDArray[np.float32]]) -> Iterator[None]:
        """The model has `weights` for a while."""
        learnt = state_dict(self._model)
        load_state_dict(self._model, weights)
        yield
        load_state_dict(self._model, learnt)

    def _score_epoch(self, reporter: Reporter) -> None:
        position, started = self.position, time.perf_counter()
        weights = self._objective.unscale(state_dict(self._model))
        for addition in self.additions:
            weights = addition.saved(weights)
        scores = self._scores(weights)
        position.seconds += time.perf_counter() - started
        metrics = self._objective.request.metrics
        record = {
            "epoch": len(position.history) + 1,
            "steps": position.step,
            # The exact loss of private rows isn't covered by the guarantee, and the history is published.
            **({} if self._private else {"train_loss": position.loss_sum / self.steps_per_epoch}),
            **{name: scores[name] for name in metrics},
            "seconds": position.seconds,
        }
        position.history.append(record)
        position.loss_sum = 0.0
        best = position.best_epoch
        if best is None or self._rank(record) > self._rank(position.history[best]):
            position.best_epoch = len(position.history) - 1
            position.best_scores = scores
            self.best, self._best_additions = weights, addition_tensors(self.additions)
        words = [shown(self._objective.request.task, name, record[name]) for name in metrics if name != LOSS]
        reporter.epoch(record, self._epochs, ", ".join(words))

    def _rank(self, record: Mapping[str, Any]) -> tuple[float, float]:
        """Larger is better. Scores on a small development set are often equal: then the loss decides."""
        metric = self._settings.metric
        # A correlation is None where all answers are equal: as bad as can be.
        value = -math.inf if record[metric] is None else record[metric]
        return -value if metric in LOWER_IS_BETTER else value, -record[LOSS]

"""All updates of a pretraining: batches, the log, evaluations; `Pretraining` can be stopped after any update."""

from __future__ import annotations

import dataclasses
import math
import time
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, Optional, Sequence

from albert_edge.errors import CheckFailedError, DataError, StoppedError
from albert_edge.model.heads import build_model
from albert_edge.model.precision import computed_in
from albert_edge.model.weights import load_state_dict, state_dict
from albert_edge.training.interruption import Interruption, noticed_interruption
from albert_edge.training.pretraining.devices import Devices
from albert_edge.training.pretraining.evaluation import HeldOut
from albert_edge.training.pretraining.log import Log
from albert_edge.training.pretraining.mixing import Mixture, Places
from albert_edge.training.pretraining.settings import length_stages
from albert_edge.training.pretraining.start import TASK
from albert_edge.training.pretraining.step import PretrainStep, Sums
from albert_edge.training.pretraining.stream import Example, Place
from albert_edge.training.reporting import Reporter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.config import AlbertConfig
    from albert_edge.text.tokenizer import Tokenizer
    from albert_edge.training.pretraining.records import Corpus
    from albert_edge.training.pretraining.settings import PretrainingSettings


@dataclasses.dataclass
class PretrainingPosition:
    """How far a pretraining is: everything that changes and isn't a tensor."""

    step: int = 0
    """Updates made."""
    epoch: int = 0
    shard: int = 0
    item: int = 0
    """What comes next: see `Place`."""
    replay: list[int] = dataclasses.field(default_factory=lambda: [0, 0, 0])
    """The same of the corpus that is replayed."""
    tokens: int = 0
    """Seen, padding and special pieces among them."""
    seconds: float = 0.0
    """Of all sessions, evaluations among them."""
    cpu_seconds: float = 0.0
    """Of the processor, of all sessions: on a machine that is shared, what they would have been alone. With several
    workers, of the first one."""
    sums: list[float] = dataclasses.field(default_factory=lambda: [0.0] * len(Sums._fields))
    """Of the updates since the log's last line."""
    line_tokens: int = 0
    line_seconds: float = 0.0
    """Of those updates."""


@dataclasses.dataclass(frozen=True)
class Pace:
    """How often something happens, in updates; no influence on the weights."""

    log_every: int
    evaluate_every: int
    held_out_inputs: int
    """Inputs of each held-out corpus in an evaluation on the way."""


class Pretraining:
    """A model on its way: `run` takes it from where it is to the end."""

    def __init__(
        self,
        config: AlbertConfig,
        tokenizer: Tokenizer,
        tensors: Optional[Mapping[str, NDArray[np.float32]]],
        corpus: Mixture,
        held_out: Mapping[str, Corpus],
        settings: PretrainingSettings,
        pace: Pace,
        devices: Optional[Devices] = None,
    ) -> None:
        """`tensors`: the first weights, None for those of a position that is about to be restored."""
        self.position, self._devices = PretrainingPosition(), devices or Devices()
        for length, _ in length_stages(settings.lengths, settings.steps):
            self._devices.check_batch(settings.inputs_at(length), settings.accumulate)
        self._tokenizer, self._corpus, self._settings, self._pace = tokenizer, corpus, settings, pace
        self._held_out_corpora = held_out if self._devices.workers.is_chief else {}
        # The folder's config is for fine-tuning. As in google-research/albert the order's head has the same dropout.
        names = ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout_prob")
        with self._devices.scope(), computed_in(settings.precision):
            model = build_model(config.replace(**dict.fromkeys(names, settings.dropout)), TASK)
        if tensors is not None:
            load_state_dict(model, tensors)
        self._step = PretrainStep(model, settings, self._devices)
        self._held_out = self._scored_on(settings.measured_length, pace.held_out_inputs)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Everything that changes and is a tensor."""
        return self._step.tensors()

    def saved(self) -> dict[str, NDArray[np.float32]]:
        """The weights that a model folder gets."""
        return self._step.saved()

    def restore(self, position: PretrainingPosition, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `tensors` returned at `position`."""
        self.position = position
        self._step.restore(tensors)
        self._step.depth = self._settings.depth_at(max(0, position.step - 1))

    def scores(self, most: int) -> dict[str, dict[str, Any]]:
        """What the weights that are saved reach on each held-out corpus, up to `most` inputs of it."""
        return self._scores(self._scored_on(self._settings.measured_length, most))

    def scores_of(self, most: int, weights: Mapping[str, NDArray[np.float32]]) -> dict[str, dict[str, Any]]:
        """The same of other `weights` of this model."""
        return self._scores(self._scored_on(self._settings.measured_length, most), weights)

    def run(self, keep: Callable[[], None], keep_seconds: float, log: Log, reporter: Reporter) -> None:
        """Make all updates that are left. `keep` stores this object: after each evaluation and `keep_seconds`.

        Raises `StoppedError` after Ctrl-C at any worker, everything stored, and `CheckFailedError` if the loss isn't a
        finite number.
        """
        total, position = self._settings.steps, self.position
        reporter.start(position.step, total)
        stored = time.monotonic()
        try:
            with noticed_interruption() as interruption:
                for sums in self._updates(interruption):
                    self._look_after(sums, log, reporter)
                    if time.monotonic() - stored >= keep_seconds or self._is_due(self._pace.evaluate_every):
                        keep()
                        stored = time.monotonic()
                    if self._stops(interruption) and position.step < total:
                        keep()
                        raise StoppedError(
                            f"stopped after update {position.step} of {total}; the same command goes on from there"
                        )
        finally:
            reporter.end()

    def _stops(self, interruption: Interruption) -> bool:
        # Several workers have to stop behind the same update: the next one tells them.
        return self._step.stop_asked if self._devices.workers.count > 1 else interruption.requested

    def _updates(self, interruption: Interruption) -> Iterator[Sums]:
        position, batches = self.position, self._batches()
        while position.step < self._settings.steps:
            started = time.perf_counter(), time.process_time()
            batch, behind = next(batches)
            self._step.depth = self._settings.depth_at(position.step)
            sums = self._step.update(batch, interruption.requested)
            found = [float(value) for value in sums]
            if not math.isfinite(found[0] + found[3]):
                raise CheckFailedError(
                    f"the loss must stay a finite number (start over with --restart and a lower --learning-rate); "
                    f"received {found[0] + found[3]} in update {position.step + 1}"
                )
            position.step += 1
            (position.epoch, position.shard, position.item), position.replay = behind.corpus, list(behind.replay)
            tokens = batch.input_ids.size * self._devices.workers.count
            position.tokens += tokens
            position.line_tokens += tokens
            position.sums = [old + new for old, new in zip(position.sums, found)]
            position.line_seconds += self._spent(started)
            yield sums

    def _batches(self) -> Iterator[tuple[Example, Places]]:
        """A batch for the update that is next, without end, whatever stage that is in."""
        position, settings = self.position, self._settings
        while True:
            length = settings.length_at(position.step)
            # A stage begins with a new epoch, also where the pretraining was stopped just before it.
            if length != settings.length_at(max(0, position.step - 1)):
                position.epoch, position.shard, position.item = position.epoch + 1, 0, 0
                position.replay = [position.replay[0] + 1, 0, 0]
            places = Places(Place(position.epoch, position.shard, position.item), Place(*position.replay))
            rows = self._devices.workers.index, self._devices.workers.count
            for batch in self._corpus.batches(self._tokenizer, settings, length, places, *rows):
                yield batch
                if position.step < settings.steps and settings.length_at(position.step) != length:
                    break

    def _spent(self, started: tuple[float, float]) -> float:
        seconds = time.perf_counter() - started[0]
        self.position.seconds += seconds
        self.position.cpu_seconds += time.process_time() - started[1]
        return seconds

    def _is_due(self, every: int) -> bool:
        return self.position.step % every == 0 or self.position.step == self._settings.steps

    def _look_after(self, sums: Sums, log: Log, reporter: Reporter) -> None:
        """Log and evaluate, where it is time for it."""
        position = self.position
        reporter.step(float(sums.masked_loss) / max(1.0, float(sums.masked)))
        if self._is_due(self._pace.log_every):
            log.add({**self._progress(), **learnt(position.sums), **self._speed()})
            position.sums, position.line_tokens, position.line_seconds = [0.0] * len(position.sums), 0, 0.0
        if self._is_due(self._pace.evaluate_every) and self._devices.workers.is_chief:
            started = time.perf_counter(), time.process_time()
            scores = self._scores(self._held_out)
            self._spent(started)
            log.add({**self._progress(), "held_out": scores})
            words = [f"loss {line['loss']:.3f}" for line in log.lines if "loss" in line][-1:]
            found = [f"{name} {each['accuracy']:.1%} ({each['loss']:.3f})" for name, each in scores.items()]
            words += ["accuracy (loss) " + ", ".join(found)] if found else []
            reporter.note(f"update {position.step} of {self._settings.steps}: {'; '.join(words)}")

    def _progress(self) -> dict[str, Any]:
        position = self.position
        return {
            "step": position.step,
            "tokens": position.tokens,
            "epoch": position.epoch,
            "seconds": round(position.seconds, 1),
            "cpu_seconds": round(position.cpu_seconds, 1),
        }

    def _speed(self) -> dict[str, Any]:
        speed = self.position.line_tokens / self.position.line_seconds
        return {"learning_rate": self._step.learning_rate(), "tokens_per_second": round(speed, 1)}

    def _scored_on(self, length: int, most: int) -> dict[str, HeldOut]:
        return {
            name: HeldOut(corpus, self._tokenizer, self._settings, length, most)
            for name, corpus in self._held_out_corpora.items()
        }

    def _scores(
        self, held_out: Mapping[str, HeldOut], weights: Optional[Mapping[str, NDArray[np.float32]]] = None
    ) -> dict[str, dict[str, Any]]:
        model = self._step.model
        learnt_weights = state_dict(model)
        if weights is None:
            self._step.hold_means()
        else:
            load_state_dict(model, weights)
        scores = {name: each.scores(self._step) for name, each in held_out.items()}
        load_state_dict(model, learnt_weights)
        return scores


def learnt(sums: Sequence[float]) -> dict[str, float]:
    """Losses in nats and accuracies of the training itself, from the fields of `Sums` added up.

    Raises `DataError` where nothing was asked for in so many inputs that it is no chance.
    """
    loss, right, masked, order_loss, order_right, pairs = sums
    if not masked and pairs > 100:
        raise DataError(f"a corpus must have pieces that can be masked; received none in {pairs:.0f} inputs")
    masked = max(masked, 1.0)
    return {
        "loss": loss / masked,
        "accuracy": right / masked,
        "order_loss": order_loss / pairs,
        "order_accuracy": order_right / pairs,
    }

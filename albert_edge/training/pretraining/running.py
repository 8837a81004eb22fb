"""A pretraining from its beginning to its folder, whatever it begins from; it can be killed at any time and go on.

While it runs `OUT.pretraining` holds `snapshot.safetensors`, from which the same call goes on, `log.jsonl`,
`curves.png`, and `latest`, a model folder of the weights at the last evaluation. At the end the model, its record, log
and curves go to `OUT`.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import shutil
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Sequence

import albert_edge
from albert_edge.errors import ConfigError
from albert_edge.files import PathLike, atomic_write, reported_as
from albert_edge.model.folder import check_output_folder, write_folder
from albert_edge.rules import Rules, check_rules, is_count, is_number
from albert_edge.training.pretraining.curves import curves
from albert_edge.training.pretraining.records import Corpus, open_corpus
from albert_edge.training.pretraining.settings import PretrainingSettings
from albert_edge.training.pretraining.start import TASK, Beginning
from albert_edge.training.pretraining.workers import WorkerLostError, configured_workers
from albert_edge.training.report import environment
from albert_edge.training.reporting import Reporter
from albert_edge.training.snapshot import Snapshot, check_same_request, read_snapshot, write_snapshot

if TYPE_CHECKING:
    from albert_edge.training.pretraining.board import Board
    from albert_edge.training.pretraining.devices import Devices
    from albert_edge.training.pretraining.log import Log
    from albert_edge.training.pretraining.mixing import Mixture
    from albert_edge.training.pretraining.trainer import Pretraining

SCHEMA_VERSION = 1
SNAPSHOT_FILE, LOG_FILE, CURVES_FILE, LATEST = "snapshot.safetensors", "log.jsonl", "curves.png", "latest"

ALL_INPUTS = 4096
"""Of each held-out corpus, at most, at the end."""


@dataclasses.dataclass(frozen=True)
class Session:
    """How a pretraining runs: no influence on the weights."""

    overwrite: bool = False
    """Whether a finished output may be replaced."""
    restart: bool = False
    """Whether what a stopped one left is forgotten."""
    checkpoint_seconds: float = 300
    """From one snapshot to the next."""
    log_every: int = 50
    """Updates from one line of the log to the next."""
    evaluate_every: int = 500
    held_out_inputs: int = 256
    """Of each held-out corpus, in those evaluations."""
    threads: Optional[int] = None
    """Of TensorFlow; None: as many as there are cores."""
    tensorboard: Optional[PathLike] = None
    """A folder in which one of the output's name gets event files."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """All that decides the weights, and what they are measured on."""

    beginning: Beginning
    text: Mixture
    held_out: Mapping[str, Corpus]
    settings: PretrainingSettings

    def facts(self) -> dict[str, Any]:
        """What decides the weights, as JSON values."""
        settings, version = self.settings.to_dict(), {"project_version": albert_edge.__version__}
        return {**self.beginning.facts, **self.text.facts(), **settings, **version}


Further = Callable[["Pretraining", Mapping[str, Any]], Mapping[str, Any]]
"""(a finished pretraining, its report) -> what is to be reported beside it."""


def session_of(arguments: Mapping[str, Any]) -> tuple[Session, dict[str, Any]]:
    """The session that `arguments` choose, and those of them that are settings; raises `ConfigError` for a value out
    of its range."""
    names = {field.name for field in dataclasses.fields(Session)}
    chosen = {name: value for name, value in arguments.items() if name in names}
    session = Session(**chosen)
    check_rules(session, _RULES)
    return session, {name: value for name, value in arguments.items() if name not in names}


_RULES: Rules = {
    "checkpoint_seconds": ("a number that is not negative", lambda value: is_number(value) and value >= 0),
    "log_every": ("a positive integer", is_count),
    "evaluate_every": ("a positive integer", is_count),
    "held_out_inputs": ("a positive integer", is_count),
}


def run(
    plan: Plan, out: PathLike, session: Session, reporter: Reporter, further: Optional[Further] = None
) -> dict[str, Any]:
    """Make all updates of `plan`, or those that are left, and write the folder `out`; returns its `training.json`.

    All GPUs share the work, and with `TF_CONFIG` all workers, which must see the same folders: the first one writes.

    Raises an `AlbertEdgeError` for bad use or bad input, `CheckFailedError` if the loss stops being a number,
    `StoppedError` after Ctrl-C, `WorkerLostError` if another worker is gone.
    """
    workers, work = configured_workers(), work_folder(Path(out))
    check_output_folder(out, session.overwrite)
    plan.text.check(plan.settings, workers.count)
    if session.restart and workers.is_chief:
        shutil.rmtree(work, ignore_errors=True)
    kept = _Kept(work, plan)
    # TensorFlow takes seconds to start: only now, that nothing is left to complain about.
    from albert_edge.training.pretraining.devices import open_devices
    from albert_edge.training.threads import use_threads

    used_threads = use_threads(session.threads)
    devices = open_devices(workers)
    with devices.noticed_loss():
        training, log = kept.open(session, devices, reporter)
        if session.tensorboard is not None and workers.is_chief:
            log.board = _board(Path(session.tensorboard) / Path(out).resolve().name, log)
        store = functools.partial(kept.store, training, log) if workers.is_chief else _nothing
        training.run(store, session.checkpoint_seconds, log, reporter)
        report = _report(training, plan, used_threads, log, further)
    if workers.is_chief:
        _write(plan, training, report, out, session.overwrite)
        atomic_write(Path(out) / LOG_FILE, log.data())
        atomic_write(Path(out) / CURVES_FILE, curves(log.lines))
    _leave_together(devices)
    if workers.is_chief:
        shutil.rmtree(work)
    return report


def _leave_together(devices: Devices) -> None:
    """Wait until all is written: who is gone before would count as lost. Nothing is left that the first could lose."""
    try:
        with devices.noticed_loss():
            devices.total([0.0])
    except WorkerLostError:
        if not devices.workers.is_chief:
            raise


def _write(plan: Plan, training: Pretraining, record: Mapping[str, Any], out: PathLike, overwrite: bool) -> None:
    """The model as deep as it was in the last update: more of its layers it may not have learnt to apply yet."""
    config, tokenizer = plan.beginning.config, plan.beginning.tokenizer
    depth = plan.settings.depth_at(max(0, training.position.step - 1))
    config = config.replace(num_hidden_layers=depth or config.num_hidden_layers)
    write_folder(out, config, training.saved(), tokenizer, task=TASK, training=record, overwrite=overwrite)


def _board(folder: Path, log: Log) -> Board:
    from albert_edge.training.pretraining.board import Board

    return Board(folder, log.lines)


def _nothing() -> None:
    """What other workers than the first one store."""


def work_folder(out: Path) -> Path:
    """Where the pretraining that will write `out` keeps what it needs to go on."""
    resolved = out.resolve()
    return resolved.with_name(f"{resolved.name}.pretraining")


class _Kept:
    """The folder `work` of a pretraining that runs: opened once, stored into again and again."""

    def __init__(self, work: Path, plan: Plan) -> None:
        self._work, self._plan, self._facts = work, plan, plan.facts()
        self._evaluated: Optional[int] = None

    def open(self, session: Session, devices: Devices, reporter: Reporter) -> tuple[Pretraining, Log]:
        """The pretraining where it is, and its log up to there; of another worker than the first, an empty log."""
        from albert_edge.training.pretraining.log import Log
        from albert_edge.training.pretraining.trainer import Pace, Pretraining, PretrainingPosition

        plan, path = self._plan, self._work / SNAPSHOT_FILE
        stored = read_snapshot(path, PretrainingPosition)
        self._check_agreement(devices, 0 if stored is None else stored.position.step)
        if stored is not None:
            check_same_request(path, stored.request, self._facts)
        # A snapshot's weights replace the first ones, which take a while to count.
        tensors = plan.beginning.tensors() if stored is None else None
        pace = Pace(session.log_every, session.evaluate_every, session.held_out_inputs)
        config, tokenizer = plan.beginning.config, plan.beginning.tokenizer
        training = Pretraining(config, tokenizer, tensors, plan.text, plan.held_out, plan.settings, pace, devices)
        if stored is not None:
            training.restore(stored.position, stored.tensors)
            reporter.note(f"going on after update {training.position.step} of {plan.settings.steps}")
        if not devices.workers.is_chief:
            return training, Log(None)
        with reported_as(self._work):
            self._work.mkdir(parents=True, exist_ok=True)
        return training, Log(self._work / LOG_FILE, training.position.step)

    def _check_agreement(self, devices: Devices, step: int) -> None:
        if not devices.agree(zlib.crc32(json.dumps(self._facts, sort_keys=True).encode()) >> 8):
            raise ConfigError("all workers must get the same arguments and the same corpus; received others")
        if not devices.agree(step):
            raise ConfigError(
                f"all workers must go on from one snapshot, in a folder that they share; received {self._work} with "
                f"that of update {step} here and of another one elsewhere"
            )

    def store(self, training: Pretraining, log: Log) -> None:
        """The snapshot, and after an evaluation the model and the curves."""
        snapshot = Snapshot(self._facts, self._plan.beginning.tokenizer.model, training.position, training.tensors())
        write_snapshot(self._work / SNAPSHOT_FILE, snapshot)
        last = log.lines[-1] if log.lines else {}
        if "held_out" in last and last["step"] != self._evaluated:
            self._evaluated = last["step"]
            record = {"task": TASK, "request": self._facts, **last}
            _write(self._plan, training, record, self._work / LATEST, overwrite=True)
            atomic_write(self._work / CURVES_FILE, curves(log.lines))


def open_held_out(folders: Sequence[PathLike], corpus: Corpus) -> dict[str, Corpus]:
    """The corpora in `folders` by the names that log and report have for them: that of the folder above `train` or
    `held-out`, else its own.

    Raises `ConfigError` for two of one name, and for one whose vocabulary isn't that of `corpus`.
    """
    found: dict[str, Corpus] = {}
    for path in folders:
        resolved = Path(path).resolve()
        name = resolved.parent.name if resolved.name in ("train", "held-out") else resolved.name
        if name in found:
            raise ConfigError(f"held-out corpora must have names of their own; received {name!r} twice")
        found[name] = open_corpus(path)
        check_vocabulary(found[name], corpus, "a held-out corpus", name)
    return found


def check_vocabulary(other: Corpus, corpus: Corpus, what: str, name: str) -> None:
    """Raises `ConfigError` unless both corpora were made with one vocabulary; `what` the `other` is, and its name."""
    if (other.vocabulary_sha256, other.tokenizer) != (corpus.vocabulary_sha256, corpus.tokenizer):
        raise ConfigError(f"{what} must have the corpus's vocabulary and options; received {name!r}")


def _report(training: Pretraining, plan: Plan, threads: int, log: Log, further: Optional[Further]) -> dict[str, Any]:
    position = training.position
    report = {
        "schema_version": SCHEMA_VERSION,
        "task": TASK,
        "parameters": sum(int(values.size) for values in training.saved().values()),
        "vocabulary_size": plan.beginning.config.vocab_size,
        "steps": position.step,
        "tokens": position.tokens,
        "epochs": position.epoch + 1,
        "seconds": position.seconds,
        "cpu_seconds": position.cpu_seconds,
        "held_out": training.scores(ALL_INPUTS),
        "history": [line for line in log.lines if "held_out" in line],
        "request": plan.facts(),
        "environment": environment(threads),
    }
    return {**report, **(further(training, report) if further else {})}

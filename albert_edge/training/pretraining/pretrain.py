"""The public `pretrain`: from a corpus of documents to a model folder that `train --from` starts from.

While it runs `OUT.pretraining` holds `snapshot.safetensors`, from which the same call goes on, `log.jsonl`,
`curves.png`, and `latest`, a model folder of the weights at the last evaluation. At the end the model, its record, log
and curves go to `OUT`.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence

import albert_edge
from albert_edge.errors import ConfigError
from albert_edge.files import PathLike, atomic_write, reported_as
from albert_edge.model.folder import check_output_folder, write_folder
from albert_edge.training.pretraining.curves import curves
from albert_edge.training.pretraining.records import Corpus, open_corpus
from albert_edge.training.pretraining.settings import PretrainingSettings
from albert_edge.training.pretraining.start import TASK, first_tensors, new_config, tokenizer_of
from albert_edge.training.report import environment
from albert_edge.training.reporting import Reporter
from albert_edge.training.snapshot import Snapshot, check_same_request, read_snapshot, write_snapshot

if TYPE_CHECKING:
    from albert_edge.config import AlbertConfig
    from albert_edge.text.tokenizer import Tokenizer
    from albert_edge.training.pretraining.log import Log
    from albert_edge.training.pretraining.trainer import Pace, Pretraining

SCHEMA_VERSION = 1
SNAPSHOT_FILE, LOG_FILE, CURVES_FILE, LATEST = "snapshot.safetensors", "log.jsonl", "curves.png", "latest"

ALL_INPUTS = 4096
"""Of each held-out corpus, at most, at the end."""


def pretrain(
    corpus: PathLike,
    out: PathLike,
    *,
    held_out: Sequence[PathLike] = (),
    size: str = "mini",
    layers: Optional[int] = None,
    overwrite: bool = False,
    restart: bool = False,
    checkpoint_seconds: float = 300,
    log_every: int = 50,
    evaluate_every: int = 500,
    held_out_inputs: int = 256,
    threads: Optional[int] = None,
    reporter: Optional[Reporter] = None,
    **settings: Any,
) -> dict[str, Any]:
    """Pretrain a model of a named `size` on the corpus folder `corpus` and write the folder `out`.

    `held_out`: corpora that are only measured. `settings` are those of `PretrainingSettings`. After an interruption, a
    kill -9 too, the same call goes on from the last snapshot, at most `checkpoint_seconds` before, to the same weights;
    `restart` starts over. Returns the report that `out` also holds as `training.json`.

    Raises an `AlbertEdgeError` for bad use or bad input, `CheckFailedError` if the loss stops being a number,
    `StoppedError` after Ctrl-C.
    """
    reporter = reporter or Reporter()
    chosen = PretrainingSettings.from_dict(settings)
    check_output_folder(out, overwrite)
    learnt_from = open_corpus(corpus)
    measured_on = {_name(path): open_corpus(path) for path in held_out}
    _check_vocabulary(learnt_from, measured_on)
    tokenizer = tokenizer_of(learnt_from)
    config = new_config(size, layers, tokenizer, chosen)
    work = work_folder(Path(out))
    if restart:
        shutil.rmtree(work, ignore_errors=True)
    kept = _Kept(work, config, tokenizer, _facts(size, layers, learnt_from, chosen))
    # TensorFlow takes seconds to start: only now, that nothing is left to complain about.
    from albert_edge.training.pretraining.trainer import Pace
    from albert_edge.training.threads import use_threads

    used_threads = use_threads(threads)
    pace = Pace(log_every, evaluate_every, held_out_inputs)
    training, log = kept.open(learnt_from, measured_on, chosen, pace, reporter)
    training.run(lambda: kept.store(training, log), checkpoint_seconds, log, reporter)
    report = _report(training, config, kept.facts, used_threads, log)
    write_folder(out, config, training.saved(), tokenizer, task=TASK, training=report, overwrite=overwrite)
    for name in (LOG_FILE, CURVES_FILE):
        shutil.copyfile(work / name, Path(out) / name)
    shutil.rmtree(work)
    return report


def work_folder(out: Path) -> Path:
    """Where the pretraining that will write `out` keeps what it needs to go on."""
    resolved = out.resolve()
    return resolved.with_name(f"{resolved.name}.pretraining")


class _Kept:
    """The folder `work` of a pretraining that runs: opened once, stored into again and again."""

    def __init__(self, work: Path, config: AlbertConfig, tokenizer: Tokenizer, facts: Mapping[str, Any]) -> None:
        self._work, self._config, self._tokenizer, self.facts = work, config, tokenizer, facts
        self._evaluated: Optional[int] = None

    def open(
        self,
        corpus: Corpus,
        held_out: Mapping[str, Corpus],
        settings: PretrainingSettings,
        pace: Pace,
        reporter: Reporter,
    ) -> tuple[Pretraining, Log]:
        """The pretraining where it is, and its log up to there."""
        from albert_edge.training.pretraining.log import Log
        from albert_edge.training.pretraining.trainer import Pretraining, PretrainingPosition

        path = self._work / SNAPSHOT_FILE
        stored = read_snapshot(path, PretrainingPosition)
        if stored is not None:
            check_same_request(path, stored.request, self.facts)
        # A snapshot's weights replace the first ones, which take a while to count.
        tensors = first_tensors(self._config, self._tokenizer, corpus, settings) if stored is None else None
        training = Pretraining(self._config, self._tokenizer, tensors, corpus, held_out, settings, pace)
        if stored is not None:
            training.restore(stored.position, stored.tensors)
            reporter.note(f"going on after update {training.position.step} of {settings.steps}")
        with reported_as(self._work):
            self._work.mkdir(parents=True, exist_ok=True)
        return training, Log(self._work / LOG_FILE, training.position.step)

    def store(self, training: Pretraining, log: Log) -> None:
        """The snapshot, and after an evaluation the model and the curves."""
        snapshot = Snapshot(self.facts, self._tokenizer.model, training.position, training.tensors())
        write_snapshot(self._work / SNAPSHOT_FILE, snapshot)
        last = log.lines[-1] if log.lines else {}
        if "held_out" in last and last["step"] != self._evaluated:
            self._evaluated = last["step"]
            record = {"task": TASK, "request": self.facts, **last}
            weights, folder = training.saved(), self._work / LATEST
            write_folder(folder, self._config, weights, self._tokenizer, task=TASK, training=record, overwrite=True)
            atomic_write(self._work / CURVES_FILE, curves(log.lines))


def _name(path: PathLike) -> str:
    """What a held-out corpus is called in log and report: the folder above `train` or `held-out`, else its own."""
    resolved = Path(path).resolve()
    return resolved.parent.name if resolved.name in ("train", "held-out") else resolved.name


def _check_vocabulary(corpus: Corpus, held_out: Mapping[str, Corpus]) -> None:
    for name, each in held_out.items():
        if (each.vocabulary_sha256, each.tokenizer) != (corpus.vocabulary_sha256, corpus.tokenizer):
            raise ConfigError(f"a held-out corpus must have the corpus's vocabulary and options; received {name!r}")


def _facts(size: str, layers: Optional[int], corpus: Corpus, settings: PretrainingSettings) -> dict[str, Any]:
    """Everything that decides the weights, as JSON values."""
    return {
        "size": size,
        "layers": layers,
        "corpus": corpus.facts(),
        **settings.to_dict(),
        "project_version": albert_edge.__version__,
    }


def _report(
    training: Pretraining, config: AlbertConfig, facts: Mapping[str, Any], threads: int, log: Log
) -> dict[str, Any]:
    position = training.position
    return {
        "schema_version": SCHEMA_VERSION,
        "task": TASK,
        "parameters": sum(int(values.size) for values in training.saved().values()),
        "vocabulary_size": config.vocab_size,
        "steps": position.step,
        "tokens": position.tokens,
        "epochs": position.epoch + 1,
        "seconds": position.seconds,
        "cpu_seconds": position.cpu_seconds,
        "held_out": training.scores(ALL_INPUTS),
        "history": [line for line in log.lines if "held_out" in line],
        "request": dict(facts),
        "environment": environment(threads),
    }

"""Training a model for a task, from data files to a model folder: the public `train`.

From a checkpoint this is fine-tuning as in Devlin et al. 2018, section 3.2; from a named size the same steps start at
random weights. What differs between the tasks lies in `objectives`. Leaves out pretraining on text too large for
memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from albert_edge.files import PathLike, reported_as
from albert_edge.model.folder import check_output_folder, write_folder
from albert_edge.model.hub import resolve_folder
from albert_edge.tasks import task_named
from albert_edge.text.tables import Columns
from albert_edge.training.forgetting import forgotten
from albert_edge.training.preparation import Prepared, prepare
from albert_edge.training.report import training_report
from albert_edge.training.reporting import Reporter
from albert_edge.training.request import Request, Source
from albert_edge.training.settings import TrainingSettings
from albert_edge.training.snapshot import (
    Snapshot,
    check_interval,
    check_same_request,
    partial_path,
    read_snapshot,
    write_snapshot,
)

if TYPE_CHECKING:
    from albert_edge.training.loop import Training


def train(
    task: str,
    train: PathLike,
    dev: PathLike,
    out: PathLike,
    *,
    size: Optional[str] = None,
    from_: Optional[PathLike] = None,
    layers: Optional[int] = None,
    vocab: Optional[PathLike] = None,
    vocab_size: Optional[int] = None,
    lower_case: Optional[bool] = None,
    keep_accents: bool = False,
    replay: Optional[PathLike] = None,
    old_dev: Optional[PathLike] = None,
    columns: Optional[Columns] = None,
    dev_columns: Optional[Columns] = None,
    overwrite: bool = False,
    restart: bool = False,
    checkpoint_every: int = 100,
    threads: Optional[int] = None,
    reporter: Optional[Reporter] = None,
    **settings: Any,
) -> dict[str, Any]:
    """Train on the file `train`, keep the weights that are best on the file `dev`, write the folder `out`.

    `task`: a name, long or short, of `tasks.TASKS`; which kinds of files it learns from is said in its objective.
    The model starts as a named `size` with random weights or as the checkpoint `from_`; see `Source` for that choice
    and the vocabulary's, `TrainingSettings` for the names in `settings`, `Columns` for the data files'
    columns; `dev_columns` are those of `dev` where they differ.
    Where a model goes on with new data, `replay` is a file of old ones, of which each epoch has the `replay_share`, and
    `old_dev` one on which the checkpoint is measured, and what becomes of it; labels that are new come behind its own.
    A model of a `size` that has a `teacher` takes the teacher's vocabulary if no `vocab` is given.
    `overwrite` lets a finished `out` be replaced. Every `checkpoint_every` steps the training is stored beside `out`;
    after an interruption, a kill -9 too, the same call goes on from there to the same weights. `restart` starts over.
    `threads`: of TensorFlow, None for as many as there are cores.

    Returns the report that `out` also holds as `training.json` (report.py). Raises an `AlbertEdgeError` for bad use or
    bad input, `CheckFailedError` if the loss stops being a number, `StoppedError` after Ctrl-C.
    """
    reporter = reporter or Reporter()
    task = task_named(task).name
    if from_ is None and vocab is None and settings.get("teacher") is not None:
        vocab = resolve_folder(settings["teacher"])
    source = Source(size, from_, layers, vocab, vocab_size, lower_case, keep_accents)
    chosen = TrainingSettings.from_dict(settings, from_checkpoint=from_ is not None, task=task)
    columns = columns or Columns()
    request = Request(task, train, dev, columns, dev_columns or columns, source, chosen, replay, old_dev)
    check_interval(checkpoint_every)
    check_output_folder(out, overwrite)
    path = partial_path(Path(out))
    stored = _stored(path, restart)
    prepared = prepare(request, None if stored is None else stored.vocabulary, reporter)
    if stored is not None:
        check_same_request(path, stored.request, prepared.facts)
    training, used_threads = _run(prepared, path, stored, checkpoint_every, threads, reporter)
    report = training_report(prepared, training, used_threads)
    config = prepared.objective.finish(prepared.start.config, report["dev"])
    for addition in training.additions:
        config = addition.settings(config)
    report.update(forgotten(prepared, config, training.best))
    tokenizer = prepared.start.tokenizer
    write_folder(out, config, training.best, tokenizer, task=task, training=report, overwrite=overwrite)
    path.unlink()
    return report


def _stored(path: Path, restart: bool) -> Optional[Snapshot]:
    """The snapshot at `path`, which `restart` forgets."""
    if restart:
        with reported_as(path):
            path.unlink(missing_ok=True)
    return read_snapshot(path)


def _run(
    prepared: Prepared,
    path: Path,
    stored: Optional[Snapshot],
    checkpoint_every: int,
    threads: Optional[int],
    reporter: Reporter,
) -> tuple[Training, int]:
    """Train to the end, keeping a snapshot at `path`; the finished training and TensorFlow's threads."""
    # TensorFlow takes seconds to start: only now, that nothing is left to complain about.
    from albert_edge.training.loop import Training
    from albert_edge.training.threads import use_threads

    used_threads = use_threads(threads)
    start = prepared.start
    training = Training(prepared)

    def keep() -> None:
        write_snapshot(path, Snapshot(prepared.facts, start.tokenizer.model, training.position, training.tensors()))

    if stored is None:
        keep()
    else:
        training.restore(stored.position, stored.tensors)
        reporter.note(f"going on after step {training.position.step} of {training.total_steps}")
    training.run(keep, checkpoint_every, reporter)
    return training, used_threads

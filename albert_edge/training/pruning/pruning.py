"""The public `prune`: take away what matters least, then let the model learn again as it was trained.

Either whole heads and feed-forward units go (`surgery`), or single weights become zero while the model learns
(`additions/sparsity.py`), or both. What is written is an ordinary model folder; its `training.json` says under
`pruning` what went and what that did.
"""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any, Mapping, Optional

from albert_edge.config import AlbertConfig
from albert_edge.errors import DataError, FolderError
from albert_edge.files import PathLike, read_json_object, reported_as
from albert_edge.model.folder import TRAINING_FILE, check_output_folder, read_checkpoint, task_of_folder, write_folder
from albert_edge.model.hub import resolve_folder
from albert_edge.model.tensors import BASE_PREFIX
from albert_edge.text.tables import Columns
from albert_edge.training.finetune import train as train_model
from albert_edge.training.preparation import Prepared, prepare
from albert_edge.training.pruning.figures import figures, note
from albert_edge.training.pruning.plan import PruningPlan
from albert_edge.training.pruning.settings import settings_of_a_further_training
from albert_edge.training.pruning.surgery import remaining
from albert_edge.training.recipes import LOSS
from albert_edge.training.reporting import Reporter
from albert_edge.training.request import Request, Source
from albert_edge.training.settings import TrainingSettings
from albert_edge.training.snapshot import check_interval, check_same_request


def prune(
    model: PathLike,
    train: PathLike,
    dev: PathLike,
    out: PathLike,
    *,
    sparsity: Optional[float] = None,
    heads: Optional[float] = None,
    ffn: Optional[float] = None,
    importance: str = "gradient",
    columns: Optional[Columns] = None,
    dev_columns: Optional[Columns] = None,
    overwrite: bool = False,
    restart: bool = False,
    checkpoint_every: int = 100,
    threads: Optional[int] = None,
    reporter: Optional[Reporter] = None,
    **settings: Any,
) -> dict[str, Any]:
    """Prune the folder `model`, train it on the file `train`, keep what is best on `dev`, write the folder `out`.

    `sparsity`: share of each matrix of the encoder that becomes zero; `heads`, `ffn`: shares of the attention heads and
    of the feed-forward units that stay, by `importance` (plan.py). `settings` are those of `TrainingSettings`; where
    one isn't given, the model learns as its own `training.json` says. The other arguments are those of `train`, and as
    there the same call goes on after an interruption: the work lies in `OUT.pruning` until it is done.

    Returns a dict, which `out`'s training.json has as `pruning` but for the first two keys: `folder`, `task`; `model`
    (as it was named); `plan`; `attention_heads`, `ffn_units` ({before, after}); `kept_heads` (block -> indices); `dev`
    ({before, after_pruning, after_training}, each the task's scores); `before` and `after` (the figures of figures.py);
    `epochs`, `best_epoch`, `seconds` (of the training); `note` (what this kind of pruning is good for). Raises an
    `AlbertEdgeError` as `train`.
    """
    plan, reporter = PruningPlan(sparsity, heads, ffn, importance), reporter or Reporter()
    check_output_folder(out, overwrite)
    folder = resolve_folder(model)
    config = AlbertConfig.load(folder)
    task = task_of_folder(config)
    if plan.structured:
        remaining(config, plan.heads or 1.0, plan.ffn or 1.0)
    # The training of the model as it is: by its objective it is measured what matters.
    chosen = settings_of_a_further_training(folder, config, task, {**settings, "sparsity": sparsity})
    trained_by = TrainingSettings.from_dict(chosen, from_checkpoint=True, task=task)
    columns = columns or Columns()
    request = Request(task, train, dev, columns, dev_columns or columns, Source(from_=model), trained_by)
    check_interval(checkpoint_every)
    work = _open_work(Path(out), restart)
    facts = _start(work / "start", request, plan, threads, reporter)
    if not (work / "trained").exists():
        run: dict[str, Any] = {"checkpoint_every": checkpoint_every, "threads": threads, "reporter": reporter}
        read_as: dict[str, Any] = {"columns": columns, "dev_columns": request.dev_columns}
        train_model(task, train, dev, work / "trained", from_=work / "start", **read_as, **run, **chosen)
    report = _written(work / "trained", out, request, plan, facts, overwrite)
    shutil.rmtree(work)
    return report


def work_folder(out: Path) -> Path:
    """Where a pruning that will write `out` keeps what it has done."""
    resolved = out.resolve()
    return resolved.with_name(f"{resolved.name}.pruning")


def _open_work(out: Path, restart: bool) -> Path:
    """`work_folder`, which `restart` empties; raises `FolderError` if something else has its name."""
    work = work_folder(out)
    if work.exists() and not work.is_dir():
        raise FolderError(f"a pruning must have a folder for its work; received the file {str(work)!r}")
    if restart and work.exists():
        with reported_as(work):
            shutil.rmtree(work)
    return work


def _start(
    path: Path, request: Request, plan: PruningPlan, threads: Optional[int], reporter: Reporter
) -> dict[str, Any]:
    """The facts of the start at `path`, which is made unless a session before has made it."""
    asked = {**request.facts(), **{f"prune {name}": value for name, value in dataclasses.asdict(plan).items()}}
    if path.exists():
        record = read_json_object(path / TRAINING_FILE, FolderError)
        check_same_request(path.parent, record["request"], asked)
        reporter.note("going on with the pruned model of the session before")
        return dict(record["pruning"])
    prepared = prepare(request, None, reporter)
    _check_labels(prepared)
    from albert_edge.training.pruning.start import write_start
    from albert_edge.training.threads import use_threads

    use_threads(threads)
    return write_start(path, prepared, plan, asked)


def _check_labels(prepared: Prepared) -> None:
    """A training may put a new head on a checkpoint; a pruning would throw away what it is to keep."""
    # A pooler that the task doesn't use may be missing too, which changes no answer.
    if any(not name.startswith(BASE_PREFIX) for name in prepared.start.initialised):
        source = str(prepared.request.source.from_)
        known, asked = AlbertConfig.load(resolve_folder(source)).labels, prepared.objective.labels
        raise DataError(
            f"{prepared.request.train}: a pruned model must learn the labels that it has, {', '.join(known)}; "
            f"received {', '.join(asked)}"
        )


def _written(
    trained: Path, out: PathLike, request: Request, plan: PruningPlan, facts: Mapping[str, Any], overwrite: bool
) -> dict[str, Any]:
    """Write the folder `out` from the folder `trained`; the report."""
    record = read_json_object(trained / TRAINING_FILE, FolderError)
    found = read_checkpoint(trained, request.task)
    scores = {name: record["dev"][name] for name in request.metrics if name != LOSS}
    pruning = {
        **facts,
        "dev": {**facts["dev"], "after_training": scores},
        "after": figures(found.config, found.tensors),
        "epochs": len(record["history"]),
        "best_epoch": record["best_epoch"],
        "seconds": record["seconds"],
        "note": note(plan.structured, plan.sparsity is not None),
    }
    training = {**record, "pruning": pruning}
    write_folder(
        out, found.config, found.tensors, found.tokenizer, task=request.task, training=training, overwrite=overwrite
    )
    return {"folder": str(out), "task": request.task, **pruning}

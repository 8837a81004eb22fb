"""Public `sensitivity`: what each part of a model loses in fewer bits, and which parts a `mixed` file can store so.

One part at a time is quantized, everything else stays float32, and the file runs on the user's data through the
device's code: the task's metric, and how far the outputs moved. All parts together are measured too. Then a mixture is
proposed, greedily: the parts in order of the bytes that each saves for what it loses, as many of them as a measured
file of the mixture affords. Errors of parts add up roughly but not exactly (Dong et al. 2019, HAWQ, arXiv:1905.03696,
rank layers likewise, by curvature); so the mixture itself is measured, never only summed up. Leaves out activations:
every file here computes as a weight-only scheme does.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Optional, Sequence

from albert_edge.artifact import Artifact
from albert_edge.config import SMALL_PRODUCT
from albert_edge.errors import ConfigError
from albert_edge.files import PathLike, atomic_write, check_writable
from albert_edge.harness.evaluation import answers
from albert_edge.harness.evaluations import make_evaluation
from albert_edge.harness.evaluations.base import DataFile, Evaluation
from albert_edge.harness.progress import with_progress
from albert_edge.harness.runners import Runner
from albert_edge.model.tensors import head_of_task
from albert_edge.pipelines import make_pipeline
from albert_edge.runtime.interpreter import open_session
from albert_edge.runtime.running import run_packed
from albert_edge.tasks import task_named
from converters.built import BuildRequest, Built
from converters.combination import read_heads
from converters.comparison import Comparisons, compare_outputs
from converters.layout import Layout
from converters.metric import first_metric
from converters.parts import PARTS, checked_parts, parts_of
from converters.pipeline import artifact_of
from converters.reference import Answers
from converters.schemes import Plan, plan_of
from converters.targets import DEFAULT_TARGET, parse_targets
from converters.worker import builds_apart

if TYPE_CHECKING:
    from albert_edge.model.folder import Checkpoint
    from albert_edge.text.packing import Packed
    from albert_edge.text.tables import Columns

SCHEMA_VERSION = 1

FALLBACK = {"int4": "int8", "int8": "float32"}
"""Precision that is tried -> that of the parts which don't get it."""

_LEAST_LOSS = 1e-9
"""A part that loses nothing comes first whatever it saves."""


class _Measured(NamedTuple):
    """A file on the data."""

    model_bytes: int
    metric: str
    score: float
    """In points."""
    outputs: Answers


def sensitivity(
    model: PathLike,
    data: PathLike,
    *,
    precision: str = "int8",
    task: Optional[str] = None,
    calibrate: Optional[PathLike] = None,
    max_drop: float = 0.5,
    columns: Optional[Columns] = None,
    limit: Optional[int] = None,
    threads: int = 1,
    out: Optional[PathLike] = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Measure what each part of the folder `model` loses in `precision`, and propose a mixture.

    Args:
      model: a Hugging Face folder, or `hf:owner/name@revision`.
      data: what `evaluate` takes for the task.
      precision: `int8` or `int4`; of a mixture, the parts that can't have it get `converters.sensitivity.FALLBACK`'s.
      task: long or short name; None is the folder's own.
      calibrate: as in `convert`.
      max_drop: what the mixture may lose of the task's first metric, in points.
      columns: where the values of `data` and `calibrate` lie.
      limit: use the first so many examples; None: all. The outputs for all of them are in memory twice.
      threads: of the interpreter.
      out: write the mixture there, as `convert --parts` reads it, with the figures; None: nowhere.
      overwrite: whether `out` may be replaced.

    Returns `schema_version, task, metric, precision, examples, float32` (`score` in points, `model_bytes`), `rows` (one
    a part, in the model's order, then `all`: `part, precision, bytes_saved, score, drop` in points, `relative_error,
    max_abs_difference, mean_abs_difference, kl, top1_agreement` against float32), `mixed` (part -> precision) and
    `mixture` (its row; `within`: whether its drop is at most `max_drop`). Raises `ConfigError` for another precision,
    and what `convert` and `evaluate` raise.
    """
    if precision not in FALLBACK:
        raise ConfigError(f"the precision must be one of {', '.join(FALLBACK)}; received {precision!r}")
    if not max_drop >= 0:
        raise ConfigError(f"max_drop must be 0 or more points; received {max_drop!r}")
    if out is not None:
        check_writable(out, overwrite)
    checkpoint = read_heads(model, task, (), {})[0]
    trial = _Trial(checkpoint, DataFile(data, columns, limit), calibrate, threads)
    parts = trial.parts
    plans = [_mixed({})] + [_mixed({part: precision}) for part in parts] + [_mixed(dict.fromkeys(parts, precision))]
    base, *rest = trial.measured(plans)
    rows = [trial.row(part, precision, base, each) for part, each in zip([*parts, "all"], rest)]
    mixed, mixture = _mixture(trial, base, rows, precision, max_drop)
    report = {
        "schema_version": SCHEMA_VERSION,
        "task": checkpoint.task,
        "metric": base.metric,
        "precision": precision,
        "examples": len(trial.evaluation.asked),
        "float32": {"score": base.score, "model_bytes": base.model_bytes},
        "rows": rows,
        "mixed": mixed,
        "mixture": mixture,
    }
    if out is not None:
        atomic_write(out, (json.dumps({"parts": mixed, "measured": report}, indent=2) + "\n").encode())
    return report


def _mixed(parts: Mapping[str, str]) -> Plan:
    """A plan whose other parts are float32; without any, float32 made in the same way."""
    return plan_of("mixed", {"head": "float32", **parts})


def _mixture(
    trial: _Trial, base: _Measured, rows: Sequence[Mapping[str, Any]], precision: str, max_drop: float
) -> tuple[dict[str, str], dict[str, Any]]:
    """The longest start of the greedy order whose file loses at most `max_drop`, and that file's row."""
    order = [row["part"] for row in sorted(rows[:-1], key=_gain, reverse=True)]
    parts, row = dict.fromkeys(order, precision), {**rows[-1], "part": "mixed"}
    others = dict.fromkeys(order, FALLBACK[precision])
    maps = [{**others, **dict.fromkeys(order[:count], precision)} for count in range(len(order) - 1, -1, -1)]
    measured = iter(trial.each_measured([_mixed(each) for each in maps]))
    for parts_of_next in maps:
        if row["drop"] <= max_drop:
            break
        parts, row = parts_of_next, trial.row("mixed", "mixed", base, next(measured))
    # Not even the fallback may be within: it is proposed then, and `within` says so.
    return checked_parts(parts), {**row, "within": row["drop"] <= max_drop}


def _gain(row: Mapping[str, Any]) -> float:
    """Bytes saved for what is lost: of the outputs' distribution where they are a choice, else of their values."""
    loss = row["relative_error"] if row["kl"] is None else row["kl"]
    return float(row["bytes_saved"] / max(loss, _LEAST_LOSS))


class _Trial:
    """The data, and files of one model on it."""

    def __init__(self, checkpoint: Checkpoint, data: DataFile, calibrate: Optional[PathLike], threads: int) -> None:
        self.checkpoint = checkpoint
        self.threads = threads
        config = checkpoint.config
        self.request = BuildRequest(
            (checkpoint,), Layout(), (), parse_targets([DEFAULT_TARGET]), calibrate, data.columns
        )
        self.pipeline = make_pipeline(checkpoint.task, config, checkpoint.tokenizer, config.max_position_embeddings)
        self.evaluation: Evaluation = make_evaluation(self.pipeline, data)

    @property
    def parts(self) -> list[str]:
        """Those of which this task reads a matrix that is large enough to be quantized."""
        has_pooler = head_of_task(self.checkpoint.task).pooler_use == "used"
        found = {
            parts_of(name)
            for name, values in self.checkpoint.tensors.items()
            if values.ndim == 2 and values.size >= SMALL_PRODUCT
        }
        return [part for part in PARTS if part in found and (part != "pooler" or has_pooler)]

    def each_measured(self, plans: Sequence[Plan]) -> Any:
        """A `_Measured` for each of `plans`, in turn, as long as they are asked for."""
        built = builds_apart(dataclasses.replace(self.request, plans=tuple(plans)))
        return (self._measure(each, plan) for each, plan in zip(built, plans))

    def measured(self, plans: Sequence[Plan]) -> list[_Measured]:
        """A `_Measured` for each of `plans`."""
        each = iter(self.each_measured(plans))
        return [next(each) for _ in with_progress(plans, "sensitivity")]

    def _measure(self, built: Built, plan: Plan) -> _Measured:
        artifact = artifact_of((self.checkpoint,), built, plan, None)
        outputs: list[Any] = []
        with open_session(artifact, self.threads, None) as session:

            def run(inputs: Sequence[Packed]) -> list[Any]:
                found = [run_packed(session, artifact.manifest, packed)[self.checkpoint.task] for packed in inputs]
                outputs.extend(found)
                return found

            runner = self._runner(artifact, run, session.runtime)
            values = [self.evaluation.value(each) for each in answers(self.evaluation, runner)]
        metric, score = first_metric(self.checkpoint.task, self.evaluation.report(values))
        return _Measured(len(artifact.model), metric, score, outputs)

    def _runner(self, artifact: Artifact, run: Any, runtime: str) -> Runner:
        return Runner("tflite", self.pipeline, run, 1, runtime, self.threads, artifact.manifest.model_sha256)

    def row(self, part: str, precision: str, base: _Measured, measured: _Measured) -> dict[str, Any]:
        """The figures of one file beside float32's."""
        task = task_named(self.checkpoint.task)
        names = {name: name for name in task.outputs}
        worst = Comparisons(len(base.outputs), compare_outputs(task, names, base.outputs, measured.outputs)).worst()
        return {
            "part": part,
            "precision": precision,
            "bytes_saved": base.model_bytes - measured.model_bytes,
            "score": measured.score,
            "drop": base.score - measured.score,
            **{key: worst[key] for key in _FIGURES},
        }


_FIGURES = ("relative_error", "max_abs_difference", "mean_abs_difference", "kl", "top1_agreement")

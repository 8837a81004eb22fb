"""The task's metric on a data file, for a result: `evaluate`'s own code and figures, and which example was right.

Which example was right lets a gate compare two files example by example, where two rates alone say little.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Mapping

from albert_edge.errors import DataError
from albert_edge.files import read_bytes
from albert_edge.harness.evaluation import answers
from albert_edge.harness.evaluations import make_evaluation
from albert_edge.harness.evaluations.base import DataFile
from albert_edge.harness.runners import Runner
from albert_edge.tasks import task_named

FIRST_METRICS: dict[str, tuple[str, ...]] = {
    "classify": ("accuracy", "micro_f1", "pearson"),
    "tag": ("f1",),
    "answer": ("f1",),
    "embed": ("recall_at_1", "spearman"),
    "fill": ("accuracy",),
    "order": ("accuracy",),
}
"""Task -> its metrics by which a drop is counted; the first that a report has is the one. As in `training.recipes`."""

IN_PERCENT = ("answer",)


def measure_accuracy(runner: Runner, data: DataFile) -> dict[str, Any]:
    """Score `runner` on `data`: a result's `accuracy`.

    Returns `data`, its name, and `data_sha256`, `task`, `metric` and `value` (the task's first metric, a fraction),
    `examples`, `report` (all figures of `evaluate`), `correct` (1 or 0 an example, in the file's order, whose mean is
    `value`; None where the metric isn't such a mean) and `confusion` (`labels`, and the `matrix` of counts, a row a
    true label; None for other tasks). Raises what `evaluate` raises.
    """
    evaluation = make_evaluation(runner.pipeline, data)
    values = [evaluation.value(prediction) for prediction in answers(evaluation, runner)]
    report = evaluation.report(values)
    alias = task_named(runner.pipeline.task).alias
    metric = first_metric(alias, report)
    matrix = report.get("confusion_matrix")
    correct = evaluation.correct(values)
    return {
        **data_facts(data),
        "task": task_named(alias).name,
        "metric": metric,
        "value": float(report[metric]) / (100 if alias in IN_PERCENT else 1),
        "examples": report["examples"],
        "report": report,
        "correct": None if correct is None else [int(each) for each in correct],
        "confusion": matrix and {"labels": list(runner.pipeline.config.labels), "matrix": matrix},
    }


def first_metric(alias: str, report: Mapping[str, Any]) -> str:
    """The name of the metric of `report` that stands for the task; raises `DataError` where each is undefined."""
    for name in FIRST_METRICS[alias]:
        if report.get(name) is not None:
            return name
    raise DataError(f"the data must define the metric of {alias}; received examples for which it has no value")


def data_facts(data: DataFile) -> dict[str, str]:
    """`data`, the file's name without its folder, and `data_sha256`."""
    return {"data": Path(data.path).name, "data_sha256": hashlib.sha256(read_bytes(data.path, DataError)).hexdigest()}

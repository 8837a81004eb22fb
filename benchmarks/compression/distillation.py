"""A small model taught by a larger one, beside the same small model without a teacher, over several seeds.

Agreement is the share of dev's rows that get the teacher's label. Both students start from the same random weights of
a seed and see the same texts in the same order.
"""

from functools import partial
from typing import Any

from benchmarks.compression.scores import agreement, scored
from benchmarks.compression.tables import percent, table
from benchmarks.compression.work import DataSet, Work

WITH, WITHOUT = "taught", "alone"
HEADER = ("set", "student", "seed", "accuracy", "as the teacher")


def measure(work: Work) -> str:
    """The part's table: a line a student, and the means."""
    rows, lines = work.rows("distillation"), []
    for data in work.sets.values():
        if data.name not in work.plan.distilled:
            continue
        teacher = rows.once(f"{data.name}, teacher", partial(scored, work.model(data), data))
        for kind in (WITH, WITHOUT):
            found = []
            for seed in work.plan.seeds:
                score = rows.once(f"{data.name}, {kind}, seed {seed}", partial(_student, work, data, kind, seed))
                found.append((score["accuracy"], agreement(teacher, score)))
                lines.append({"set": data.name, "student": kind, "seed": seed, **_cells(*found[-1])})
            means = [sum(values) / len(values) for values in zip(*found)]
            lines.append({"set": data.name, "student": kind, "seed": "mean", **_cells(*means)})
        lines.append({"set": data.name, "student": "the teacher itself", "accuracy": percent(teacher["accuracy"])})
    return table(f"Distillation into size {work.plan.student}", HEADER, lines)


def _student(work: Work, data: DataSet, kind: str, seed: int) -> dict[str, Any]:
    teacher = work.model(data)
    taught = {"teacher": str(teacher)} if kind == WITH else {}
    start = {"size": work.plan.student, "vocab": teacher, "seed": seed, "epochs": work.plan.student_epochs}
    return scored(work.train(data, f"student-{kind}-{seed}", **start, **taught), data)


def _cells(accuracy: float, agreed: float) -> dict[str, str]:
    return {"accuracy": percent(accuracy), "as the teacher": percent(agreed)}

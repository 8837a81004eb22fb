"""The one figure of a task's report by which a drop is counted: by `sensitivity`, an exit's calibration, `optimize`."""

from __future__ import annotations

from typing import Any, Mapping

from albert_edge.training.recipes import RECIPES


def first_metric(task: str, report: Mapping[str, Any]) -> tuple[str, float]:
    """The first metric of `task` (a long name) that an evaluation's `report` has, its name and its value in points.

    A point is a hundredth of a share or of a correlation, or one of SQuAD's percent.
    """
    recipe = RECIPES[task]
    names = [names[0] for names in recipe.scores.values()]
    name = next(name for name in names if report.get(name) is not None)
    return name, float(report[name]) * (1 if recipe.in_percent else 100)

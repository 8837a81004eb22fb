"""What each task learns: one file a task, behind the interface `base.Objective`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional, Sequence

from albert_edge.tasks import task_named

if TYPE_CHECKING:
    from albert_edge.training.objectives.base import Objective
    from albert_edge.training.request import Request


def make_objective(request: Request, known_labels: Optional[Sequence[str]] = None) -> Objective:
    """What `request` asks to be learnt, its files read; `known_labels` are those of a checkpoint of the same task.

    Raises `DataError` with file and line for what can't be learnt from.
    """
    return _objective_class(request)(request, known_labels)


def _objective_class(request: Request) -> type[Objective]:
    """Only the task's own file is imported."""
    alias = task_named(request.task).alias
    if alias == "classify":
        from albert_edge.training.objectives.classification import KINDS

        return KINDS[request.settings.problem_type]
    if alias == "tag":
        from albert_edge.training.objectives.tagging import Tagging

        return Tagging
    if alias == "answer":
        from albert_edge.training.objectives.answering import Answering

        return Answering
    if alias == "embed":
        from albert_edge.training.objectives.embedding import KINDS as EMBEDDING_KINDS

        return EMBEDDING_KINDS[request.settings.pair_objective]
    if alias == "fill":
        from albert_edge.training.objectives.filling import Filling

        return Filling
    from albert_edge.training.objectives.order import Order

    return Order

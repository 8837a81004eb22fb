"""A task on a data file: what the file asks, what is right, and the report. One file a task or a kind of it.

The answers may come from a model (`harness.evaluation`) or from a file of predictions (`harness.scoring`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from albert_edge.tasks import task_named

if TYPE_CHECKING:
    from albert_edge.harness.evaluations.base import DataFile, Evaluation
    from albert_edge.pipelines.base import Pipeline


def make_evaluation(pipeline: Pipeline[Any, Any], data: DataFile) -> Evaluation:
    """`data` as what the model of `pipeline` is asked.

    Raises `DataError` with file and line of what can't be asked or isn't an answer that the model could give.
    """
    alias, config = task_named(pipeline.task).alias, pipeline.config
    if alias == "classify":
        from albert_edge.harness.evaluations.classification import KINDS
        from albert_edge.text.labels import problem_type_of

        return KINDS[problem_type_of(config)](data, config.labels)
    if alias == "tag":
        from albert_edge.harness.evaluations.tagging import Tagging

        return Tagging(data)
    if alias == "answer":
        from albert_edge.harness.evaluations.answering import Answering

        return Answering(data, config.settings.no_answer_threshold)
    if alias == "embed":
        from albert_edge.harness.evaluations.embedding import Embedding

        return Embedding(data)
    if alias == "fill":
        from albert_edge.harness.evaluations.filling import Cloze, HiddenPieces, is_plain

        return HiddenPieces(data, pipeline.tokenizer, pipeline.longest) if is_plain(data) else Cloze(data)
    from albert_edge.harness.evaluations.order import Order

    return Order(data, config.labels)

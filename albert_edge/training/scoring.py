"""The score on dev: the questions of an objective, through its task's pipeline and the Keras model, to predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Sequence

from albert_edge.errors import DataError

if TYPE_CHECKING:
    from albert_edge.model.predictor import BatchScorer
    from albert_edge.pipelines.base import Pipeline
    from albert_edge.text.packing import Packed


class Question(NamedTuple):
    """What an example of dev asks the task's pipeline."""

    where: str
    """File and line, for messages."""
    request: Any


DEV_SEED = 1
"""Of what is drawn from dev: pairs and masked places are the same in every training, and those of `evaluate`."""

CHUNK = 1024
"""Questions that are in memory at once: some tasks have outputs as large as the vocabulary."""


def answers(pipeline: Pipeline[Any, Any], scorer: BatchScorer, questions: Sequence[Question]) -> list[Any]:
    """The prediction for each of `questions`, in their order.

    Raises `DataError` with file and line of a request that the pipeline can't take.
    """
    predictions: list[Any] = []
    for start in range(0, len(questions), CHUNK):
        chunk = questions[start : start + CHUNK]
        inputs = [inputs_of(pipeline, question) for question in chunk]
        outputs = iter(scorer.outputs([packed for windows in inputs for packed in windows]))
        predictions += [
            pipeline.decode(question.request, windows, [next(outputs) for _ in windows])
            for question, windows in zip(chunk, inputs)
        ]
    return predictions


def inputs_of(pipeline: Pipeline[Any, Any], question: Question) -> list[Packed]:
    """What the network runs for `question`; raises `DataError` with its file and line if there is nothing."""
    try:
        return pipeline.inputs(question.request)
    except DataError as error:
        raise DataError(f"{question.where}: {error}") from error

"""`question-answering`: the span of a passage that answers a question, or that nothing in it does.

The passage runs in windows, each behind the question, and the best span of all windows is the answer. A model trained
with unanswerable questions (SQuAD 2.0) has a `no_answer_threshold` in its settings; one without it always answers.
Follows `run_squad.py` of google-research/bert, see `text.answers`. Leaves out several passages for one question.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Optional, Sequence

from albert_edge.errors import ConfigError, DataError
from albert_edge.pipelines.base import Outputs, Pipeline, encode, output
from albert_edge.text.answers import (
    CANDIDATES,
    Candidate,
    best_candidates,
    no_answer_logit,
    question_windows,
    shows_text,
)
from albert_edge.text.labels import softmax

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.text.packing import Packed
    from albert_edge.text.tokenizer import Encoding
    from albert_edge.text.windows import Window


@dataclasses.dataclass(frozen=True)
class Question:
    """What to answer, and the text to find the answer in."""

    question: str
    passage: str


@dataclasses.dataclass(frozen=True)
class Found:
    """A possible answer: `text` is `passage[start:end]`."""

    text: str
    start: int
    end: int
    score: float
    """Its probability among the best spans (and no answer, for a model that knows it)."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """The answer to one question."""

    question: str
    text: str
    """Empty if the passage doesn't answer the question."""
    start: Optional[int]
    """Characters [start, end) of the passage; None if there is no answer."""
    end: Optional[int]
    score: float
    """Probability of this answer, or of none."""
    no_answer_score: float
    """The logit of no answer minus the best span's: above the model's threshold the question stays unanswered."""
    n_best: tuple[Found, ...]
    """The best spans, also of an unanswered question."""

    def to_dict(self) -> dict[str, Any]:
        """Keys `question, text, start, end, score, no_answer_score, n_best`."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {**values, "n_best": [dataclasses.asdict(found) for found in self.n_best]}


class AnsweringPipeline(Pipeline[Question, Answer]):
    """Answers by the model's settings `stride`, `max_answer_tokens` and `no_answer_threshold`."""

    task = "question-answering"

    def inputs(self, request: Question) -> list[Packed]:
        """An input a window of the passage; raises `DataError` if the question or the passage has no text."""
        return [window.packed for window in self._windows(request)[1]]

    def decode(
        self, request: Question, inputs: Sequence[Packed], outputs: Sequence[Outputs], n_best: int = 1
    ) -> Answer:
        """The answer, with the `n_best` best spans of the passage (fewer if it has fewer)."""
        if n_best < 1:
            raise ConfigError(f"n_best must be at least 1; received {n_best}")
        passage, spans = self._windows(request)
        if not len(spans) == len(inputs) == len(outputs):
            raise ConfigError(
                f"the passage's {len(spans)} windows must each be run; received {len(inputs)} inputs, "
                f"{len(outputs)} outputs"
            )
        starts, ends = (_logits(spans, outputs, name) for name in ("start_logits", "end_logits"))
        candidates = best_candidates(
            request.passage,
            passage.offsets,
            spans,
            starts,
            ends,
            self.settings.max_answer_tokens,
            max(n_best, CANDIDATES),
        )
        return self._answer(request, candidates, no_answer_logit(starts, ends), n_best)

    def _windows(self, request: Question) -> tuple[Encoding, list[Window]]:
        question, passage = encode(self.tokenizer, request.question), encode(self.tokenizer, request.passage)
        if not shows_text(request.passage, passage.offsets).any():
            raise DataError(f"a passage must hold text to answer from; received {request.passage!r}")
        return passage, question_windows(self.tokenizer, question, passage, self.longest, self.settings.stride)

    def _answer(self, request: Question, candidates: list[Candidate], no_answer: float, n_best: int) -> Answer:
        threshold = self.settings.no_answer_threshold
        logits = [candidate.logit for candidate in candidates]
        scores = softmax(logits if threshold is None else [*logits, no_answer]).tolist()
        found = tuple(
            Found(request.passage[each.start : each.end], each.start, each.end, score)
            for each, score in zip(candidates[:n_best], scores)
        )
        difference = no_answer - logits[0]
        if threshold is not None and difference > threshold:
            return Answer(request.question, "", None, None, scores[-1], difference, found)
        best = found[0]
        return Answer(request.question, best.text, best.start, best.end, best.score, difference, found)


def _logits(spans: Sequence[Window], outputs: Sequence[Outputs], name: str) -> list[NDArray[np.float64]]:
    return [output(each, name, (len(span.packed.input_ids),)) for span, each in zip(spans, outputs)]

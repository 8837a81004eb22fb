"""`question-answering` on SQuAD's JSON or JSON Lines, scored as SQuAD's scripts do."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, Optional, Sequence

from albert_edge.harness.evaluations.base import Asked, DataFile, Evaluation
from albert_edge.metrics import squad_report
from albert_edge.pipelines.answering import Question
from albert_edge.text.questions import read_questions

_NEVER_RIGHT = "\ue000"
"""What stands for a missing answer under version 2.0, where an empty one may be right: no text that is compared."""


class Answered(NamedTuple):
    """What is known of an answer."""

    text: Optional[str]
    """Empty: the question stays unanswered; None: there is no prediction."""
    best: Optional[str]
    """The best text, also of a question that stays unanswered."""
    no_answer_score: Optional[float]


class Answering(Evaluation):
    """Questions; one without an answer in the file makes it version 2.0."""

    def __init__(self, data: DataFile, no_answer_threshold: Optional[float] = None) -> None:
        super().__init__(data)
        self.examples = data.limited(read_questions(data.path))
        self.no_answer_threshold = no_answer_threshold
        self.version = "2.0" if any(example.is_impossible for example in self.examples) else "1.1"

    @property
    def asked(self) -> list[Asked]:
        """A request a question."""
        return [
            Asked(
                f"{self.data.path}: the question {example.id!r}",
                Question(example.question, example.passage),
                len(example.question) + len(example.passage),
            )
            for example in self.examples
        ]

    def value(self, prediction: Any) -> Answered:
        """The answer, the best text and the no-answer score."""
        return Answered(prediction.text, prediction.n_best[0].text, prediction.no_answer_score)

    def report(self, values: Sequence[Answered]) -> dict[str, Any]:
        """`examples`, `squad_version`, and the keys of `squad_report`, always with `missing`.

        Version 2.0 with a score for every prediction compares the best texts and tries every threshold; without scores
        it compares the answers as they are. What is missing counts as wrong.
        """
        answers = {example.id: [answer.text for answer in example.answers] for example in self.examples}
        by_id = dict(zip(answers, values))
        missing = [name for name, value in by_id.items() if value.text is None]
        facts = {"examples": len(answers), "squad_version": self.version, "missing": len(missing)}
        if self.version == "1.1":
            found = {name: value.text for name, value in by_id.items() if value.text is not None}
            return {**facts, **squad_report(answers, found, version=self.version)}
        if all(value.no_answer_score is not None for value in by_id.values() if value.text is not None):
            # A missing prediction's score is below every threshold, so that none makes it a right "no answer".
            scores = {name: _number(value.no_answer_score) for name, value in by_id.items()}
            best = {name: _NEVER_RIGHT if value.text is None else str(value.best) for name, value in by_id.items()}
            threshold = self.no_answer_threshold
            return {
                **facts,
                "no_answer_threshold": threshold,
                **squad_report(answers, best, scores, threshold, self.version),
            }
        texts = {name: _NEVER_RIGHT if value.text is None else value.text for name, value in by_id.items()}
        return {**facts, **squad_report(answers, texts, version=self.version)}

    def written(self, predictions: Sequence[Any]) -> bytes:
        """SQuAD's form: one object, question's id -> the answer's text, empty for none."""
        texts = {example.id: prediction.text for example, prediction in zip(self.examples, predictions)}
        return (json.dumps(texts, ensure_ascii=False, indent=1) + "\n").encode()


def _number(score: Optional[float]) -> float:
    return float("-inf") if score is None else score

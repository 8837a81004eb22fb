"""`token-classification` on CoNLL files or JSON Lines with spans: the words' tags against those predicted."""

from __future__ import annotations

from typing import Any, Sequence

from albert_edge.harness.evaluations.base import Asked, DataFile, Evaluation
from albert_edge.metrics import entity_report
from albert_edge.pipelines.base import TagRequest
from albert_edge.text.tagged import read_tagged


class Tagging(Evaluation):
    """The words are the file's, so that each has a tag from either side; all tags are brought to IOB2."""

    def __init__(self, data: DataFile) -> None:
        super().__init__(data)
        self.examples = data.limited(read_tagged(data.path))

    @property
    def asked(self) -> list[Asked]:
        """A request a sentence."""
        return [
            Asked(self.data.where(example.line), TagRequest(example.text, example.words), len(example.text))
            for example in self.examples
        ]

    def value(self, prediction: Any) -> Sequence[str]:
        """A tag a word."""
        labels: Sequence[str] = prediction.word_labels
        return labels

    def report(self, values: Sequence[Sequence[str]]) -> dict[str, Any]:
        """`entity_report`."""
        return entity_report([example.tags for example in self.examples], values)

"""`sentence-order` on a table of labelled pairs, or on plain documents, of which pairs are made.

A `.txt` holds documents (`text.documents`): half of its pairs stay in order, the others are swapped, or, for labels
`next` and `random`, get another second passage. The pairs of a file are always the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

from albert_edge.errors import DataError
from albert_edge.harness.evaluations.base import Asked, DataFile, Evaluation
from albert_edge.metrics import classification_report
from albert_edge.tasks import ORDER_LABELS
from albert_edge.text.documents import OrderExample, read_order_examples
from albert_edge.text.tables import ids_of_labels, iterate_examples

SEED = 1
"""Of the pairs made of documents."""


class Order(Evaluation):
    """Pairs, each in order or not; the first of two labels means that it is."""

    def __init__(self, data: DataFile, labels: Sequence[str] = ORDER_LABELS["sop"]) -> None:
        super().__init__(data)
        self.labels = labels
        is_text = Path(data.path).suffix.lower() == ".txt"
        self.examples = data.limited(self._of_documents() if is_text else self._of_table())

    @property
    def asked(self) -> list[Asked]:
        """A request a pair."""
        return self.data.asked(self.examples)

    def value(self, prediction: Any) -> bool:
        """Whether the pair is in order."""
        return bool(prediction.in_order)

    def correct(self, values: Sequence[bool]) -> list[bool]:
        """Where the pair's order was told."""
        return [value == example.in_order for value, example in zip(values, self.examples)]

    def report(self, values: Sequence[bool]) -> dict[str, Any]:
        """`classification_report` over both labels."""
        true = [int(not example.in_order) for example in self.examples]
        return classification_report(true, [int(not value) for value in values], self.labels)

    def _of_documents(self) -> list[OrderExample]:
        objective = "nsp" if tuple(self.labels) == ORDER_LABELS["nsp"] else "sop"
        return read_order_examples(self.data.path, SEED, objective)

    def _of_table(self) -> list[OrderExample]:
        found = []
        for example in iterate_examples(self.data.path, self.data.columns):
            (label,) = ids_of_labels(self.data.path, [example], self.labels, f"the two, {', '.join(self.labels)}")
            if example.text_pair is None:
                raise DataError(f"{self.data.where(example.line)}: a row must have a text_pair; received a text alone")
            found.append(OrderExample(example.text, example.text_pair, label == 0, example.line))
        return found

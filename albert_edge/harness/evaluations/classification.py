"""`text-classification` on a table of labelled texts or pairs: one label, several labels, or a number a row."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from albert_edge.errors import ConfigError
from albert_edge.harness.evaluations.base import Asked, DataFile, Evaluation
from albert_edge.metrics import classification_report, multilabel_report, regression_report
from albert_edge.text.labels import MULTI_LABEL, REGRESSION, SINGLE_LABEL
from albert_edge.text.tables import ids_of_labels, iterate_examples
from albert_edge.text.targets import numbers_of_labels, targets_of_labels


class Texts(Evaluation):
    """Labelled rows; each kind says what their labels are."""

    several_labels = False

    def __init__(self, data: DataFile, labels: Optional[Sequence[str]] = None) -> None:
        """`labels` are the model's; None: those of a file of predictions, which aren't known yet."""
        super().__init__(data)
        separator = data.columns and data.columns.label_separator
        if separator and not self.several_labels:
            raise ConfigError(f"label_separator may be given for several labels a row only; received {separator!r}")
        self.examples = data.limited(iterate_examples(data.path, data.columns, True, self.several_labels))
        self.labels = labels

    @property
    def asked(self) -> list[Asked]:
        """A request a row."""
        return self.data.asked(self.examples)

    @property
    def allowed(self) -> str:
        """Whose labels those of the rows must be, for messages."""
        return f"the model's, {', '.join(self.labels or ())}"


class SingleLabel(Texts):
    """A label a row."""

    def __init__(self, data: DataFile, labels: Optional[Sequence[str]] = None) -> None:
        super().__init__(data, labels)
        if labels is not None:
            ids_of_labels(data.path, self.examples, labels, self.allowed)

    def value(self, prediction: Any) -> str:
        """The label."""
        return str(prediction.label)

    def correct(self, values: Sequence[str]) -> list[bool]:
        """Where the label is the row's."""
        return [value == str(example.label) for value, example in zip(values, self.examples)]

    def report(self, values: Sequence[str]) -> dict[str, Any]:
        """`classification_report`, over the model's labels, or else those that are true or predicted, sorted."""
        true = [str(example.label) for example in self.examples]
        names = self.labels or sorted({*true, *values})
        ids = {name: index for index, name in enumerate(names)}
        return classification_report([ids[label] for label in true], [ids[label] for label in values], names)


class MultiLabel(Texts):
    """Any number of labels a row."""

    several_labels = True

    def __init__(self, data: DataFile, labels: Optional[Sequence[str]] = None) -> None:
        super().__init__(data, labels)
        if labels is not None:
            targets_of_labels(data.path, self.examples, labels, self.allowed)

    def value(self, prediction: Any) -> Sequence[str]:
        """The labels."""
        labels: Sequence[str] = prediction.labels
        return labels

    def report(self, values: Sequence[Sequence[str]]) -> dict[str, Any]:
        """`multilabel_report`, over labels as in `SingleLabel`."""
        true = [example.labels for example in self.examples]
        names = self.labels or sorted({label for labels in (*true, *values) for label in labels})
        return multilabel_report(true, values, names)


class Value(Texts):
    """A number a row."""

    def __init__(self, data: DataFile, labels: Optional[Sequence[str]] = None) -> None:
        super().__init__(data, labels)
        if labels is not None and len(labels) != 1:
            raise ConfigError(f"a regression must have one output to be scored; received {', '.join(labels)}")
        self.numbers = numbers_of_labels(data.path, self.examples)

    def value(self, prediction: Any) -> float:
        """The number."""
        return float(prediction.value)

    def report(self, values: Sequence[float]) -> dict[str, Any]:
        """`regression_report`."""
        return regression_report(self.numbers, values)


KINDS: dict[str, type[Texts]] = {SINGLE_LABEL: SingleLabel, MULTI_LABEL: MultiLabel, REGRESSION: Value}
"""`problem_type` -> what a row's label is."""

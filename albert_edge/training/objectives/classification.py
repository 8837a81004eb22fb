"""`text-classification`: one label a text or pair, any number of labels, or a number.

Cross-entropy over the labels as in Devlin et al. 2018, section 4.1; binary cross-entropy label by label; squared error
of numbers brought to mean 0 and standard deviation 1, which goes into the classifier's weights at the end, so that the
model gives the numbers themselves. A text too long for training loses its end; the score reads all of it, in windows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence

import numpy as np

from albert_edge.errors import DataError
from albert_edge.files import PathLike
from albert_edge.metrics import classification_report, multilabel_report, regression_report
from albert_edge.text.tables import Example, read_examples
from albert_edge.text.targets import numbers_of_labels, targets_of_labels
from albert_edge.training.data import choose_labels, class_weights, label_ids, rare_label_weights
from albert_edge.training.objectives.base import Answered, Rows, TargetSpec
from albert_edge.training.objectives.texts import TextObjective
from albert_edge.training.recipes import MULTI_LABEL, REGRESSION, SINGLE_LABEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.pipelines.classification import MultiLabelPrediction, Prediction, Regression
    from albert_edge.training.request import Request

HEAD = ("classifier.weight", "classifier.bias")


class SingleLabel(TextObjective):
    """One of several labels a text."""

    target_specs = (TargetSpec((None,), "int32"),)

    def choose_labels(self, known: Optional[Sequence[str]]) -> tuple[str, ...]:
        """Those of the training set."""
        found = (example.label for example in self.train.examples)
        return choose_labels(self.train.path, found, known, self.request.keeps_labels)

    def targets(self, rows: Rows) -> NDArray[np.int32]:
        """Label ids [N]."""
        return label_ids(rows.path, rows.examples, self.labels)

    def facts(self) -> dict[str, Any]:
        """How often each label occurs."""
        labels = self.labels
        counts = np.bincount(self.train_targets, minlength=len(labels))
        return {"per_label": dict(zip(labels, counts.tolist()))}

    def losses(self, given: Answered) -> Any:
        """A loss a text."""
        from albert_edge.training.losses import single_label

        if not given.training:
            return single_label(given.outputs["logits"], given.targets[0], 0.0, None)
        weights = class_weights(self.settings.class_weights, self.train_targets, len(self.labels))
        return single_label(given.outputs["logits"], given.targets[0], self.settings.label_smoothing or 0.0, weights)

    def report(self, predictions: Sequence[Prediction]) -> dict[str, Any]:
        """`classification_report`."""
        ids = {label: index for index, label in enumerate(self.labels)}
        predicted = [ids[prediction.label] for prediction in predictions]
        return classification_report(self.targets(self.dev), predicted, self.labels)


class MultiLabel(TextObjective):
    """Any number of labels a text, also none."""

    target_specs = (TargetSpec((None, None), "float32"),)

    def read(self, path: PathLike) -> list[Example]:
        """The rows of a table, each with any number of labels."""
        return read_examples(path, self.request.columns_of(path), several_labels=True)

    def choose_labels(self, known: Optional[Sequence[str]]) -> tuple[str, ...]:
        """Those of the training set."""
        sets = [example.labels for example in self.train.examples]
        found = (label for labels in sets for label in labels)
        return choose_labels(self.train.path, found, known, self.request.keeps_labels)

    def targets(self, rows: Rows) -> NDArray[np.float32]:
        """1 where a text has a label, [N, labels]."""
        allowed = f"the training texts' ({', '.join(self.labels)})"
        return targets_of_labels(rows.path, rows.examples, self.labels, allowed)

    def facts(self) -> dict[str, Any]:
        """How often each label occurs."""
        return {"per_label": dict(zip(self.labels, self.train_targets.sum(axis=0).astype(int).tolist()))}

    def losses(self, given: Answered) -> Any:
        """A loss a text."""
        from albert_edge.training.losses import multi_label

        if not given.training:
            return multi_label(given.outputs["logits"], given.targets[0], 0.0, None)
        weights = rare_label_weights(self.settings.class_weights, self.train_targets)
        return multi_label(given.outputs["logits"], given.targets[0], self.settings.label_smoothing or 0.0, weights)

    def report(self, predictions: Sequence[MultiLabelPrediction]) -> dict[str, Any]:
        """`multilabel_report` of the labels above the threshold."""
        predicted = [prediction.labels for prediction in predictions]
        return multilabel_report([example.labels for example in self.dev.examples], predicted, self.labels)


class Value(TextObjective):
    """A number a text."""

    target_specs = (TargetSpec((None, 1), "float32"),)

    def __init__(self, request: Request, known_labels: Optional[Sequence[str]] = None) -> None:
        super().__init__(request, known_labels)
        if self.replay is not None:
            numbers_of_labels(self.replay.path, self.replay.examples)
        self.mean = float(self.train_targets.mean(dtype=np.float64))
        self.deviation = float(self.train_targets.std(dtype=np.float64))
        if self.deviation == 0:
            raise DataError(f"{self.train.path}: the training texts must have different values; received {self.mean}")
        self.train_targets, self.dev_targets = self._standard(self.train_targets), self._standard(self.dev_targets)

    def choose_labels(self, known: Optional[Sequence[str]]) -> tuple[str, ...]:
        """One output: a checkpoint's own name for it, or `value`."""
        return tuple(known) if known is not None and len(known) == 1 else ("value",)

    def targets(self, rows: Rows) -> NDArray[np.float32]:
        """The numbers [N, 1]."""
        return np.array(numbers_of_labels(rows.path, rows.examples), np.float32)[:, np.newaxis]

    def facts(self) -> dict[str, Any]:
        """What the targets were brought to 0 and 1 with."""
        return {"mean": self.mean, "standard_deviation": self.deviation}

    def losses(self, given: Answered) -> Any:
        """A loss a text."""
        from albert_edge.training.losses import squared_error

        return squared_error(given.outputs["logits"], given.targets[0])

    def report(self, predictions: Sequence[Regression]) -> dict[str, Any]:
        """Correlations and the mean squared error, of the numbers themselves."""
        return regression_report(self.targets(self.dev)[:, 0], [prediction.value for prediction in predictions])

    def scale(self, tensors: Mapping[str, NDArray[np.float32]]) -> Mapping[str, NDArray[np.float32]]:
        """A classifier whose numbers have mean 0 and deviation 1."""
        weight, bias = (tensors[name] for name in HEAD)
        return {**tensors, HEAD[0]: weight / np.float32(self.deviation), HEAD[1]: self._standard(bias)}

    def unscale(self, tensors: Mapping[str, NDArray[np.float32]]) -> Mapping[str, NDArray[np.float32]]:
        """A classifier that gives the numbers themselves."""
        weight, bias = (tensors[name] * np.float32(self.deviation) for name in HEAD)
        return {**tensors, HEAD[0]: weight, HEAD[1]: bias + np.float32(self.mean)}

    def _standard(self, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
        return ((numbers - np.float64(self.mean)) / self.deviation).astype(np.float32)


KINDS: dict[Optional[str], type[TextObjective]] = {
    SINGLE_LABEL: SingleLabel,
    MULTI_LABEL: MultiLabel,
    REGRESSION: Value,
}
"""`problem_type` -> what is learnt."""

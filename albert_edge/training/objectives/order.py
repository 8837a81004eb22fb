"""`sentence-order`: whether the second of two passages follows the first.

From plain documents the pairs are made (`text.documents`): ALBERT's `sop` swaps half of them (Lan et al. 2019, section
3.1), BERT's `nsp` gives half of them a second passage from elsewhere (Devlin et al. 2018, section 3.1). From a table
each row is a pair with one of the two labels. A pair is packed as it will be on the device: the end of the first
passage and the start of the second. Leaves out learning it beside masked pieces, as pretraining does.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Sequence

import numpy as np

from albert_edge.errors import DataError
from albert_edge.files import PathLike
from albert_edge.metrics import classification_report
from albert_edge.pipelines.base import TextRequest
from albert_edge.pipelines.order import OrderPipeline
from albert_edge.tasks import ORDER_LABELS
from albert_edge.text.documents import OrderExample, read_order_examples
from albert_edge.text.tables import ids_of_labels, read_examples
from albert_edge.training.data import Encoded
from albert_edge.training.objectives.base import Answered, Objective, Rows, TargetSpec
from albert_edge.training.objectives.texts import check_segments
from albert_edge.training.scoring import DEV_SEED, Question, inputs_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.config import AlbertConfig
    from albert_edge.pipelines.order import Order as Predicted
    from albert_edge.text.tokenizer import Tokenizer


class Order(Objective):
    """Pairs of passages, in order or not."""

    target_specs = (TargetSpec((None,), "int32"),)

    def read(self, path: PathLike) -> list[OrderExample]:
        """Plain documents, or a table of labelled pairs."""
        if Path(path).suffix.lower() != ".txt":
            return self._of_table(path)
        learnt = path is self.request.train or path is self.request.replay
        seed = self.settings.seed if learnt else DEV_SEED
        return read_order_examples(path, seed, str(self.settings.pair_objective))

    def choose_labels(self, known: Optional[Sequence[str]]) -> tuple[str, ...]:  # noqa: ARG002 - the kind decides
        """Those of the kind."""
        return self._labels

    @property
    def _labels(self) -> tuple[str, str]:
        return ORDER_LABELS[str(self.settings.pair_objective)]

    def texts(self) -> list[str]:
        """Each passage once."""
        return list(dict.fromkeys(text for each in self.train.examples for text in (each.text, each.text_pair)))

    def adapt(self, config: AlbertConfig) -> AlbertConfig:
        """One label a pair."""
        check_segments(config)
        return config.replace(problem_type="single_label_classification")

    def encode(self, config: AlbertConfig, tokenizer: Tokenizer) -> tuple[Encoded, Encoded]:
        """A pair an item."""
        pipeline = OrderPipeline(config, tokenizer, config.max_position_embeddings)
        return _encode(self.train, pipeline), _encode(self.dev, pipeline)

    def facts(self) -> dict[str, Any]:
        """How often each label occurs."""
        swapped = int(_targets(self.train).sum())
        return {"per_label": dict(zip(self.labels, (len(self.train.examples) - swapped, swapped)))}

    def losses(self, given: Answered) -> Any:
        """A loss a pair."""
        from albert_edge.training.losses import single_label

        return single_label(given.outputs["logits"], given.targets[0], 0.0, None)

    def questions(self) -> list[Question]:
        """The pairs of dev."""
        return _questions(self.dev)

    def report(self, predictions: Sequence[Predicted]) -> dict[str, Any]:
        """`classification_report`."""
        predicted = [int(not prediction.in_order) for prediction in predictions]
        return classification_report(_targets(self.dev), predicted, self.labels)

    def _of_table(self, path: PathLike) -> list[OrderExample]:
        rows = read_examples(path, self.request.columns_of(path))
        if rows[0].text_pair is None:
            raise DataError(f"{path}: order must be learnt from pairs, a text and a text_pair; received single texts")
        ids = ids_of_labels(path, rows, self._labels, f"the two, {', '.join(self._labels)}")
        return [OrderExample(row.text, str(row.text_pair), label == 0, row.line) for row, label in zip(rows, ids)]


def _encode(rows: Rows, pipeline: OrderPipeline) -> Encoded:
    return Encoded([inputs_of(pipeline, question)[0] for question in _questions(rows)], list(_targets(rows)))


def _questions(rows: Rows) -> list[Question]:
    return [
        Question(f"{rows.path}:{example.line}", TextRequest(example.text, example.text_pair))
        for example in rows.examples
    ]


def _targets(rows: Rows) -> NDArray[np.int32]:
    """The label's id of each pair."""
    return np.array([not example.in_order for example in rows.examples], np.int32)

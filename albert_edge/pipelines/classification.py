"""`text-classification`: one label, several labels, or numbers for a text or a pair.

A text that fits runs as it is; a longer one runs in windows whose scores are merged as the model's settings say. Of a
pair the longer text (the second of equals) is in windows, and the other, cut to half of the room, stands beside each.
Leaves out the metrics (`metrics`) and reading labelled files (`text.tables`).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence, Union

from albert_edge.pipelines.base import Outputs, Pipeline, TextRequest, depth_used, encode, pair_room, pooled
from albert_edge.text.labels import MULTI_LABEL, SINGLE_LABEL, best_label, labels_above, merge_windows, problem_type_of
from albert_edge.text.windows import window_room, windows

if TYPE_CHECKING:
    from albert_edge.config import AlbertConfig
    from albert_edge.text.packing import Packed
    from albert_edge.text.tokenizer import Encoding, Tokenizer


@dataclasses.dataclass(frozen=True)
class Prediction:
    """The answer for one text or pair; scores are fractions that add up to 1."""

    text: str
    label: str
    score: float
    """Of `label`."""
    scores: Mapping[str, float]
    """Of every label, in the model's order."""
    text_pair: Optional[str] = None
    depth_used: Optional[int] = None
    """Layers that were applied, of a long text the most of its windows; None where the graph has no exit."""

    def to_dict(self) -> dict[str, Any]:
        """Keys `text, label, score, scores`, for a pair `text_pair` after `text`, with an exit `depth_used` last."""
        values = {"label": self.label, "score": self.score, "scores": dict(self.scores)}
        return {**texts_of(self), **values, **depth_of(self)}


@dataclasses.dataclass(frozen=True)
class MultiLabelPrediction:
    """The labels of one text or pair; there may be none."""

    text: str
    labels: tuple[str, ...]
    """Those whose score reaches the model's `label_threshold`, in the model's order."""
    scores: Mapping[str, float]
    """Of every label, each in [0, 1] by itself."""
    text_pair: Optional[str] = None
    depth_used: Optional[int] = None
    """As in `Prediction`."""

    def to_dict(self) -> dict[str, Any]:
        """Keys `text, labels, scores`, for a pair `text_pair` after `text`, with an exit `depth_used` last."""
        return {**texts_of(self), "labels": list(self.labels), "scores": dict(self.scores), **depth_of(self)}


@dataclasses.dataclass(frozen=True)
class Regression:
    """The numbers of one text or pair."""

    text: str
    values: Mapping[str, float]
    """Label -> the model's number."""
    text_pair: Optional[str] = None

    @property
    def value(self) -> float:
        """The first number, which is the only one of most models."""
        return next(iter(self.values.values()))

    def to_dict(self) -> dict[str, Any]:
        """Keys `text, value`, of several outputs `text, values`; for a pair `text_pair` after `text`."""
        values = {"value": self.value} if len(self.values) == 1 else {"values": dict(self.values)}
        return {**texts_of(self), **values}


AnyPrediction = Union[Prediction, MultiLabelPrediction, Regression]


class ClassificationPipeline(Pipeline[TextRequest, AnyPrediction]):
    """Classification by the model's `problem_type`."""

    task = "text-classification"

    def __init__(self, config: AlbertConfig, tokenizer: Tokenizer, longest: int) -> None:
        super().__init__(config, tokenizer, longest)
        self.problem_type = problem_type_of(config)

    def inputs(self, request: TextRequest) -> list[Packed]:
        """One input, or one a window; raises `DataError` if a text has no piece."""
        encoding = encode(self.tokenizer, request.text)
        if request.text_pair is None:
            return [window.packed for window in windows(self.tokenizer, encoding, self.longest, self.settings.stride)]
        return self._pair_inputs(encoding, encode(self.tokenizer, request.text_pair))

    def decode(self, request: TextRequest, inputs: Sequence[Packed], outputs: Sequence[Outputs]) -> AnyPrediction:
        """The label, labels or numbers of all windows together."""
        labels = self.config.labels
        logits = pooled(inputs, outputs, "logits", len(labels))
        scores = merge_windows(logits, self.problem_type, self.settings.merge)
        depth = depth_used(outputs)
        if self.problem_type == SINGLE_LABEL:
            answer = best_label(scores, labels)
            return Prediction(request.text, answer.label, answer.score, answer.scores, request.text_pair, depth)
        by_label = dict(zip(labels, scores.tolist()))
        if self.problem_type == MULTI_LABEL:
            above = labels_above(scores, labels, self.settings.label_threshold)
            return MultiLabelPrediction(request.text, above, by_label, request.text_pair, depth)
        return Regression(request.text, by_label, request.text_pair)

    def _pair_inputs(self, first: Encoding, second: Encoding) -> list[Packed]:
        room = pair_room(self.longest)
        lengths = len(first.ids), len(second.ids)
        kept = max(room // 2, room - max(lengths))
        # The room of a pair's window depends on its other text: a stride set for single texts may be above it.
        stride = self.settings.stride
        if stride is not None:
            stride = min(stride, window_room(self.longest, min(kept, min(lengths))))
        if lengths[0] > lengths[1]:
            spans = windows(self.tokenizer, first, self.longest, stride, after=second.ids[:kept])
        else:
            spans = windows(self.tokenizer, second, self.longest, stride, before=first.ids[:kept])
        return [span.packed for span in spans]


def texts_of(prediction: Any) -> dict[str, str]:
    """`text`, and of a pair `text_pair`, as the first keys of a prediction's JSON."""
    pair = {} if prediction.text_pair is None else {"text_pair": prediction.text_pair}
    return {"text": prediction.text, **pair}


def depth_of(prediction: Any) -> dict[str, int]:
    """`depth_used` as the last key of a prediction's JSON; nothing where the graph has no exit."""
    return {} if prediction.depth_used is None else {"depth_used": prediction.depth_used}

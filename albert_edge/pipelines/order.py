"""`sentence-order`: whether the second of two passages follows the first.

The first label means that it does, the second that it doesn't: for ALBERT's sentence-order prediction that the passages
are swapped (Lan et al. 2019, section 3.1), for BERT's next-sentence prediction that the second is from elsewhere. What
tells the order lies where the passages meet, so passages too long lose the first one's start and the second one's end,
each down to half of the room. Leaves out ordering more than two passages.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence

from albert_edge.errors import ConfigError, DataError
from albert_edge.pipelines.base import Outputs, Pipeline, TextRequest, depth_used, encode, pair_room, pooled
from albert_edge.text.labels import decode_classification
from albert_edge.text.packing import kept_lengths, pack_ids

if TYPE_CHECKING:
    from albert_edge.config import AlbertConfig
    from albert_edge.text.packing import Packed
    from albert_edge.text.tokenizer import Tokenizer


@dataclasses.dataclass(frozen=True)
class Order:
    """The answer for two passages; scores are fractions that add up to 1."""

    text: str
    text_pair: str
    in_order: bool
    score: float
    """Of the answer."""
    scores: Mapping[str, float]
    """Of both labels, in the model's order."""
    depth_used: Optional[int] = None
    """Layers that were applied; None where the graph has no exit."""

    def to_dict(self) -> dict[str, Any]:
        """Keys `text, text_pair, in_order, score, scores`, with an exit `depth_used` last."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        if self.depth_used is None:
            del values["depth_used"]
        return {**values, "scores": dict(self.scores)}


class OrderPipeline(Pipeline[TextRequest, Order]):
    """Sentence order of a model with two labels, the first of which means "in order"."""

    task = "sentence-order"

    def __init__(self, config: AlbertConfig, tokenizer: Tokenizer, longest: int) -> None:
        super().__init__(config, tokenizer, longest)
        if len(config.labels) != 2:
            raise ConfigError(f"sentence-order must have two labels; received {', '.join(config.labels)}")

    def inputs(self, request: TextRequest) -> list[Packed]:
        """One input: the end of the first and the start of the second passage.

        Raises `DataError` if a passage is missing or has no piece, `ConfigError` if there is no room for both.
        """
        if request.text_pair is None:
            raise DataError(f"sentence-order must have two texts; received {request.text!r} alone")
        first = encode(self.tokenizer, request.text).ids
        second = encode(self.tokenizer, request.text_pair).ids
        kept, pair_kept = kept_lengths(len(first), len(second), pair_room(self.longest))
        return [pack_ids(self.tokenizer, first[-kept:], second[:pair_kept])]

    def decode(self, request: TextRequest, inputs: Sequence[Packed], outputs: Sequence[Outputs]) -> Order:
        """In order if the first label's score is at least the second's."""
        labels = self.config.labels
        (logits,) = pooled(inputs, outputs, "logits", len(labels))
        answer = decode_classification(logits, labels)
        in_order = answer.label == labels[0]
        return Order(request.text, str(request.text_pair), in_order, answer.score, answer.scores, depth_used(outputs))

"""The predictor of each task: what its `predict` takes and gives.

Each takes one request, or lists for a list of answers. `max_depth` is the number of layers to apply, looped layout
only; None, below 1 or above the model's means all. `exit_threshold`, of a file whose graph may stop before that, is the
confidence to stop at: above 1 means never, None what the file says; a long text's windows stop each for itself, and
`depth_used` of the prediction is the deepest's. All raise `DataError` for a text without a piece, for what isn't text
and for lists of two lengths, and `CheckFailedError` where the model's outputs are no numbers.
"""

from __future__ import annotations

import dataclasses
import operator
from typing import TYPE_CHECKING, Any, Iterable, Optional, Sequence, overload

from albert_edge.errors import ConfigError, DataError
from albert_edge.pipelines.base import TagRequest, TextRequest
from albert_edge.runtime.base import HeadPredictor, counted, each, numbered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.pipelines.answering import Answer, Question
    from albert_edge.pipelines.classification import AnyPrediction
    from albert_edge.pipelines.embedding import Embedding
    from albert_edge.pipelines.filling import Filling
    from albert_edge.pipelines.order import Order
    from albert_edge.pipelines.tagging import Tagging
    from albert_edge.text.packing import Packed

Depth = Optional[int]
Words = Sequence[tuple[int, int]]


class Classifier(HeadPredictor):
    """`text-classification`: labels, several labels or numbers, as the model's problem type says."""

    task = "text-classification"

    @overload
    def predict(
        self,
        text: str,
        text_pair: Optional[str] = None,
        max_depth: Depth = None,
        exit_threshold: Optional[float] = None,
    ) -> AnyPrediction: ...

    @overload
    def predict(
        self,
        text: list[str],
        text_pair: Optional[list[str]] = None,
        max_depth: Depth = None,
        exit_threshold: Optional[float] = None,
    ) -> list[AnyPrediction]: ...

    def predict(
        self, text: Any, text_pair: Any = None, max_depth: Depth = None, exit_threshold: Optional[float] = None
    ) -> Any:
        """Classify a text, or with `text_pair` a pair."""

        def answered(one: str, two: Optional[str]) -> AnyPrediction:
            return self.answer(TextRequest(one, two), max_depth, exit_threshold)  # type: ignore[no-any-return]

        return each(answered, "text", text, "text_pair", text_pair)

    def logits(
        self, packed: Packed, max_depth: Depth = None, exit_threshold: Optional[float] = None
    ) -> NDArray[np.float32]:
        """The head's output, float32 [labels], for packed ids of at most `lengths.max` tokens."""
        return self.run(packed, max_depth, exit_threshold)[self.task]["logits"]

    def pack(self, text: str, text_pair: Optional[str] = None) -> Packed:
        """The ids that `text` runs with, those of its first window if it is long; errors as in `predict`."""
        packed: Packed = self.pipeline.inputs(TextRequest(text, text_pair))[0]
        return packed

    def request_of(self, item: Any) -> TextRequest:
        """A text or a pair of texts."""
        return TextRequest(*pair_of(item))


class Tagger(HeadPredictor):
    """`token-classification`: the entities of a text."""

    task = "token-classification"

    @overload
    def predict(self, text: str, words: Optional[Words] = None, max_depth: Depth = None) -> Tagging: ...

    @overload
    def predict(
        self, text: list[str], words: Optional[list[Words]] = None, max_depth: Depth = None
    ) -> list[Tagging]: ...

    def predict(self, text: Any, words: Any = None, max_depth: Depth = None) -> Any:
        """Find the entities of a text. `words`: characters [start, end) of each of its words, else found here."""
        return each(lambda one, two: self.answer(tag_request(one, two), max_depth), "text", text, "words", words)

    def request_of(self, item: Any) -> TagRequest:
        """A text."""
        return tag_request(item, None)


class Answerer(HeadPredictor):
    """`question-answering`: where a passage answers a question."""

    task = "question-answering"
    options = ("n_best",)

    @overload
    def predict(self, question: str, passage: str, n_best: int = 1, max_depth: Depth = None) -> Answer: ...

    @overload
    def predict(
        self, question: list[str], passage: list[str], n_best: int = 1, max_depth: Depth = None
    ) -> list[Answer]: ...

    def predict(self, question: Any, passage: Any, n_best: int = 1, max_depth: Depth = None) -> Any:
        """Answer a question from a passage, with the `n_best` best spans beside the answer."""
        from albert_edge.pipelines.answering import Question

        return each(
            lambda one, two: self.answer(Question(one, two), max_depth, n_best=n_best),
            "question",
            question,
            "passage",
            passage,
        )

    def request_of(self, item: Any) -> Question:
        """A question and its passage."""
        from albert_edge.pipelines.answering import Question

        if not _is_pair(item):
            raise DataError(f"question-answering must have a question and a passage; received {item!r}")
        return Question(*item)


@dataclasses.dataclass(frozen=True)
class Similar:
    """One of the texts nearest to a query."""

    text: str
    index: int
    """Its place among the texts, from 0."""
    score: float
    """The cosine of both vectors, in [-1, 1]."""

    def to_dict(self) -> dict[str, Any]:
        """Keys `text, index, score`."""
        return dataclasses.asdict(self)


class Embedder(HeadPredictor):
    """`feature-extraction`: texts as vectors."""

    task = "feature-extraction"

    @overload
    def predict(self, text: str, max_depth: Depth = None) -> Embedding: ...

    @overload
    def predict(self, text: list[str], max_depth: Depth = None) -> list[Embedding]: ...

    def predict(self, text: Any, max_depth: Depth = None) -> Any:
        """The vector of a text, float32 [hidden_size]."""
        return each(lambda one, _: self.answer(TextRequest(one), max_depth), "text", text, "", None)

    def similar(self, query: str, texts: Iterable[str], k: int = 5, max_depth: Depth = None) -> list[Similar]:
        """The `k` of `texts` (all, if there are fewer) whose vectors are nearest to the query's, nearest first.

        Of equals the earlier comes first. Every text's vector is in memory: 3 kB for 768 numbers. Raises `DataError`
        without texts; the message about one starts with its number from 1.
        """
        import numpy as np

        from albert_edge.pipelines.embedding import rank

        if k < 1:
            raise ConfigError(f"k must be at least 1; received {k}")
        wanted = self.predict(query, max_depth).embedding
        known, vectors = [], []
        for number, text in counted(texts):
            with numbered(number):
                vectors.append(self.predict(text, max_depth).embedding)
            known.append(text)
        if not known:
            raise DataError("texts must hold a text to compare with; received none")
        return [Similar(known[index], index, score) for index, score in rank(wanted, np.stack(vectors), k)]

    def request_of(self, item: Any) -> TextRequest:
        """A text."""
        return TextRequest(item)


class Filler(HeadPredictor):
    """`fill-mask`: what may stand where a text says `[MASK]`."""

    task = "fill-mask"
    options = ("top",)

    @overload
    def predict(self, text: str, top: int = 5, max_depth: Depth = None) -> Filling: ...

    @overload
    def predict(self, text: list[str], top: int = 5, max_depth: Depth = None) -> list[Filling]: ...

    def predict(self, text: Any, top: int = 5, max_depth: Depth = None) -> Any:
        """The `top` likeliest pieces for each `[MASK]` of a text."""
        return each(lambda one, _: self.answer(one, max_depth, top=top), "text", text, "", None)

    def request_of(self, item: Any) -> str:
        """A text with a mask, which the pipeline checks."""
        return item  # type: ignore[no-any-return]


class OrderPredictor(HeadPredictor):
    """`sentence-order`: whether the second of two passages follows the first."""

    task = "sentence-order"

    @overload
    def predict(
        self, first: str, second: str, max_depth: Depth = None, exit_threshold: Optional[float] = None
    ) -> Order: ...

    @overload
    def predict(
        self, first: list[str], second: list[str], max_depth: Depth = None, exit_threshold: Optional[float] = None
    ) -> list[Order]: ...

    def predict(self, first: Any, second: Any, max_depth: Depth = None, exit_threshold: Optional[float] = None) -> Any:
        """Whether `second` follows `first`."""

        def answered(one: str, two: str) -> Order:
            return self.answer(TextRequest(one, two), max_depth, exit_threshold)  # type: ignore[no-any-return]

        return each(answered, "first", first, "second", second)

    def request_of(self, item: Any) -> TextRequest:
        """A pair of texts; the pipeline refuses a single one."""
        return TextRequest(*pair_of(item))


PREDICTORS: dict[str, type[HeadPredictor]] = {
    kind.task: kind for kind in (Classifier, Tagger, Answerer, Embedder, Filler, OrderPredictor)
}
"""Task -> its predictor."""


def tag_request(text: str, words: Optional[Words]) -> TagRequest:
    """With the words as the pipeline takes them, whatever sequences they came in; raises `DataError` on others."""
    try:
        spans = None if words is None else tuple((operator.index(start), operator.index(end)) for start, end in words)
    except (TypeError, ValueError) as reason:
        raise DataError(
            f"words must be pairs of whole numbers, characters [start, end); received {words!r}"
        ) from reason
    return TagRequest(text, spans)


def pair_of(item: Any) -> tuple[Any, Any]:
    """An item that is a text, with None, or a pair of texts; raises `DataError` on more or fewer."""
    if not isinstance(item, (tuple, list)):
        return item, None
    if not _is_pair(item):
        raise DataError(f"an item must be a text or a pair of texts; received {item!r}")
    return item[0], item[1]


def _is_pair(item: Any) -> bool:
    """Of two in order: not a string of two characters, not an object of two keys."""
    return isinstance(item, (tuple, list)) and len(item) == 2

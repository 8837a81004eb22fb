"""`token-classification`: the entities of a text, found word by word.

A long text runs in windows; every piece is judged in the one where it has most context, and the sequence of tags is
decided over the whole text, so that an entity may lie across windows. Words are those of the raw text (`text.words`)
unless the request has its own. Leaves out pairs of texts.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Sequence

import numpy as np

from albert_edge.errors import ConfigError, DataError
from albert_edge.pipelines.base import Outputs, Pipeline, TagRequest, encode, output
from albert_edge.text.entities import Entity, TagSet, decode_words, entities_of_tags
from albert_edge.text.labels import log_softmax
from albert_edge.text.windows import Window, widest_context, windows
from albert_edge.text.words import words_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.config import AlbertConfig
    from albert_edge.text.packing import Packed
    from albert_edge.text.tokenizer import Encoding, Tokenizer


@dataclasses.dataclass(frozen=True)
class Tagging:
    """The entities of one text."""

    text: str
    entities: tuple[Entity, ...]
    """In order; they don't overlap."""
    words: tuple[tuple[int, int], ...]
    """Characters [start, end) of each word that was tagged."""
    word_labels: tuple[str, ...]
    """A tag a word, in IOB2 whatever the model's own scheme is."""

    def to_dict(self) -> dict[str, Any]:
        """Keys `text, entities`, of each entity `text, label, start, end, score`."""
        return {"text": self.text, "entities": [entity.to_dict() for entity in self.entities]}


class TaggingPipeline(Pipeline[TagRequest, Tagging]):
    """Tagging with the model's labels, in the scheme that they or the setting `tag_scheme` tell."""

    task = "token-classification"

    def __init__(self, config: AlbertConfig, tokenizer: Tokenizer, longest: int) -> None:
        super().__init__(config, tokenizer, longest)
        self.tag_set = TagSet(config.labels, self.settings.tag_scheme)

    def inputs(self, request: TagRequest) -> list[Packed]:
        """One input, or one a window; raises `DataError` if the text has no piece or the words don't lie in it."""
        _check_words(request)
        return [window.packed for window in self._windows(encode(self.tokenizer, request.text))]

    def decode(self, request: TagRequest, inputs: Sequence[Packed], outputs: Sequence[Outputs]) -> Tagging:
        """The likeliest valid tags of all words together."""
        encoding = encode(self.tokenizer, request.text)
        spans = self._windows(encoding)
        if not len(spans) == len(inputs) == len(outputs):
            raise ConfigError(f"every input must have outputs; received {len(outputs)} for {len(spans)} inputs")
        words = words_of(request.text) if request.words is None else request.words
        log_probabilities = self._log_probabilities(spans, outputs)
        tags, probabilities = decode_words(log_probabilities, encoding.offsets, words, self.tag_set)
        entities = entities_of_tags(tags, words, request.text, probabilities)
        return Tagging(request.text, tuple(entities), tuple(words), tuple(tags))

    def _windows(self, encoding: Encoding) -> list[Window]:
        return windows(self.tokenizer, encoding, self.longest, self.settings.stride)

    def _log_probabilities(self, spans: Sequence[Window], outputs: Sequence[Outputs]) -> NDArray[np.float64]:
        """Of each piece in the window that judges it, float64 [pieces, labels]."""
        labels = len(self.config.labels)
        judges = widest_context(spans)
        chosen = np.empty((len(judges), labels))
        for index, (span, each) in enumerate(zip(spans, outputs)):
            logits = output(each, "logits", (len(span.packed.input_ids), labels))
            (mine,) = np.nonzero(judges[span.start : span.stop] == index)
            chosen[span.start + mine] = logits[span.first + mine]
        return log_softmax(chosen)


def _check_words(request: TagRequest) -> None:
    place = 0
    for start, end in request.words or ():
        if not place <= start < end <= len(request.text):
            raise DataError(
                f"words must be characters [start, end) of the text, in order and apart, from {place} to "
                f"{len(request.text)}; received [{start}, {end})"
            )
        place = end

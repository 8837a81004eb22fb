"""Tags of words to labels of pieces for training, and pieces' scores back to tags and entities.

A word is judged by its first piece, as in Devlin et al. 2018, section 5.3. Where a vocabulary joins characters that are
words of their own (Chinese), several words have the same first piece: then the first of them stands for all, so that
the piece learns its tag, and the others go on with the entity that it starts or continues. A word without a piece
(white space, a lone accent) is not judged and gets `O`.

The tags of a text are the likeliest sequence that its scheme allows (Viterbi 1967), the pieces' log-probabilities added
up. Leaves out learned transition scores (a CRF) and nested entities.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Optional, Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.errors import DataError
from albert_edge.text.schemes import (
    OUTSIDE,
    Tag,
    entity_spans,
    from_iob2,
    may_follow,
    parse_tag,
    scheme_of_labels,
    tags_of_labels,
    to_iob2,
)

IGNORED = -100
"""Label of a piece without a loss, as in transformers and PyTorch."""

_NEVER = -1e30
"""A log-probability below that of any real sequence, and finite, so that sums of it can be compared."""

Span = tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Entity:
    """A named thing: `text` is the whole text's `[start:end]`."""

    text: str
    label: str
    start: int
    end: int
    """Characters [start, end)."""
    score: Optional[float] = None
    """Mean probability of its words' labels; None of an entity that isn't a model's answer."""

    def to_dict(self) -> dict[str, Any]:
        """Keys `text, label, start, end` and, if there is one, `score`."""
        values = dataclasses.asdict(self)
        return values if self.score is not None else {key: values[key] for key in values if key != "score"}


class TagSet:
    """A model's labels as tags of a scheme, and which may follow which. Immutable."""

    def __init__(self, labels: Sequence[str], scheme: Optional[str] = None) -> None:
        """`labels` in order of the logits; `scheme` one of `settings.TAG_SCHEMES`, None: see `scheme_of_labels`."""
        self.tags = tags_of_labels(labels)
        self.scheme = scheme or scheme_of_labels(self.tags)
        self.ids = {tag: index for index, tag in enumerate(self.tags)}
        # A model without `O` can't answer it, yet a word without a piece is `O`: it is then a state of its own.
        self.states = self.tags if OUTSIDE in self.ids else [*self.tags, OUTSIDE]
        self.outside = self.states.index(OUTSIDE)
        self.allowed: NDArray[np.bool_] = np.array(
            [[may_follow(before, after, self.scheme) for after in self.states] for before in self.states]
        )
        """[states, states]: whether the column's tag may follow the row's."""


def first_pieces(offsets: Sequence[Span], words: Sequence[Span]) -> NDArray[np.int64]:
    """The first piece that covers a character of each word, int64 [words]; -1 if there is none.

    `offsets` are an `Encoding`'s, `words` in order and apart; both in characters [start, end) of one text.
    """
    pieces = np.array(offsets, np.int64).reshape(-1, 2)
    spans = np.array(words, np.int64).reshape(-1, 2)
    (real,) = np.nonzero(pieces[:, 1] > pieces[:, 0])
    if not len(real):
        return np.full(len(spans), -1)
    place = np.searchsorted(pieces[real, 1], spans[:, 0], side="right")
    found = real[np.minimum(place, len(real) - 1)]
    covers = (place < len(real)) & (pieces[found, 0] < spans[:, 1])
    return np.where(covers, found, -1)


def piece_labels(
    offsets: Sequence[Span], words: Sequence[Span], tags: Sequence[str], labels: TagSet
) -> NDArray[np.int32]:
    """What each piece is to learn, int32 [pieces]: an id of `labels`, or `IGNORED`.

    `tags` are the words' in IOB2 (`tagged.TaggedExample`) and are written in the scheme of `labels`. Raises
    `DataError` on a tag that is no IOB2 and on one that `labels` lack.
    """
    targets = np.full(len(offsets), IGNORED, np.int32)
    judged, heads = _units(first_pieces(offsets, words))
    parsed = [_iob2_tag(tags[head]) for head in heads]
    # The word before may share its piece with one further back: what is left must be IOB2 again.
    for piece, tag in zip(judged, from_iob2(to_iob2(parsed), labels.scheme)):
        if tag not in labels.ids:
            known = ", ".join(str(known) for known in labels.tags)
            raise DataError(f"a tag must be one of the model's labels, {known}; received {str(tag)!r}")
        targets[piece] = labels.ids[tag]
    return targets


def decode_words(
    log_probabilities: NDArray[np.float64], offsets: Sequence[Span], words: Sequence[Span], labels: TagSet
) -> tuple[list[str], NDArray[np.float64]]:
    """The words' tags in IOB2 and the probabilities of their labels, float64 [words].

    `log_probabilities` is float64 [pieces, labels]. The probability is that of the label at the word's piece; a word
    without a piece is `O` for certain.
    """
    firsts = first_pieces(offsets, words)
    judged, heads = _units(firsts, keep_missing=True)
    scores = np.full((len(heads), len(labels.states)), _NEVER)
    present = judged >= 0
    scores[present, : log_probabilities.shape[1]] = log_probabilities[judged[present]]
    scores[~present, labels.outside] = 0
    path = best_path(scores, labels.allowed, labels.allowed[labels.outside], labels.allowed[:, labels.outside])
    units = to_iob2(labels.states[state] for state in path)
    chosen = np.exp(scores[np.arange(len(path)), path])
    counts = np.diff(np.append(heads, len(words)))
    tags: list[str] = []
    for tag, count in zip(units, counts.tolist()):
        follower = OUTSIDE if tag == OUTSIDE else Tag("I", tag.type)
        tags += [str(tag), *[str(follower)] * (count - 1)]
    return tags, np.repeat(chosen, counts)


def best_path(
    scores: NDArray[np.float64],
    allowed: NDArray[np.bool_],
    starts: NDArray[np.bool_],
    ends: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """The states of the highest sum of `scores` [steps, states] with every step `allowed` [states, states].

    `starts` and `ends`, bool [states], say which states may be the first and the last. int64 [steps]; of equal paths
    the one of the lower states, decided from the end. Viterbi's recursion, O(steps * states^2).
    """
    if not len(scores):
        return np.zeros(0, np.int64)
    penalty = np.where(allowed, 0.0, _NEVER)
    came_from = np.zeros(scores.shape, np.int64)
    best = scores[0] + np.where(starts, 0.0, _NEVER)
    columns = np.arange(scores.shape[1])
    for step in range(1, len(scores)):
        totals = best[:, np.newaxis] + penalty
        came_from[step] = totals.argmax(axis=0)
        best = totals[came_from[step], columns] + scores[step]
    path = np.empty(len(scores), np.int64)
    path[-1] = int((best + np.where(ends, 0.0, _NEVER)).argmax())
    for step in range(len(scores) - 1, 0, -1):
        path[step - 1] = came_from[step, path[step]]
    return path


def entities_of_tags(
    tags: Sequence[str], words: Sequence[Span], text: str, probabilities: Optional[NDArray[np.float64]] = None
) -> list[Entity]:
    """The entities that the words' `tags` mark, in order, each from its first word's start to its last one's end.

    Tags of any scheme; where they break it, conlleval's reading holds (an I after O starts an entity). With the
    words' `probabilities` [words] each entity has a score. Raises `DataError` on what is no tag.
    """
    entities = []
    for first, stop, label in entity_spans([_tag(tag) for tag in tags]):
        start, end = words[first][0], words[stop - 1][1]
        score = None if probabilities is None else float(probabilities[first:stop].mean())
        entities.append(Entity(text[start:end], label, start, end, score))
    return entities


def _units(firsts: NDArray[np.int64], keep_missing: bool = False) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pieces that are judged and, for each, the first of the words that it stands for; with `keep_missing` a
    word without a piece is a unit too, its piece -1."""
    missing = firsts < 0
    is_head = np.append(True, firsts[1:] != firsts[:-1]) | missing if len(firsts) else missing
    (heads,) = np.nonzero(is_head if keep_missing else is_head & ~missing)
    return firsts[heads], heads


def _tag(text: str) -> Tag:
    tag = parse_tag(text)
    if tag is None:
        raise DataError(f"a tag must be O, or a prefix, a hyphen and a type; received {text!r}")
    return tag


def _iob2_tag(text: str) -> Tag:
    tag = _tag(text)
    if tag.prefix in "ES":
        raise DataError(f"a tag must be IOB2's, with the prefix B or I; received {text!r}")
    return tag

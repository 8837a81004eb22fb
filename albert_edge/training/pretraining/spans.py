"""Which pieces a step asks for: spans of up to n pieces or words, their lengths drawn with p(n) proportional to 1/n.

Follows `create_masked_lm_predictions` of google-research/albert (Lan et al. 2019, section 4.1) with one difference:
there a span that no longer fits is shortened or left out, which makes long spans rarer than the paper's p(n). Here a
span is placed as it was drawn, and the last one may go over the share; when to stop is chosen so that the share is met
on average.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Optional, Sequence

import numpy as np

from albert_edge.text.pieces import WORD_START

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.text.tokenizer import Tokenizer


@dataclasses.dataclass(frozen=True)
class SpanRule:
    """How many pieces are asked for, and how they hang together."""

    share: float
    """Of the pieces that aren't special."""
    ngram: int
    """Units of the longest span."""
    most: int
    """Pieces of an input that may be asked for: a span that would be more is left out."""
    whole_words: bool = False
    """A unit is a word, with all pieces of it; else it is a piece."""

    @property
    def chances(self) -> NDArray[np.float64]:
        """Of the lengths 1 to `ngram`: p(n) = (1 / n) / (1 + 1/2 + ... + 1/ngram)."""
        weights = 1 / np.arange(1, self.ngram + 1)
        return np.asarray(weights / weights.sum())


def continues_word(tokenizer: Tokenizer) -> NDArray[np.bool_]:
    """[V]: whether a piece belongs to the word of the piece before it."""
    pieces = [tokenizer.id_to_piece(piece_id) for piece_id in range(tokenizer.vocab_size)]
    if tokenizer.kind == "sentencepiece":
        return np.array([not piece.startswith(WORD_START) for piece in pieces])
    return np.array([piece.startswith("##") for piece in pieces])


def choose_spans(
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    passages: NDArray[np.int64],
    rule: SpanRule,
    generator: np.random.Generator,
) -> list[NDArray[np.int64]]:
    """The spans, in no order: the units of each.

    Unit i has `lengths[i]` pieces from position `starts[i]` on and stands in the passage `passages[i]`; units are in
    the order of their positions, and no span goes over the end of a passage.
    """
    if not len(starts):
        return []
    goal = max(1.0, rule.share * lengths.sum() - _excess(lengths, rule)) - generator.random()
    free = np.ones(len(starts), bool)
    spans: list[NDArray[np.int64]] = []
    asked = 0
    order = generator.permutation(len(starts)).tolist()
    drawn = (generator.choice(rule.ngram, len(starts), p=rule.chances) + 1).tolist()
    for units in drawn:
        if asked >= goal:
            break
        place = _place(order, units, free, passages)
        if place is None:
            continue
        found = int(lengths[place : place + units].sum())
        if asked + found > rule.most:
            continue
        free[place : place + units] = False
        asked += found
        spans.append(np.arange(place, place + units))
    return spans


def _place(order: Sequence[int], units: int, free: NDArray[np.bool_], passages: NDArray[np.int64]) -> Optional[int]:
    """The first place in `order` where so many units are free, in one passage."""
    for place in order:
        last = place + units - 1
        if last < len(free) and passages[place] == passages[last] and free[place : last + 1].all():
            return place
    return None


def _excess(lengths: NDArray[np.int64], rule: SpanRule) -> float:
    """How far, on average, the last span goes over where the drawing ends: E[c (c - 1)] / (2 E[c]) of spans of c
    pieces (the mean excess of a renewal process of whole numbers)."""
    total = np.concatenate([[0], np.cumsum(lengths)])
    first = second = 0.0
    for units, chance in enumerate(rule.chances, start=1):
        pieces = total[units:] - total[:-units]
        if len(pieces):
            first += chance * pieces.mean()
            second += chance * (pieces * (pieces - 1)).mean()
    return second / (2 * first)


def units_of(
    ids: NDArray[np.int32], ordinary: NDArray[np.bool_], continues: Optional[NDArray[np.bool_]]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Starts, lengths and passages of an input's units: words with `continues` (`continues_word`), else pieces.

    `ordinary` [T] says which positions may be asked for; a run of them without a gap is a passage.
    """
    places = np.flatnonzero(ordinary)
    gaps = np.diff(places, prepend=places[:1]) > 1
    begins = np.ones(len(places), bool)
    if continues is not None:
        begins[1:] = ~continues[ids[places[1:]]] | gaps[1:]
    lengths = np.diff(np.append(np.flatnonzero(begins), len(places)))
    return places[begins], lengths, np.cumsum(gaps)[begins]

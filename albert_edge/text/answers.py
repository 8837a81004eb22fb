"""Answers as spans of a passage's pieces: windows, what training aims at, and logits back to characters.

Follows `run_squad.py` of google-research/bert, which google-research/albert kept, with two differences. There an
answer counts in the window in which its first piece has the widest context; here its middle piece decides, so that
both ends have context (of 400 answers of the German XQuAD, in windows of 64 tokens, that rule can't give 10, this one
gives all). And there the answer's text is searched for again in the passage (`get_final_text`); here the pieces'
offsets say where it stands, and it is the passage's own characters.

Leaves out what a tokenizer can't tell: an answer that is a part of a piece becomes the whole piece.
"""

from __future__ import annotations

import bisect
from typing import NamedTuple, Optional, Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.errors import DataError
from albert_edge.text.tokenizer import Encoding, Tokenizer
from albert_edge.text.windows import Window, widest_context, window_room, windows

MAX_QUESTION_PIECES = 64
"""A longer question loses its end: `max_query_length` of run_squad."""
CANDIDATES = 20
"""Spans among which the probability is shared: `n_best_size` of run_squad."""


class Candidate(NamedTuple):
    """Characters [start, end) of a passage, with a character that isn't white space at both ends."""

    start: int
    end: int
    logit: float
    """Start logit of its first piece plus end logit of its last."""


def question_windows(
    tokenizer: Tokenizer, question: Encoding, passage: Encoding, longest: int, stride: Optional[int] = None
) -> list[Window]:
    """`[CLS] question [SEP] window of the passage [SEP]`, at most `longest` tokens each; one if the passage fits.

    The question keeps `MAX_QUESTION_PIECES`, and at most half of the room. A `stride` above a window's room, which a
    long question makes small, counts as the room. Raises `ConfigError` if `longest` has no room for a piece of each,
    `DataError` if the question has no piece.
    """
    if not question.ids:
        raise DataError("a question must have a piece left after clean-up; received one without")
    before = question.ids[: max(1, min(MAX_QUESTION_PIECES, (longest - 3) // 2))]
    if stride is not None:
        stride = min(stride, window_room(longest, len(before)))
    return windows(tokenizer, passage, longest, stride, before)


def token_span(offsets: Sequence[tuple[int, int]], start: int, end: int) -> Optional[tuple[int, int]]:
    """First and last of the fewest pieces that cover the characters [start, end), by the pieces' `offsets`.

    None if no piece covers any of them (white space, characters that the clean-up drops).
    """
    first = bisect.bisect_right([piece_end for _, piece_end in offsets], start)
    last = bisect.bisect_left([piece_start for piece_start, _ in offsets], end) - 1
    # A word-start mark alone covers nothing.
    while first <= last and offsets[first][0] == offsets[first][1]:
        first += 1
    while first <= last and offsets[last][0] == offsets[last][1]:
        last -= 1
    return (first, last) if first <= last else None


def answer_targets(window: Window, span: Optional[tuple[int, int]]) -> tuple[int, int]:
    """Where in `window.packed` the pieces `span` (see `token_span`) start and end: what the logits are trained for.

    (0, 0), the place of `[CLS]`, if the window doesn't hold all of them or there is no answer.
    """
    if span is None or span[0] < window.start or span[1] >= window.stop:
        return 0, 0
    shift = window.first - window.start
    return span[0] + shift, span[1] + shift


def shows_text(text: str, offsets: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """bool [pieces]: whether a piece covers more than white space; a word-start mark alone doesn't."""
    return np.array([bool(text[start:end].strip()) for start, end in offsets], np.bool_)


def no_answer_logit(start_logits: Sequence[NDArray[np.float64]], end_logits: Sequence[NDArray[np.float64]]) -> float:
    """The logit of there being no answer: `[CLS]` as start and end in the window that believes in it least."""
    return min(float(start[0] + end[0]) for start, end in zip(start_logits, end_logits))


def best_candidates(
    text: str,
    offsets: Sequence[tuple[int, int]],
    spans: Sequence[Window],
    start_logits: Sequence[NDArray[np.float64]],
    end_logits: Sequence[NDArray[np.float64]],
    max_answer_tokens: int,
    count: int = CANDIDATES,
) -> list[Candidate]:
    """At most `count` different spans of characters with the highest logits, the highest first.

    Arguments:
        text: the passage.
        offsets: of its pieces, at least one of which shows text (see `shows_text`).
        spans: its windows, from `question_windows`.
        start_logits, end_logits: of each window, float64 [T] for its T tokens.
        max_answer_tokens: pieces of the longest answer.

    Of equal logits the span that starts first, then the shorter one, comes first.
    """
    judges = widest_context(spans)
    shown = shows_text(text, offsets)
    found: list[Candidate] = []
    for index, (window, starts, ends) in enumerate(zip(spans, start_logits, end_logits)):
        pieces = slice(window.first, window.first + window.stop - window.start)
        scores = _span_scores(starts[pieces], ends[pieces], max_answer_tokens)
        scores[~_is_allowed(scores.shape, window, judges == index, shown)] = -np.inf
        found += _best_of_window(text, offsets[window.start : window.stop], scores, count)
    return _distinct(sorted(found, key=lambda each: (-each.logit, each.start, each.end)))[:count]


def _best_of_window(
    text: str, offsets: Sequence[tuple[int, int]], scores: NDArray[np.float64], count: int
) -> list[Candidate]:
    """The `count` best of one window's spans of characters; `offsets` are those of its pieces."""
    wanted = count
    while True:
        highest = _highest(scores, wanted)
        found = [
            Candidate(*_trimmed(text, offsets[first][0], offsets[last][1]), logit) for first, last, logit in highest
        ]
        distinct = _distinct(found)
        if len(distinct) >= count or len(highest) < wanted:
            return distinct[:count]
        wanted *= 2


def _distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Of candidates for the same characters the first: different pieces may be the same ones (`½` is three)."""
    best: dict[tuple[int, int], Candidate] = {}
    for candidate in candidates:
        best.setdefault((candidate.start, candidate.end), candidate)
    return list(best.values())


def _span_scores(starts: NDArray[np.float64], ends: NDArray[np.float64], max_answer_tokens: int) -> NDArray[np.float64]:
    """[pieces, lengths]: the logit of the span that starts at a piece and is so many pieces longer than one."""
    lengths = min(max_answer_tokens, len(starts))
    padded = np.concatenate([ends, np.full(lengths - 1, -np.inf)])
    scores: NDArray[np.float64] = starts[:, None] + padded[_lasts(len(starts), lengths)]
    return scores


def _lasts(pieces: int, lengths: int) -> NDArray[np.int64]:
    """[pieces, lengths]: the last piece of each span, also behind the window's end."""
    lasts: NDArray[np.int64] = np.arange(pieces)[:, None] + np.arange(lengths)[None, :]
    return lasts


def _is_allowed(
    shape: tuple[int, ...], window: Window, is_judge: NDArray[np.bool_], shown: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """[pieces, lengths]: whether the span's middle piece has its widest context here and its ends show text."""
    firsts = np.arange(shape[0])[:, None] + window.start
    lasts = np.minimum(_lasts(*shape) + window.start, window.stop - 1)
    allowed: NDArray[np.bool_] = is_judge[(firsts + lasts) // 2] & shown[firsts] & shown[lasts]
    return allowed


def _highest(scores: NDArray[np.float64], count: int) -> list[tuple[int, int, float]]:
    """The `count` highest of `scores` that are not -inf: the span's first and last piece in the window, the score."""
    flat = scores.ravel()
    least = np.partition(flat, -count)[-count] if count < len(flat) else -np.inf
    places = np.flatnonzero((flat >= least) & (flat > -np.inf))
    # Stable: where the least of them is met more often than fits, the same ones stay on every machine.
    places = places[np.argsort(-flat[places], kind="stable")][:count]
    lengths = scores.shape[1]
    return [(int(place // lengths), int(place // lengths + place % lengths), float(flat[place])) for place in places]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """[start, end) without white space at its ends."""
    while end > start and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    return start, end

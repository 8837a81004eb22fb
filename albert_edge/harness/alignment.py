"""Predicted entities held against the words of a data file, so that both have a tag a word.

If both files are CoNLL, the words must be the same, and the tags are those that stand there. Spans of a JSON Lines file
may start or end inside a word: there the word is cut in two, on both sides alike, so that such an entity is counted and
is none of the right ones; then all tags are in IOB2.
"""

from __future__ import annotations

import bisect
from pathlib import Path
from typing import Iterable, Iterator, Sequence

from albert_edge.errors import DataError
from albert_edge.files import PathLike
from albert_edge.metrics.entities import entities_of
from albert_edge.text.rows import shown_json
from albert_edge.text.tagged import TaggedExample

Span = tuple[int, int, str]
"""Characters [start, end) of an entity, and its type."""


def aligned_tags(
    path: PathLike, predicted: Sequence[TaggedExample], data: PathLike, examples: Sequence[TaggedExample]
) -> tuple[list[Sequence[str]], list[Sequence[str]]]:
    """The right and the predicted tags, of each sentence a tag a word on both sides.

    `path` and `data` are the files that both were read from, as written. Raises `DataError`, with the line of `path`,
    if there is another number of sentences, or one has other words or another text.
    """
    if len(predicted) != len(examples):
        raise DataError(
            f"{path}: predictions must be of the {len(examples)} sentences of {data}; received {len(predicted)}"
        )
    pairs = [_aligned(path, found, data, right) for found, right in zip(predicted, examples)]
    return [right for right, _ in pairs], [found for _, found in pairs]


def _aligned(
    path: PathLike, found: TaggedExample, data: PathLike, right: TaggedExample
) -> tuple[Sequence[str], Sequence[str]]:
    if found.text != right.text:
        _refuse(path, found, data, right)
    if not _has_spans(path) and not _has_spans(data):
        if found.words != right.words:
            _refuse(path, found, data, right)
        return right.tags, found.tags
    sides = _spans(right), _spans(found)
    words = list(_cut(right.words, {edge for spans in sides for start, end, _ in spans for edge in (start, end)}))
    true, predicted = (_tags(words, spans) for spans in sides)
    return true, predicted


def _refuse(path: PathLike, found: TaggedExample, data: PathLike, right: TaggedExample) -> None:
    """Name the first word that differs; in CoNLL each has a line of its own."""
    words, others = ([each.text[start:end] for start, end in each.words] for each in (found, right))
    if words == others:
        raise DataError(
            f"{path}:{found.line}: the text must be that of {data}:{right.line}, white space included; "
            f"received {shown_json(found.text)} for {shown_json(right.text)}"
        )
    place = next((n for n, pair in enumerate(zip(words, others)) if pair[0] != pair[1]), min(len(words), len(others)))
    word, other = (side[place] if place < len(side) else "the end" for side in (words, others))
    line = found.line if _has_spans(path) else found.line + min(place, len(words) - 1)
    raise DataError(
        f"{path}:{line}: the words must be those of {data}:{right.line}, where {other!r} stands; received {word!r}"
    )


def _has_spans(path: PathLike) -> bool:
    return Path(path).suffix.lower() == ".jsonl"


def _spans(example: TaggedExample) -> list[Span]:
    return [
        (example.words[start][0], example.words[end - 1][1], kind) for start, end, kind in entities_of(example.tags)
    ]


def _cut(words: Iterable[tuple[int, int]], edges: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The words, each cut wherever one of `edges` lies inside of it."""
    cuts = sorted(edges)
    for start, end in words:
        inside = cuts[bisect.bisect_right(cuts, start) : bisect.bisect_left(cuts, end)]
        places = [start, *inside, end]
        yield from zip(places, places[1:])


def _tags(words: Sequence[tuple[int, int]], spans: Sequence[Span]) -> list[str]:
    tags = ["O"] * len(words)
    starts = [start for start, _ in words]
    for start, end, kind in spans:
        first, stop = bisect.bisect_left(starts, start), bisect.bisect_left(starts, end)
        tags[first:stop] = [f"B-{kind}", *[f"I-{kind}"] * (stop - first - 1)]
    return tags

"""Texts with tagged words, from CoNLL files or JSON Lines with spans, all brought to IOB2.

CoNLL: a word a line, its token in the first column and its tag in the last, columns separated by tabs or, in a line
without one, by spaces; an empty line ends a sentence, and so does a `-DOCSTART-` line. A line that starts with `#` is
a comment if it stands before a sentence's first word and can't be a word itself: `#` may also be a token. The scheme
of the tags is that of the whole file (`schemes`), as told or as the only one that fits all its sentences.

JSON Lines: `{"text": ..., "entities": [{"start": 0, "end": 4, "label": "person"}]}` with [start, end) in characters
(`spans` is another name for `entities`). The words are those of the raw text, cut where an entity starts or ends
inside one. Leaves out nested entities and bad rows: the first one stops the reading with `path:line: rule; received`.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Optional

from albert_edge.errors import DataError
from albert_edge.files import PathLike
from albert_edge.settings import TAG_SCHEMES
from albert_edge.text.lines import file_lines
from albert_edge.text.rows import json_rows, refuse_surrogates_at
from albert_edge.text.schemes import OUTSIDE, Tag, may_follow, parse_tag, scheme_named, to_iob2
from albert_edge.text.words import is_unspaced, words_of

_DOCUMENT_START = "-DOCSTART-"
_SPANS = ("entities", "spans")

Span = tuple[int, int]


@dataclasses.dataclass(frozen=True)
class TaggedExample:
    """A text, its words and their tags."""

    text: str
    words: tuple[Span, ...]
    """Characters [start, end) of each word, in order and apart."""
    tags: tuple[str, ...]
    """A tag a word, in IOB2 (unless it was asked for as written): `O`, `B-person`, `I-person`."""
    line: int
    """Where it starts in its file, from 1."""


@dataclasses.dataclass(frozen=True)
class _Word:
    token: str
    tag: Tag
    written: str
    """The tag as the file has it."""
    line: int


def read_tagged(path: PathLike, scheme: Optional[str] = None, as_written: bool = False) -> list[TaggedExample]:
    """All examples of `path`: JSON Lines if its name ends in `.jsonl`, else CoNLL.

    `scheme` is a CoNLL file's (`iob1`, `iob2`, `bioes`; None: told by its tags). With `as_written` its tags are neither
    checked nor brought to IOB2: those predicted elsewhere may break every scheme. Raises `ConfigError` on another
    scheme, `DataError` on a file that can't be read, has no examples or has a bad row.
    """
    stated = None if scheme is None else scheme_named(scheme)
    if Path(path).suffix.lower() == ".jsonl":
        examples = [_of_spans(row, line, f"{path}:{line}") for line, row in json_rows(str(path))]
    else:
        sentences = list(_sentences(str(path)))
        if not as_written:
            _check_scheme(sentences, stated, str(path))
        examples = [_of_sentence(sentence, as_written) for sentence in sentences]
    if not examples:
        raise DataError(f"{path}: a data file must have tagged texts; received none")
    return examples


def labels_of_tagged(examples: Iterable[TaggedExample]) -> tuple[str, ...]:
    """The IOB2 labels of a model for `examples`: `O`, then B and I of each type, types in alphabetical order."""
    types = {tag[2:] for example in examples for tag in example.tags if tag != "O"}
    return ("O", *(f"{prefix}-{kind}" for kind in sorted(types) for prefix in "BI"))


# === CoNLL ===


def _sentences(path: str) -> Iterator[list[_Word]]:
    sentence: list[_Word] = []
    width: Optional[int] = None
    for line, text in enumerate(file_lines(path), start=1):
        columns = _columns(text)
        ends = not columns or columns[0] == _DOCUMENT_START
        if ends and sentence:
            yield sentence
            sentence = []
        if ends or (not sentence and _is_comment(text, columns, width)):
            continue
        width = width or len(columns)
        sentence.append(_word(columns, width, line, f"{path}:{line}"))
    if sentence:
        yield sentence


def _columns(line: str) -> list[str]:
    """None of an empty line. A no-break space is part of its token, and where tabs separate, a space is too."""
    if not line.strip(" \t"):
        return []
    return [column.strip(" ") for column in line.split("\t")] if "\t" in line else re.split(" +", line.strip(" "))


def _is_comment(line: str, columns: list[str], width: Optional[int]) -> bool:
    is_word = parse_tag(columns[-1]) is not None and len(columns) == (width or len(columns)) > 1
    return line.startswith("#") and "\t" not in line and not is_word


def _word(columns: list[str], width: int, line: int, where: str) -> _Word:
    if len(columns) < 2:
        raise DataError(f"{where}: a word must have a token and a tag; received {columns[0]!r} alone")
    if len(columns) != width:
        raise DataError(f"{where}: a word must have {width} columns as the first one has; received {len(columns)}")
    if not columns[0]:
        raise DataError(f"{where}: a token must not be empty; received {columns!r}")
    tag = parse_tag(columns[-1])
    if tag is None:
        raise DataError(
            f"{where}: a tag must be O or one of B, I, E, S (or L, U, M, W), a hyphen and a type; "
            f"received {columns[-1]!r}"
        )
    return _Word(columns[0], tag, columns[-1], line)


def _check_scheme(sentences: Iterable[list[_Word]], stated: Optional[str], path: str) -> None:
    """Refuse tags that don't follow the stated scheme, or without one any single scheme, at the line that shows it."""
    left = [stated] if stated else list(TAG_SCHEMES)
    for sentence in sentences:
        edge = _Word("", OUTSIDE, "the end of the sentence", sentence[-1].line)
        for before, after in zip([edge, *sentence], [*sentence, edge]):
            fitting = [
                scheme for scheme in left if may_follow(before.tag, after.tag, scheme) and _has(after.tag, scheme)
            ]
            if not fitting:
                known = len(left) < len(TAG_SCHEMES)
                rule = f"{' or '.join(left)}{'' if stated else ' as those before do'}" if known else ", ".join(left)
                received = f"{after.written} after {'the start of the sentence' if before is edge else before.written}"
                raise DataError(f"{path}:{after.line}: tags must follow {rule}; received {received}")
            left = fitting


def _has(tag: Tag, scheme: str) -> bool:
    return scheme == "bioes" or tag.prefix not in "ES"


def _of_sentence(sentence: list[_Word], as_written: bool) -> TaggedExample:
    """Tokens joined by one space, or by none between two characters of a script written without them."""
    parts: list[str] = []
    words: list[Span] = []
    place = 0
    for word in sentence:
        if parts and not (is_unspaced(parts[-1][-1]) and is_unspaced(word.token[0])):
            parts.append(" ")
            place += 1
        parts.append(word.token)
        words.append((place, place + len(word.token)))
        place += len(word.token)
    tags = [word.tag for word in sentence]
    written = tuple(map(str, tags if as_written else to_iob2(tags)))
    return TaggedExample("".join(parts), tuple(words), written, sentence[0].line)


# === JSON Lines ===


def _of_spans(row: Mapping[str, Any], line: int, where: str) -> TaggedExample:
    text = row.get("text")
    if not isinstance(text, str) or not text.strip():
        raise DataError(f"{where}: a row must have a text that is not empty as 'text'; received {text!r}")
    refuse_surrogates_at(where, text)
    named = [name for name in _SPANS if name in row]
    if len(named) != 1 or not isinstance(row[named[0]], list):
        raise DataError(f"{where}: a row must have a list as 'entities' or 'spans'; received the keys {list(row)!r}")
    spans = sorted(_span(span, text, where) for span in row[named[0]])
    for (_, end, _), (start, stop, _) in zip(spans, spans[1:]):
        if start < end:
            raise DataError(f"{where}: entities must not overlap; received one up to {end} and one [{start}, {stop})")
    words, tags = _tagged_words(text, spans)
    return TaggedExample(text, words, tags, line)


def _span(span: Any, text: str, where: str) -> tuple[int, int, str]:
    if not isinstance(span, dict) or any(name not in span for name in ("start", "end", "label")):
        raise DataError(f"{where}: an entity must be an object with start, end and label; received {span!r}")
    start, end, label = span["start"], span["end"], span["label"]
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        raise DataError(
            f"{where}: an entity's start and end must be characters of the text, 0 <= start < end <= {len(text)}; "
            f"received {start!r} and {end!r}"
        )
    if not isinstance(label, str) or not label.strip():
        raise DataError(f"{where}: an entity's label must be a string that is not empty; received {label!r}")
    if text[start].isspace() or text[end - 1].isspace():
        raise DataError(f"{where}: an entity must not start or end with white space; received {text[start:end]!r}")
    if span.get("text", text[start:end]) != text[start:end]:
        raise DataError(
            f"{where}: an entity's text must stand at its place; received {span['text']!r} for {text[start:end]!r}"
        )
    return start, end, label


def _tagged_words(text: str, spans: list[tuple[int, int, str]]) -> tuple[tuple[Span, ...], tuple[str, ...]]:
    cuts = sorted({edge for start, end, _ in spans for edge in (start, end)})
    words = list(_cut_words(words_of(text), cuts))
    tags = []
    left = iter(spans)
    current = next(left, None)
    for start, _ in words:
        while current is not None and current[1] <= start:
            current = next(left, None)
        if current is None or start < current[0]:
            tags.append("O")
        else:
            tags.append(f"{'B' if start == current[0] else 'I'}-{current[2]}")
    return tuple(words), tuple(tags)


def _cut_words(words: Iterable[Span], cuts: list[int]) -> Iterator[Span]:
    place = 0
    for start, end in words:
        while place < len(cuts) and cuts[place] <= start:
            place += 1
        while place < len(cuts) and cuts[place] < end:
            yield start, cuts[place]
            start = cuts[place]
            place += 1
        yield start, end

"""The clean-up that a text gets before SentencePiece, with each character's place in the original text.

Follows `preprocess_text` of google-research/albert (`tokenization.py`), step by step: white space collapsed, NFKD,
combining marks dropped, lower case; and its quote rule (`` and '' become ") from XLNet's version of that function,
which ALBERT's published models were trained with. Leaves out `remove_space=False`, which no ALBERT uses.

Unicode's tables come with Python: a character newer than the interpreter's own tables stays as it is.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from array import array
from typing import Callable, Iterator, Sequence

from albert_edge.errors import DataError
from albert_edge.text.options import TokenizerOptions

_WORD = re.compile(r"\S+")  # the words of str.split(): both ask Unicode's white space property
_DOUBLED_QUOTE = re.compile("``|''")


@dataclasses.dataclass(frozen=True)
class AlignedText:
    """A derived text; character i of it came from characters [starts[i], ends[i]) of the original.

    `starts` and `ends` never decrease. Characters that came from one original character (`½`) share its span. Those of
    a long text are arrays of 32-bit numbers or ranges: lists would take ten times its size.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def identity(cls, text: str) -> AlignedText:
        """`text` as it is: each character came from itself."""
        return cls(text, range(len(text)), range(1, len(text) + 1))

    def part(self, first: int, last: int) -> AlignedText:
        """The characters [first, last), as a text of their own."""
        return AlignedText(self.text[first:last], self.starts[first:last], self.ends[first:last])

    def pick(self, positions: Sequence[int]) -> AlignedText:
        """The characters at `positions` (increasing), as a text of their own."""
        return AlignedText(
            "".join([self.text[position] for position in positions]),
            [self.starts[position] for position in positions],
            [self.ends[position] for position in positions],
        )


def clean(text: str, options: TokenizerOptions) -> AlignedText:
    """Clean `text` up and say where each character came from; raises `DataError` on a lone surrogate.

    White space between words counts as the one space that it becomes. A dropped combining mark belongs to the
    character before it, so that a span over a decomposed `é` holds its accent; after white space it belongs to none.
    """
    refuse_surrogates(text)
    aligned = straighten_quotes(_collapse_spaces(text))
    if not options.keep_accents:
        aligned = _strip_accents(aligned)
    return lower(aligned) if options.lower_case else aligned


def clean_text(text: str, options: TokenizerOptions) -> str:
    """The text of `clean`, without where each character came from; raises `DataError` as it does."""
    refuse_surrogates(text)
    text = _DOUBLED_QUOTE.sub('"', " ".join(text.split()))
    if not options.keep_accents and not text.isascii():
        parts = unicodedata.normalize("NFKD", text)
        text = "".join([part for part in parts if not unicodedata.combining(part)])
    return text.lower() if options.lower_case else text


def cut_out(text: str, names: re.Pattern[str]) -> Iterator[tuple[AlignedText, bool]]:
    """The parts of `text`, none of them empty, and of each whether it is a match of `names`."""
    whole = AlignedText.identity(text)
    place = 0
    for match in names.finditer(text):
        if place < match.start():
            yield whole.part(place, match.start()), False
        yield whole.part(*match.span()), True
        place = match.end()
    if place < len(text):
        yield whole.part(place, len(text)), False


def refuse_surrogates(text: str) -> None:
    """Raise `DataError` if `text` holds half of a surrogate pair, which is no character and has no UTF-8 form."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as reason:
        raise DataError(
            f"a text must be valid Unicode; received the lone surrogate {text[reason.start]!r} "
            f"at character {reason.start}"
        ) from reason


def _collapse_spaces(text: str) -> AlignedText:
    collapsed = " ".join(text.split())
    if collapsed == text:
        return AlignedText.identity(text)
    starts = array("i")
    ends = array("i")
    for word in _WORD.finditer(text):
        if starts:
            starts.append(ends[-1])
            ends.append(word.start())
        starts.extend(range(word.start(), word.end()))
        ends.extend(range(word.start() + 1, word.end() + 1))
    return AlignedText(collapsed, starts, ends)


def straighten_quotes(aligned: AlignedText) -> AlignedText:
    """The quotes of old plain text, `` and '', as the one character \"."""
    text = _DOUBLED_QUOTE.sub('"', aligned.text)
    if len(text) == len(aligned.text):
        return aligned
    # Of the two marks the first one's start and the second one's end stay.
    first = {match.start() for match in _DOUBLED_QUOTE.finditer(aligned.text)}
    starts = array("i", (start for position, start in enumerate(aligned.starts) if position - 1 not in first))
    ends = array("i", (end for position, end in enumerate(aligned.ends) if position not in first))
    return AlignedText(text, starts, ends)


def replace_characters(aligned: AlignedText, replacement: Callable[[str], str]) -> AlignedText:
    """Put `replacement` of each character in its place, which may be several characters or none.

    A dropped character belongs to the one before it; after a space it belongs to none.
    """
    characters: list[str] = []
    starts = array("i")
    ends = array("i")
    for character, start, end in zip(aligned.text, aligned.starts, aligned.ends):
        kept = replacement(character)
        if kept:
            characters.append(kept)
            starts.extend([start] * len(kept))
            ends.extend([end] * len(kept))
        elif characters and characters[-1] != " ":
            ends[-1] = end
    return AlignedText("".join(characters), starts, ends)


def _strip_accents(aligned: AlignedText) -> AlignedText:
    """NFKD without combining marks.

    Done character by character, which gives what NFKD of the whole text gives: only combining marks are ever
    reordered across characters, and those go.
    """
    return aligned if aligned.text.isascii() else replace_characters(aligned, _decompose)


def _decompose(character: str) -> str:
    if character.isascii():
        return character
    parts = unicodedata.normalize("NFKD", character)
    return "".join([part for part in parts if not unicodedata.combining(part)])


def lower(aligned: AlignedText) -> AlignedText:
    """The text in lower case."""
    lowered = aligned.text.lower()
    if len(lowered) == len(aligned.text):
        return AlignedText(lowered, aligned.starts, aligned.ends)
    # Characters only ever grow ("İ" becomes two). The text itself is lowered whole: "Σ" looks at its neighbours.
    widths = [len(character.lower()) for character in aligned.text]
    starts = array("i", (start for start, width in zip(aligned.starts, widths) for _ in range(width)))
    ends = array("i", (end for end, width in zip(aligned.ends, widths) for _ in range(width)))
    return AlignedText(lowered, starts, ends)

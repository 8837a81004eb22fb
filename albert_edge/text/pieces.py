"""The one adapter over the SentencePiece library: pieces with their place in a text, and ids.

Written for every release from 0.2.0 (Python 3.9) to 0.2.3. What differs between them, found by trying:

- Offsets. 0.2.0 gives them in characters with `out_type="immutable_proto"`, which 0.2.3 refuses; there it is
  `out_type="proto"`, which counts bytes and needs protobuf (in 0.2.0 it means serialized bytes). Neither is used:
  `normalize(text, with_offsets=True)` answers alike in both, in characters, and since the pieces of a text, joined,
  are its normalized text, it even tells where each character of a piece came from.
- A lone surrogate raises `TypeError` in 0.2.0 and `RuntimeError` in 0.2.3; `clean` refuses it before.
- `SentencePieceProcessor(model_proto=b"")` builds an empty processor in both; `LoadFromSerializedProto` refuses it.
- Up to 0.2.1 one run of unknown characters takes time quadratic in its length (0.2 s for 30,000, 20 s for 330,000).
- The same text trains another vocabulary (`vocabulary.py`).

Leaves out byte fallback, whose pieces aren't text, and white space marked behind words: no ALBERT has them.
"""

from __future__ import annotations

import itertools
from array import array
from typing import Any, Iterable, Iterator, NamedTuple, Sequence

from albert_edge.errors import TokenizerError
from albert_edge.text.normalization import AlignedText

WORD_START = "\u2581"
"""SentencePiece's mark for the white space before a word, in pieces and in normalized text."""


class Piece(NamedTuple):
    """A piece and the original characters [start, end) that it covers."""

    text: str
    start: int
    end: int


class Normalized(NamedTuple):
    """SentencePiece's normalized form of a text and the pieces that it is cut into; joined, they are that form."""

    text: AlignedText
    pieces: Sequence[str]

    def parts(self) -> Iterator[tuple[str, int, int]]:
        """Each piece with the characters [first, last) of the normalized text that it is."""
        for piece, last in zip(self.pieces, itertools.accumulate(map(len, self.pieces))):
            yield piece, last - len(piece), last


def open_processor(model: bytes) -> Any:
    """A SentencePiece processor of the model file's bytes; raises `TokenizerError` if they are not one."""
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(model)
    except RuntimeError as reason:
        raise TokenizerError(
            f"a vocabulary must be a SentencePiece model; received {len(model)} bytes that are not one"
        ) from reason
    if processor.piece_to_id("<0x41>") != processor.unk_id():
        raise TokenizerError("a SentencePiece model must not use byte fallback; received one with byte pieces")
    if processor.normalize("a").endswith(WORD_START):
        raise TokenizerError("a SentencePiece model must mark where words start; received one that marks their ends")
    return processor


def cut(processor: Any, text: AlignedText) -> Normalized:
    """Normalize `text` and cut it into pieces; the result is aligned with the original that `text` came from."""
    normalized, origins = processor.normalize(text.text, with_offsets=True)
    pieces = processor.encode(text.text, out_type=str)
    assert "".join(pieces) == normalized, "pieces must cover the normalized text"
    return Normalized(_align(text, normalized, origins), pieces)


def _align(text: AlignedText, normalized: str, origins: Sequence[int]) -> AlignedText:
    """Follow SentencePiece's `origins`: where in `text` each normalized character began, then where the last ended.

    Characters that one normalization step made together have one origin, and each covers all that the step consumed.
    What SentencePiece drops (control characters) belongs to the character before it.
    """
    starts = array("i", [0]) * len(normalized)
    ends = array("i", [0]) * len(normalized)
    for position in range(len(normalized) - 1, -1, -1):
        begin, following = origins[position], origins[position + 1]
        if following > begin:
            end = text.ends[following - 1]
        starts[position] = text.starts[begin]
        ends[position] = end
    return AlignedText(normalized, starts, ends)


def growing(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """`pieces` with ends that never decrease.

    An empty span can lie inside a character that becomes several words (U+FDFA): it covers it as they do.
    """
    reached = 0
    for piece in pieces:
        reached = max(piece.end, reached)
        yield Piece(piece.text, piece.start, reached)


def texts_and_offsets(pieces: Iterable[Piece]) -> tuple[list[str], list[tuple[int, int]]]:
    """The lists of an `Encoding` from `pieces`, none of which is kept: a long text has many."""
    texts: list[str] = []
    offsets: list[tuple[int, int]] = []
    for piece in growing(pieces):
        texts.append(piece.text)
        offsets.append((piece.start, piece.end))
    return texts, offsets


def covered(text: AlignedText, first: int, last: int) -> tuple[int, int]:
    """The original span of the characters [first, last), last > first, of a normalized text.

    The mark of a word's start is left out: a piece is what it says, without the white space before it. A mark alone
    has the empty span where the text after it starts, or else where the text ends.
    """
    while first < last and text.text[first] == WORD_START:
        first += 1
    if first < last:
        return text.starts[first], text.ends[last - 1]
    place = text.starts[last] if last < len(text.text) else text.ends[-1]
    return place, place

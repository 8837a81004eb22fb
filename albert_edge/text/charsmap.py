"""SentencePiece's compiled table of characters (`precompiled_charsmap`), looked up as the `tokenizers` library does.

Follows the crate spm_precompiled and `normalizers/precompiled.rs` of huggingface/tokenizers 0.23, which differ from
SentencePiece: not the longest known sequence is replaced, but a user-perceived character of up to five bytes, whole,
by what its shortest known beginning stands for, else each of its characters alone. The table is a double array in the
layout of s-yata/darts-clone, then the replacements, each ended by a zero byte.
"""

from __future__ import annotations

import functools
import struct
import unicodedata
from array import array
from typing import Iterator, Optional

from albert_edge.errors import TokenizerError
from albert_edge.text.normalization import AlignedText

_LONGEST_CLUSTER = 5
"""Bytes of UTF-8."""


class Charsmap:
    """The table `data`, which may be empty: then nothing is replaced. Raises `TokenizerError` if it is damaged."""

    def __init__(self, data: bytes) -> None:
        size = struct.unpack_from("<I", data)[0] if len(data) >= 4 else 0
        if data and (not size or size % 4 or 4 + size > len(data)):
            raise TokenizerError(
                f"a table of characters must start with its array's size; received {len(data)} bytes that name {size}"
            )
        self._units = struct.unpack_from(f"<{size // 4}I", data, 4) if data else ()
        self._replacements = data[4 + size :]
        self._found = functools.lru_cache(8192)(self._find)

    def apply(self, aligned: AlignedText) -> AlignedText:
        """`aligned` with its characters replaced; each replacement covers the whole cluster that it stands for."""
        if not self._units or self._leaves(aligned.text):
            return aligned
        parts: list[str] = []
        starts = array("i")
        ends = array("i")
        for first, last in clusters(aligned.text):
            for begin, end in self._replaced_together(aligned.text, first, last):
                part = aligned.text[begin:end]
                new = self._found(part)
                new = part if new is None else new
                parts.append(new)
                starts.extend([aligned.starts[begin]] * len(new))
                ends.extend([aligned.ends[end - 1]] * len(new))
                # What is replaced by nothing belongs to the character before it.
                if not new and ends:
                    ends[-1] = aligned.ends[end - 1]
        return AlignedText("".join(parts), starts, ends)

    def _leaves(self, text: str) -> bool:
        """Whether `text` is ASCII that stays as it is: the usual case, in which each character is a cluster."""
        return text.isascii() and "\r" not in text and all(self._found(character) is None for character in set(text))

    def _replaced_together(self, text: str, first: int, last: int) -> Iterator[tuple[int, int]]:
        if last - first == 1:
            yield first, last
            return
        cluster = text[first:last]
        if len(cluster.encode()) <= _LONGEST_CLUSTER and self._found(cluster) is not None:
            yield first, last
        else:
            yield from ((place, place + 1) for place in range(first, last))

    def _find(self, text: str) -> Optional[str]:
        """The replacement of the shortest beginning of `text` that the table knows; None if it knows none."""
        place = _offset(self._units[0])
        for byte in text.encode():
            place ^= byte
            unit = self._units[place] if byte and place < len(self._units) else 0
            if not byte or unit & 0x800000FF != byte:
                return None
            place ^= _offset(unit)
            if unit >> 8 & 1:
                begin = self._units[place] & 0x7FFFFFFF
                return self._replacements[begin : self._replacements.index(b"\0", begin)].decode()
        return None


def _offset(unit: int) -> int:
    return unit >> 10 << ((unit & 0x200) >> 6)


def clusters(text: str) -> Iterator[tuple[int, int]]:
    """The characters [first, last) of each extended grapheme cluster of Unicode's annex 29, as far as it matters here.

    Rules about clusters that always have six bytes or more (Hangul, flags, emoji sequences, Indic conjuncts) are left
    out: those are looked up character by character in any case.
    """
    first = 0
    for place in range(1, len(text)):
        if not _joined(text[place - 1], text[place]):
            yield first, place
            first = place
    if text:
        yield first, len(text)


def _joined(before: str, after: str) -> bool:
    if after < "\u0300":
        return (before, after) == ("\r", "\n") or (before in _PREPENDED and not _is_control(after))
    return (_is_extending(after) and not _is_control(before)) or (before in _PREPENDED and not _is_control(after))


@functools.lru_cache(4096)
def _is_control(character: str) -> bool:
    if character in "\u200c\u200d" or character in _PREPENDED or "\U000e0020" <= character <= "\U000e007f":
        return False
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")


@functools.lru_cache(4096)
def _is_extending(character: str) -> bool:
    return (
        unicodedata.category(character) in ("Mn", "Me", "Mc")
        or character in "\u200c\u200d\u0e33\u0eb3\uff9e\uff9f"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )


_PREPENDED = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e")
"""Signs that belong to the character after them."""

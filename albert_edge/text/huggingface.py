"""The rules `huggingface`: the ids that transformers 5's `AlbertTokenizer` gives for a SentencePiece vocabulary.

Follows `tokenization_albert.py` of transformers 5 and the `tokenizers` library 0.23 under it. Where it leaves
google-research/albert's way, and so why SentencePiece itself can't give these ids:

- Special pieces and those that the vocabulary's maker defined (`( ) " - . – £ €`) are cut out of the original text
  first. What stands between two of them is a text of its own: its first word gets a word-start mark (`re-▁introduce`).
- Characters are decomposed, lowered and replaced one by one: no final sigma, Hangul stays in letters, marks that are
  no accents (vowel signs) go too.
- Each word is cut alone, by sums in 64 bits where SentencePiece has 32, and with the special and defined pieces as
  pieces of score 0. A comma stays at its number (`9,`).

Leaves out one thing: `[MASK]` in a text is plain text here, and cut out by `Tokenizer.encode_masked` alone, where
transformers always cuts it out. The mask piece comes from nothing else, such as its full-width form.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Iterator

from albert_edge.text.charsmap import Charsmap
from albert_edge.text.encoding import MASK, Encoding
from albert_edge.text.model_proto import CONTROL, UNKNOWN, USER_DEFINED, ModelPieces
from albert_edge.text.normalization import (
    AlignedText,
    cut_out,
    lower,
    refuse_surrogates,
    replace_characters,
    straighten_quotes,
)
from albert_edge.text.options import TokenizerOptions
from albert_edge.text.pieces import WORD_START, Piece, covered, texts_and_offsets

_UNKNOWN_PENALTY = 10.0
_WHITE_SPACE = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""Unicode's property, without the separators U+001C to U+001F that Python counts in."""
_WORD = re.compile(f"[^{_WHITE_SPACE}]+")
_MARKED_PART = re.compile(f"{WORD_START}?[^{WORD_START}]+|{WORD_START}")
_CACHED_WORDS = 8192
_LONGEST_CACHED = 64
"""Characters: a cache of longer words would fill the memory."""


class HuggingFaceRules:
    """Text to pieces and ids with a vocabulary and options. Immutable, so that threads can share it."""

    def __init__(self, model: ModelPieces, options: TokenizerOptions) -> None:
        self._options = options
        self._charsmap = Charsmap(model.charsmap)
        self._scores = dict(zip(model.texts, model.scores))
        self._id_of = dict(zip(model.texts, range(len(model.texts))))
        for piece_of in (self._scores, self._id_of):
            piece_of.pop(MASK, None)
        self._unknown = model.texts[model.types.index(UNKNOWN)]
        self._unk_id = model.types.index(UNKNOWN)
        self._unknown_score = min(model.scores) - _UNKNOWN_PENALTY
        self._longest = max(map(len, model.texts))
        names = [
            text
            for text, kind in zip(model.texts, model.types)
            if kind in (CONTROL, UNKNOWN, USER_DEFINED) and text != MASK
        ]
        # The longest of several that begin at one place, as the library's search gives it.
        self._names = re.compile("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)))
        self._cut_cached = functools.lru_cache(_CACHED_WORDS)(self._cut)

    def encode(self, text: str) -> Encoding:
        """Ids, pieces and offsets of `text`, as `Tokenizer.encode` gives them."""
        refuse_surrogates(text)
        pieces, offsets = texts_and_offsets(self._found(text))
        return Encoding([self._id_of.get(piece, self._unk_id) for piece in pieces], pieces, offsets)

    def _found(self, text: str) -> Iterator[Piece]:
        for part, is_name in cut_out(text, self._names):
            if is_name:
                yield Piece(part.text, part.starts[0], part.ends[-1])
            else:
                yield from self._of_part(self._clean(part))

    def _clean(self, text: AlignedText) -> AlignedText:
        text = straighten_quotes(text)
        if not self._options.keep_accents and not text.text.isascii():
            text = replace_characters(text, _without_marks)
        if self._options.lower_case:
            text = lower(text) if text.text.isascii() else replace_characters(text, str.lower)
        return self._charsmap.apply(text)

    def _of_part(self, text: AlignedText) -> Iterator[Piece]:
        for run in _WORD.finditer(text.text):
            marked = _with_mark(text.part(*run.span()))
            for word in _MARKED_PART.finditer(marked.text):
                place = word.start()
                for piece in self._pieces_of(word[0]):
                    yield Piece(piece, *covered(marked, place, place + len(piece)))
                    place += len(piece)

    def _pieces_of(self, word: str) -> tuple[str, ...]:
        return self._cut_cached(word) if len(word) <= _LONGEST_CACHED else self._cut(word)

    def _cut(self, word: str) -> tuple[str, ...]:
        """The pieces of a word whose scores have the greatest sum; unknown characters next to each other are one.

        `encode_optimized` of the library's `unigram/model.rs`: of equal sums the one found first, from left to right
        and with shorter pieces first.
        """
        best = [0.0] + [float("-inf")] * len(word)
        came_from = [0] * (len(word) + 1)
        is_unknown = [False] * (len(word) + 1)
        for start, character in enumerate(word):
            for end in range(start + 1, min(len(word), start + self._longest) + 1):
                score = self._scores.get(word[start:end])
                if score is not None and best[start] + score > best[end]:
                    best[end], came_from[end] = best[start] + score, start
                    is_unknown[end] = word[start:end] == self._unknown
            if character not in self._scores and best[start] + self._unknown_score > best[start + 1]:
                best[start + 1], came_from[start + 1] = best[start] + self._unknown_score, start
                is_unknown[start + 1] = True
        return _pieces_back(word, came_from, is_unknown)


def _pieces_back(word: str, came_from: list[int], is_unknown: list[bool]) -> tuple[str, ...]:
    pieces: list[str] = []
    end = len(word)
    while end:
        start = came_from[end]
        while is_unknown[end] and start and is_unknown[start]:
            start = came_from[start]
        pieces.append(word[start:end])
        end = start
    return tuple(reversed(pieces))


def _with_mark(word: AlignedText) -> AlignedText:
    if word.text.startswith(WORD_START):
        return word
    place = word.starts[0]
    return AlignedText(WORD_START + word.text, [place, *word.starts], [place, *word.ends])


def _without_marks(character: str) -> str:
    if character.isascii():
        return character
    parts = unicodedata.normalize("NFKD", character)
    return "".join([part for part in parts if not unicodedata.category(part).startswith("M")])

"""`WordPieceTokenizer`: text to ids, pieces and offsets with a WordPiece vocabulary, as Chinese ALBERT has one.

Follows `FullTokenizer` of google-research/albert (`tokenization.py`, BERT's own): clean-up, Chinese characters apart,
lower case and accents, words at white space and punctuation, then of each word the longest piece again and again. The
rules `huggingface` follow transformers' `BertTokenizer` where it differs: words of more than 100 characters are
unknown instead of more than 200, the special pieces' names in a text are those pieces (but `[MASK]`, see
`Tokenizer.encode_masked`), private characters are dropped, and a final sigma is lowered as any other. Leaves out
training a vocabulary.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Any, Iterator, Optional

from albert_edge.errors import TokenizerError
from albert_edge.text.encoding import CONTINUES, MASK, Encoding, Tokenizer
from albert_edge.text.normalization import AlignedText, cut_out, lower, refuse_surrogates, replace_characters
from albert_edge.text.options import VOCABULARY_FILES, WordPieceOptions, changed

_SPECIAL_PIECES = {
    "cls_token": "[CLS]",
    "mask_token": MASK,
    "pad_token": "[PAD]",
    "sep_token": "[SEP]",
    "unk_token": "[UNK]",
}
_UNKNOWN = "[UNK]"
_LONGEST_WORD = {"google": 200, "huggingface": 100}
"""Characters: a longer word is unknown."""
_CACHED_WORDS = 8192
_NOT_SPACE = re.compile("[^ ]+")
# Not the mask: that is `encode_masked`'s.
_NAMES_IN_TEXT = re.compile("|".join(map(re.escape, ("[PAD]", "[UNK]", "[CLS]", "[SEP]"))))


class WordPieceTokenizer(Tokenizer):
    """Text to ids with a WordPiece vocabulary `model` (the bytes of a `vocab.txt`, a piece a line) and `options`.

    Raises `TokenizerError` if `model` is not UTF-8 text, holds an empty or doubled piece, or lacks one of `[PAD]`,
    `[UNK]`, `[CLS]` and `[SEP]`.
    """

    kind = "wordpiece"
    file_name = VOCABULARY_FILES["wordpiece"]
    transformers_class = "BertTokenizer"
    options: WordPieceOptions

    def __init__(self, model: bytes, options: Optional[WordPieceOptions] = None) -> None:
        self.model = model
        self.options = options or WordPieceOptions()
        self._id_of = _vocabulary(model)
        self._pieces = list(self._id_of)
        self.vocab_size = len(self._id_of)
        self.pad_id = self._special_id("[PAD]")
        self.unk_id = self._special_id(_UNKNOWN)
        self.cls_id = self._special_id("[CLS]")
        self.sep_id = self._special_id("[SEP]")
        self.mask_id = self._id_of.get(MASK)
        self._longest_piece = max(map(len, self._id_of))
        self._cut_cached = functools.lru_cache(_CACHED_WORDS)(self._cut)

    def id_to_piece(self, piece_id: int) -> str:
        """The piece of an id in [0, vocab_size); raises `IndexError` for any other."""
        if not 0 <= piece_id < self.vocab_size:
            raise IndexError(f"a piece's id must be from 0 to {self.vocab_size - 1}; received {piece_id}")
        return self._pieces[piece_id]

    @property
    def special_pieces(self) -> dict[str, str]:
        """The special pieces under the keys of `special_tokens_map.json`."""
        return dict(_SPECIAL_PIECES)

    def with_options(self, **changes: Any) -> WordPieceTokenizer:
        """The same vocabulary with some of the options' fields replaced; raises `ConfigError` for any other name."""
        return WordPieceTokenizer(self.model, changed(self.options, changes))

    def encode(self, text: str) -> Encoding:
        """Ids, pieces and offsets of `text`; none of an empty one. Raises `DataError` on a lone surrogate.

        A word that has no pieces is one `[UNK]` that covers it.
        """
        refuse_surrogates(text)
        pieces: list[str] = []
        offsets: list[tuple[int, int]] = []
        for part, is_special in self._parts(text):
            if is_special:
                pieces.append(part.text)
                offsets.append((part.starts[0], part.ends[-1]))
                continue
            cleaned = _clean(part, self.options)
            for first, last in _words(cleaned.text):
                for piece, start, end in self._pieces_of(cleaned.text[first:last]):
                    pieces.append(piece)
                    offsets.append((cleaned.starts[first + start], cleaned.ends[first + end - 1]))
        return Encoding([self._id_of[piece] for piece in pieces], pieces, offsets)

    def needed_ids(self, text: str) -> set[int]:
        """Those of `encode`, and the first pieces of words that came out unknown.

        Without them shorter ones would be taken, behind which the rest of the word might have pieces.
        """
        refuse_surrogates(text)
        needed = {self.unk_id}
        for part, is_special in self._parts(text):
            cleaned = "" if is_special else _clean(part, self.options).text
            for first, last in _words(cleaned):
                if last - first <= _LONGEST_WORD[self.options.rules]:
                    needed.update(self._id_of[piece] for piece, _, _ in self._longest_pieces(cleaned[first:last]))
        return needed

    def _special_id(self, piece: str) -> int:
        if piece not in self._id_of:
            raise TokenizerError(
                f"a WordPiece vocabulary must have the piece {piece}; received {self.vocab_size} pieces without it"
            )
        return self._id_of[piece]

    def _parts(self, text: str) -> Iterator[tuple[AlignedText, bool]]:
        if self.options.rules == "huggingface":
            return cut_out(text, _NAMES_IN_TEXT)
        return iter([(AlignedText.identity(text), False)])

    def _pieces_of(self, word: str) -> tuple[tuple[str, int, int], ...]:
        """A word's pieces, each with its characters [start, end) of the word."""
        if len(word) > _LONGEST_WORD[self.options.rules]:
            return ((_UNKNOWN, 0, len(word)),)
        return self._cut_cached(word)

    def _cut(self, word: str) -> tuple[tuple[str, int, int], ...]:
        """All of a word or nothing: BERT's `WordpieceTokenizer`."""
        pieces = self._longest_pieces(word)
        return pieces if pieces and pieces[-1][2] == len(word) else ((_UNKNOWN, 0, len(word)),)

    def _longest_pieces(self, word: str) -> tuple[tuple[str, int, int], ...]:
        """From the left, the longest piece again and again, as far as there is one."""
        pieces: list[tuple[str, int, int]] = []
        start = 0
        while start < len(word):
            mark = CONTINUES if start else ""
            # No longer than the vocabulary's longest piece, so that time is linear.
            ends = range(min(len(word), start + self._longest_piece), start, -1)
            end = next((end for end in ends if mark + word[start:end] in self._id_of), None)
            if end is None:
                break
            pieces.append((mark + word[start:end], start, end))
            start = end
        return tuple(pieces)


def _vocabulary(model: bytes) -> dict[str, int]:
    """Piece -> id from a `vocab.txt`; lines may end in CRLF, and a last line break is none too many."""
    try:
        lines = model.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as reason:
        raise TokenizerError(
            f"a WordPiece vocabulary must be UTF-8 text; received byte {model[reason.start]:#04x} at {reason.start}"
        ) from reason
    pieces = [line[:-1] if line.endswith("\r") else line for line in lines]
    while pieces and not pieces[-1]:
        pieces.pop()
    id_of: dict[str, int] = {}
    for number, piece in enumerate(pieces):
        if not piece or piece in id_of:
            raise TokenizerError(
                f"a WordPiece vocabulary must hold one piece a line, each once; received {piece!r} in line {number + 1}"
            )
        id_of[piece] = number
    return id_of


# === Clean-up ===


def _clean(text: AlignedText, options: WordPieceOptions) -> AlignedText:
    """What `BasicTokenizer` does before it cuts: words apart by single spaces or more, nothing else white."""
    of_google = options.rules == "google"
    text = replace_characters(text, _kept_by_google if of_google else _kept_by_transformers)
    if options.split_chinese:
        text = replace_characters(text, _apart_by_google if of_google else _apart_by_transformers)
    # Google lowers first; then "İ" has lost its dot in both.
    if options.lower_case and of_google:
        text = lower(text)
    if not options.keep_accents and not text.text.isascii():
        text = replace_characters(text, _without_accents)
    if options.lower_case and not of_google:
        text = replace_characters(text, str.lower)
    return text


def _kept_by_google(character: str) -> str:
    return _kept(character, "Cc", "Cf")


def _kept_by_transformers(character: str) -> str:
    return _kept(character, "Cc", "Cf", "Co")


def _kept(character: str, *dropped: str) -> str:
    if character in "\t\n\r" or character == " ":
        return " "
    if character == "\ufffd" or unicodedata.category(character) in dropped:
        return ""
    return " " if character.isspace() else character


def _apart_by_google(character: str) -> str:
    return f" {character} " if _is_chinese(ord(character), 0x2B820) else character


def _apart_by_transformers(character: str) -> str:
    return f" {character} " if _is_chinese(ord(character), 0x2B920) else character


def _is_chinese(code: int, extension_e: int) -> bool:
    """Whether it is a CJK ideograph; `extension_e` is where that block starts: transformers' table has it misspelt."""
    return code >= 0x3400 and (
        0x4E00 <= code <= 0x9FFF
        or code <= 0x4DBF
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x2A6DF
        or 0x2A700 <= code <= 0x2B81F
        or extension_e <= code <= 0x2CEAF
        or 0x2F800 <= code <= 0x2FA1F
    )


def _without_accents(character: str) -> str:
    if character.isascii():
        return character
    parts = unicodedata.normalize("NFD", character)
    return "".join([part for part in parts if unicodedata.category(part) != "Mn"])


# === Words ===


def _words(text: str) -> Iterator[tuple[int, int]]:
    """The characters [first, last) of each word; a punctuation mark is a word of its own."""
    for run in _NOT_SPACE.finditer(text):
        first = run.start()
        for place in range(run.start(), run.end()):
            if _is_punctuation(text[place]):
                if first < place:
                    yield first, place
                yield place, place + 1
                first = place + 1
        if first < run.end():
            yield first, run.end()


@functools.lru_cache(4096)
def _is_punctuation(character: str) -> bool:
    """Unicode's categories P, and every ASCII sign that is no letter or digit, such as `$`."""
    return ("!" <= character <= "~" and not character.isalnum()) or unicodedata.category(character).startswith("P")

"""`Tokenizer`: text to ids, pieces and character offsets, as ALBERT's authors wrote it.

Follows `encode_pieces` and `encode_ids` of google-research/albert (`tokenization.py`) on top of the SentencePiece
library: clean-up, unigram pieces, then the rule that cuts a comma off a number (`9,` becomes `9` and `,`).
Leaves out sampling and special pieces: `[CLS]` or `[MASK]` in a text is text, and `packing` adds the real ones.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Iterable, Iterator, Optional

from albert_edge.errors import ConfigError, TokenizerError
from albert_edge.files import PathLike, read_bytes, read_json_object
from albert_edge.text.normalization import AlignedText, TokenizerOptions, clean
from albert_edge.text.pieces import WORD_START, Piece, covered, cut, open_processor

MODEL_FILE = "spiece.model"
CONFIG_FILE = "tokenizer_config.json"


@dataclasses.dataclass(frozen=True)
class Encoding:
    """A text's pieces, without `[CLS]` and `[SEP]`; three lists of one length."""

    ids: list[int]
    pieces: list[str]
    offsets: list[tuple[int, int]]
    """Characters [start, end) of the original text that a piece covers; starts and ends never decrease.

    The white space before a word is not covered. A piece that is only the word-start mark has an empty span (start
    equals end) where the word starts. Pieces made of one original character (`½`) each cover that character.
    """


class Tokenizer:
    """Text to ids with a SentencePiece `model` (a file's bytes) and the clean-up's `options`.

    Immutable, so that threads can share it. Raises `TokenizerError` if `model` is not a SentencePiece model or lacks
    one of `<pad>`, `<unk>`, `[CLS]` and `[SEP]`.
    """

    def __init__(self, model: bytes, options: Optional[TokenizerOptions] = None) -> None:
        self.model = model
        self.options = options or TokenizerOptions()
        self._processor = open_processor(model)
        self.vocab_size: int = self._processor.get_piece_size()
        self.unk_id: int = self._processor.unk_id()
        self.pad_id = self._special_id("<pad>")
        self.cls_id = self._special_id("[CLS]")
        self.sep_id = self._special_id("[SEP]")
        mask_id = self._processor.piece_to_id("[MASK]")
        self.mask_id: Optional[int] = None if mask_id == self.unk_id else mask_id
        # A run of unknown characters that spells a special piece must not become one.
        self._control_ids = {self.pad_id, self.cls_id, self.sep_id, self.mask_id}
        self._control_ids |= {self._processor.bos_id(), self._processor.eos_id()}

    @classmethod
    def from_folder(cls, folder: PathLike) -> Tokenizer:
        """`spiece.model` with the options of the `tokenizer_config.json` beside it, or without one the defaults."""
        return cls.from_model_file(Path(folder) / MODEL_FILE, read_options(folder))

    @classmethod
    def from_model_file(cls, path: PathLike, options: Optional[TokenizerOptions] = None) -> Tokenizer:
        """The SentencePiece model at `path`; raises `TokenizerError` naming it if it can't be used."""
        model = read_bytes(path, TokenizerError)
        try:
            return cls(model, options)
        except TokenizerError as reason:
            raise TokenizerError(f"{path}: {reason}") from reason

    def encode(self, text: str) -> Encoding:
        """Ids, pieces and offsets of `text`; none of an empty one. Raises `DataError` on a lone surrogate."""
        pieces: list[str] = []
        offsets: list[tuple[int, int]] = []
        reached = 0
        for piece, start, end in self._split(clean(text, self.options)):
            # An empty span can lie inside a character that becomes several words (U+FDFA): it covers it as they do.
            reached = max(end, reached)
            pieces.append(piece)
            offsets.append((start, reached))
        return Encoding(self._ids(pieces), pieces, offsets)

    def _special_id(self, piece: str) -> int:
        found: int = self._processor.piece_to_id(piece)
        if found == self.unk_id:
            raise TokenizerError(
                f"an ALBERT vocabulary must have the piece {piece}; received {self.vocab_size} pieces without it"
            )
        return found

    def _ids(self, pieces: list[str]) -> list[int]:
        ids: list[int] = self._processor.piece_to_id(pieces)
        return [self.unk_id if piece_id in self._control_ids else piece_id for piece_id in ids]

    def _split(self, text: AlignedText) -> Iterator[Piece]:
        """SentencePiece's pieces after the digit-comma rule."""
        cleaned = cut(self._processor, text)
        for piece, first, last in cleaned.parts():
            if piece[-1] == "," and len(piece) > 1 and piece[-2].isdigit():
                yield from self._split_number(cleaned.text, first, last - 1)
                yield Piece(",", *covered(cleaned.text, last - 1, last))
            else:
                yield Piece(piece, *covered(cleaned.text, first, last))

    def _split_number(self, text: AlignedText, first: int, last: int) -> list[Piece]:
        """The pieces of a number, [first, last) of a normalized text, that had a comma behind it: `▁10` or `10`."""
        number = cut(self._processor, text.pick([i for i in range(first, last) if text.text[i] != WORD_START]))
        pieces = [Piece(piece, *covered(number.text, *place)) for piece, *place in number.parts()]
        if text.text[first] == WORD_START or not pieces or not pieces[0].text.startswith(WORD_START):
            return pieces
        # Inside a word the mark that encoding it alone has put there goes, and so does a piece that is only a mark.
        unmarked = pieces[0]._replace(text=pieces[0].text[1:])
        return [unmarked, *pieces[1:]] if unmarked.text else pieces[1:]


def read_options(folder: PathLike) -> TokenizerOptions:
    """The options in `folder`'s `tokenizer_config.json`; ALBERT's own (lower case, no accents) if there is none."""
    path = Path(folder) / CONFIG_FILE
    return TokenizerOptions.from_config(read_json_object(path, ConfigError)) if path.exists() else TokenizerOptions()


def open_tokenizer(path: PathLike) -> Tokenizer:
    """The tokenizer of a model folder, a `.tflite`, or a SentencePiece model file.

    A SentencePiece file gets the options of the `tokenizer_config.json` beside it, as its folder would. Raises
    `TokenizerError`, `ConfigError` or `ArtifactError` naming what can't be used.
    """
    path = Path(path)
    if path.is_dir():
        return Tokenizer.from_folder(path)
    if path.suffix == ".tflite":
        from albert_edge.artifact import read_artifact

        return read_artifact(path).tokenizer()
    return Tokenizer.from_model_file(path, read_options(path.parent))


def tokenize(path: PathLike, texts: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Tokenize `texts` with the tokenizer at `path` (see `open_tokenizer`), one after another.

    Yields `text` as it came, `ids` and `pieces` without special pieces, and `offsets`, pairs [start, end) of
    characters of `text` (see `Encoding`).
    """
    tokenizer = open_tokenizer(path)
    for text in texts:
        encoding = tokenizer.encode(text)
        yield {"text": text, "ids": encoding.ids, "pieces": encoding.pieces, "offsets": encoding.offsets}

"""`Encoding` and `Tokenizer`: what every tokenizer gives, whatever its vocabulary is.

Leaves out special pieces (`packing` adds them), padding, and turning ids back into text.
"""

from __future__ import annotations

import dataclasses
import re
from abc import ABC, abstractmethod
from typing import Any, Optional

from albert_edge.errors import ConfigError
from albert_edge.text.normalization import cut_out, refuse_surrogates
from albert_edge.text.options import Options

MASK = "[MASK]"
"""The mask piece: what it is called in both kinds of vocabulary, and how a request for `fill-mask` writes it."""
CONTINUES = "##"
"""Before a piece of a WordPiece vocabulary that continues a word."""
_MASKS = re.compile(re.escape(MASK))


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


class Tokenizer(ABC):
    """Text to ids with a vocabulary file's bytes (`model`) and `options`. Immutable, so that threads can share it."""

    kind: str
    """`sentencepiece` or `wordpiece`."""
    file_name: str
    """What the vocabulary's file is called in a folder and in an artifact."""
    transformers_class: str
    """The class in transformers that reads the folder's tokenizer."""

    model: bytes
    """The vocabulary file's bytes."""
    options: Options
    vocab_size: int
    pad_id: int
    unk_id: int
    cls_id: int
    sep_id: int
    mask_id: Optional[int]
    """None if the vocabulary has no mask piece."""

    @abstractmethod
    def encode(self, text: str) -> Encoding:
        """Ids, pieces and offsets of `text`; none of an empty one. Raises `DataError` on a lone surrogate.

        `[MASK]` is plain text, and under the rules `google` so is every special piece's name.
        """

    @abstractmethod
    def with_options(self, **changes: Any) -> Tokenizer:
        """The same vocabulary with some of the options' fields replaced; raises `ConfigError` for any other name."""

    @abstractmethod
    def id_to_piece(self, piece_id: int) -> str:
        """The piece of an id in [0, vocab_size); raises `IndexError` for any other."""

    @property
    @abstractmethod
    def special_pieces(self) -> dict[str, str]:
        """The special pieces under the keys of `special_tokens_map.json`."""

    def ids(self, text: str) -> list[int]:
        """The ids of `encode(text)`, for who reads many texts: without offsets they come several times as fast."""
        return self.encode(text).ids

    def needed_ids(self, text: str) -> set[int]:
        """The ids of all pieces that a vocabulary must keep for `encode(text)` to stay as it is (see `reduction`).

        Special pieces aside; raises `DataError` on a lone surrogate. Here: those that `encode` gives.
        """
        return set(self.encode(text).ids)

    def encode_masked(self, text: str) -> Encoding:
        """As `encode`, but each literal `[MASK]` becomes the mask piece, its offsets those of the six characters.

        The texts before and after it are encoded apart, as google-research/albert's and transformers' tokenizers do.
        Raises `ConfigError` if the vocabulary has no mask piece, `DataError` on a lone surrogate.
        """
        if self.mask_id is None:
            raise ConfigError(f"a vocabulary must have the piece {MASK} to be asked for it; received one without it")
        refuse_surrogates(text)
        ids: list[int] = []
        pieces: list[str] = []
        offsets: list[tuple[int, int]] = []
        for part, is_mask in cut_out(text, _MASKS):
            found = Encoding([self.mask_id], [MASK], [(0, len(MASK))]) if is_mask else self.encode(part.text)
            place = part.starts[0]
            ids += found.ids
            pieces += found.pieces
            offsets += [(start + place, end + place) for start, end in found.offsets]
        return Encoding(ids, pieces, offsets)

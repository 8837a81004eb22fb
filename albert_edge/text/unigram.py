"""`SentencePieceTokenizer`: text to ids, pieces and offsets with a SentencePiece unigram model.

Under the rules `google` it follows `encode_pieces` and `encode_ids` of google-research/albert (`tokenization.py`) on
top of the SentencePiece library: clean-up, unigram pieces, then the rule that cuts a comma off a number (`9,` becomes
`9` and `,`). The rules `huggingface` are those of `text.huggingface`. Leaves out sampling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, Optional

from albert_edge.errors import TokenizerError
from albert_edge.text.encoding import MASK, Encoding, Tokenizer
from albert_edge.text.normalization import AlignedText, clean, clean_text
from albert_edge.text.options import VOCABULARY_FILES, TokenizerOptions, changed
from albert_edge.text.pieces import WORD_START, Normalized, Piece, covered, cut, open_processor, texts_and_offsets

if TYPE_CHECKING:
    from albert_edge.text.huggingface import HuggingFaceRules

_SPECIAL_PIECES = {
    "bos_token": "[CLS]",
    "cls_token": "[CLS]",
    "eos_token": "[SEP]",
    "mask_token": MASK,
    "pad_token": "<pad>",
    "sep_token": "[SEP]",
    "unk_token": "<unk>",
}


class SentencePieceTokenizer(Tokenizer):
    """Text to ids with a SentencePiece `model` (a file's bytes) and the clean-up's `options`.

    Raises `TokenizerError` if `model` is not a SentencePiece model or lacks one of `<pad>`, `<unk>`, `[CLS]` and
    `[SEP]`.
    """

    kind = "sentencepiece"
    file_name = VOCABULARY_FILES["sentencepiece"]
    transformers_class = "AlbertTokenizer"
    options: TokenizerOptions

    def __init__(self, model: bytes, options: Optional[TokenizerOptions] = None) -> None:
        self.model = model
        self.options = options or TokenizerOptions()
        self._processor = open_processor(model)
        self.vocab_size = self._processor.get_piece_size()
        self.unk_id = self._processor.unk_id()
        self.pad_id = self._special_id("<pad>")
        self.cls_id = self._special_id("[CLS]")
        self.sep_id = self._special_id("[SEP]")
        mask_id = self._processor.piece_to_id(MASK)
        self.mask_id = None if mask_id == self.unk_id else mask_id
        # A run of unknown characters that spells a special piece must not become one.
        self._control_ids = {self.pad_id, self.cls_id, self.sep_id, self.mask_id}
        self._control_ids |= {self._processor.bos_id(), self._processor.eos_id()}
        self._huggingface = self._huggingface_rules() if self.options.rules == "huggingface" else None

    def id_to_piece(self, piece_id: int) -> str:
        """The piece of an id in [0, vocab_size); raises `IndexError` for any other."""
        piece: str = self._processor.id_to_piece(piece_id)
        return piece

    @property
    def special_pieces(self) -> dict[str, str]:
        """The special pieces under the keys of `special_tokens_map.json`."""
        return dict(_SPECIAL_PIECES)

    def with_options(self, **changes: Any) -> SentencePieceTokenizer:
        """The same vocabulary with some of the options' fields replaced; raises `ConfigError` for any other name."""
        return SentencePieceTokenizer(self.model, changed(self.options, changes))

    def encode(self, text: str) -> Encoding:
        """Ids, pieces and offsets of `text`; none of an empty one. Raises `DataError` on a lone surrogate."""
        if self._huggingface is not None:
            return self._huggingface.encode(text)
        pieces, offsets = texts_and_offsets(self._split(clean(text, self.options)))
        return Encoding(self._ids(pieces), pieces, offsets)

    def ids(self, text: str) -> list[int]:
        """Those of `encode`, whose way a text with a comma behind a number goes."""
        if self._huggingface is None:
            pieces: list[str] = self._processor.encode(clean_text(text, self.options), out_type=str)
            if not any(map(_has_comma, pieces)):
                return self._ids(pieces)
        return self.encode(text).ids

    def needed_ids(self, text: str) -> set[int]:
        """Those of `encode`, and those that SentencePiece chose before the rule for commas, numbers' own among them."""
        needed = super().needed_ids(text)
        if self._huggingface is None:
            cleaned = cut(self._processor, clean(text, self.options))
            raw = list(cleaned.pieces)
            for piece, first, last in cleaned.parts():
                if _has_comma(piece):
                    raw += self._cut_number(cleaned.text, first, last - 1).pieces
            needed.update(self._ids(raw))
        return needed

    def _huggingface_rules(self) -> HuggingFaceRules:
        from albert_edge.text.huggingface import HuggingFaceRules
        from albert_edge.text.model_proto import parse_model

        return HuggingFaceRules(parse_model(self.model, self._processor), self.options)

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
            if _has_comma(piece):
                yield from self._split_number(cleaned.text, first, last - 1)
                yield Piece(",", *covered(cleaned.text, last - 1, last))
            else:
                yield Piece(piece, *covered(cleaned.text, first, last))

    def _split_number(self, text: AlignedText, first: int, last: int) -> list[Piece]:
        """The pieces of a number, [first, last) of a normalized text, that had a comma behind it: `▁10` or `10`."""
        number = self._cut_number(text, first, last)
        pieces = [Piece(piece, *covered(number.text, *place)) for piece, *place in number.parts()]
        if text.text[first] == WORD_START or not pieces or not pieces[0].text.startswith(WORD_START):
            return pieces
        # Inside a word the mark that encoding it alone has put there goes, and so does a piece that is only a mark.
        unmarked = pieces[0]._replace(text=pieces[0].text[1:])
        return [unmarked, *pieces[1:]] if unmarked.text else pieces[1:]

    def _cut_number(self, text: AlignedText, first: int, last: int) -> Normalized:
        """The characters [first, last) of a normalized text cut as a text of their own, without the word's mark."""
        return cut(self._processor, text.pick([i for i in range(first, last) if text.text[i] != WORD_START]))


def _has_comma(piece: str) -> bool:
    """Whether the rule for commas takes `piece` apart: a number with a comma behind it."""
    return piece[-1] == "," and len(piece) > 1 and piece[-2].isdigit()

"""A tokenizer whose pieces can be worked out by hand: a piece every few characters of a word between spaces."""

import re

from albert_edge.text.encoding import Encoding, Tokenizer
from albert_edge.text.normalization import refuse_surrogates
from albert_edge.text.options import TokenizerOptions


class WordTokenizer(Tokenizer):
    """Words are cut into pieces of at most `width` characters; `vanishing` characters have no piece.

    A piece's id is 10 plus its first character's code; the `vocab_size` given is by default enough for any.
    """

    kind = "sentencepiece"
    file_name = "spiece.model"
    transformers_class = "AlbertTokenizer"

    def __init__(self, width=100, vanishing="", vocab_size=2**20 + 2**17):
        self.model = b""
        self.options = TokenizerOptions()
        self.vocab_size, self.pad_id, self.unk_id, self.cls_id, self.sep_id, self.mask_id = vocab_size, 0, 1, 2, 3, 4
        self.width = width
        self.vanishing = vanishing

    def encode(self, text):
        refuse_surrogates(text)
        pattern = rf"[^\s{re.escape(self.vanishing)}]{{1,{self.width}}}"
        spans = [match.span() for match in re.finditer(pattern, text)]
        pieces = [text[start:end] for start, end in spans]
        return Encoding([10 + ord(piece[0]) for piece in pieces], pieces, spans)

    def id_to_piece(self, piece_id):
        return chr(piece_id - 10)

    def with_options(self, **changes):
        return self

    @property
    def special_pieces(self):
        return {}

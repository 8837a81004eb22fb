"""A tokenizer and networks whose answers can be worked out by hand."""

import re

from albert_edge.config import AlbertConfig
from albert_edge.text.encoding import Encoding, Tokenizer
from albert_edge.text.normalization import refuse_surrogates
from albert_edge.text.options import TokenizerOptions

CLS, SEP = 2, 3


class WordPieces(Tokenizer):
    """A piece a word between spaces, its id 10 plus its first character's code."""

    kind = "sentencepiece"
    file_name = "spiece.model"
    transformers_class = "AlbertTokenizer"

    def __init__(self):
        self.model = b""
        self.options = TokenizerOptions()
        self.vocab_size, self.pad_id, self.unk_id, self.cls_id, self.sep_id, self.mask_id = 1000, 0, 1, CLS, SEP, 4

    def encode(self, text):
        refuse_surrogates(text)
        spans = [match.span() for match in re.finditer(r"\S+", text)]
        pieces = [text[start:end] for start, end in spans]
        return Encoding([10 + ord(piece[0]) for piece in pieces], pieces, spans)

    def id_to_piece(self, piece_id):
        return chr(piece_id - 10)

    def with_options(self, **changes):
        return self

    @property
    def special_pieces(self):
        return {}


def config(labels=("x", "y"), problem_type=None, hidden_size=2, **settings):
    """A configuration of that many labels, with `settings` under `albert_edge`."""
    plain = AlbertConfig(
        hidden_size=hidden_size, num_attention_heads=1, intermediate_size=8, labels=labels, problem_type=problem_type
    )
    return plain.with_settings(**settings)


def letters(packed):
    """The words' first characters, `[` for `[CLS]` and `]` for `[SEP]`."""
    marks = {CLS: "[", SEP: "]"}
    return "".join(marks.get(piece) or chr(piece - 10) for piece in packed.input_ids.tolist())


def run(pipeline, request, network):
    """The answer with `network`, a function of one `Packed` to its outputs."""
    inputs = pipeline.inputs(request)
    return pipeline.decode(request, inputs, [network(packed) for packed in inputs])

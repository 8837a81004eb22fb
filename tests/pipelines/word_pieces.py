"""A tokenizer and networks whose answers can be worked out by hand."""

from word_tokenizer import WordTokenizer

from albert_edge.config import AlbertConfig

CLS, SEP = 2, 3


class WordPieces(WordTokenizer):
    """A piece a word between spaces, its id 10 plus its first character's code, of 1,000 pieces."""

    def __init__(self):
        super().__init__(vocab_size=1000)


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

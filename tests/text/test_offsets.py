"""Each piece's span in the original text: by properties on golden and random texts, and by hand."""

import pytest
from span_faults import span_faults
from test_normalization import OPTIONS
from text_samples import golden_rows, random_texts

from albert_edge.text.normalization import clean
from albert_edge.text.options import TokenizerOptions
from albert_edge.text.pieces import WORD_START, open_processor
from albert_edge.text.tokenizer import SentencePieceTokenizer, open_tokenizer


class Inspector:
    """Finds what is wrong with an encoding's offsets, given the text that they point into."""

    def __init__(self, model, options):
        self._options = options
        self._processor = open_processor(model)

    def surface(self, text):
        """What pieces can show of `text`: its clean and normalized form without marks, case folded (final sigma)."""
        return self._processor.normalize(clean(text, self._options).text).replace(WORD_START, "").casefold()

    def faults(self, text, encoding):
        spans = encoding.offsets
        found = span_faults(text, encoding)
        for piece, (start, end) in zip(encoding.pieces, spans):
            if piece.replace(WORD_START, "").casefold() not in self.surface(text[start:end]):
                found.append(f"{piece!r} not in {text[start:end]!r}")
        covered = {position for start, end in spans for position in range(start, end)}
        missed = [position for position in range(len(text)) if position not in covered and self.surface(text[position])]
        return found + [f"characters {missed} not covered"] * bool(missed)


@pytest.fixture(scope="module", params=OPTIONS, ids=str)
def options(request):
    return request.param


@pytest.fixture(scope="module")
def tokenizer(spm_30k, options):
    return SentencePieceTokenizer(spm_30k.read_bytes(), options)


@pytest.fixture(scope="module")
def inspector(spm_30k, options):
    return Inspector(spm_30k.read_bytes(), options)


def test_offsets_of_golden_texts(tokenizer, inspector, golden):
    texts = [row["text"] for row in golden_rows(golden)]
    assert [(text, found) for text in texts if (found := inspector.faults(text, tokenizer.encode(text)))] == []


def test_offsets_of_random_texts(tokenizer, inspector):
    texts = random_texts(2000)
    assert [(text, found) for text in texts if (found := inspector.faults(text, tokenizer.encode(text)))] == []


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda spans: spans[:-1], "not one span a piece"),
        (lambda spans: [*spans[:-1], (spans[-1][0], spans[-1][1] + 1)], "a span outside the text"),
        (lambda spans: [spans[1], spans[0], *spans[2:]], "spans that decrease"),
        (lambda spans: [(start, end - 1) for start, end in spans], "not in"),
        (lambda spans: [(0, 0), *spans[1:]], "not covered"),
    ],
)
def test_damaged_offsets_would_be_noticed(tokenizer, inspector, damage, fault):
    text = "the oil price"
    encoding = tokenizer.encode(text)
    assert inspector.faults(text, encoding) == []
    encoding.offsets[:] = damage(encoding.offsets)
    assert any(fault in found for found in inspector.faults(text, encoding))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("  the\toil", [("▁the", "the"), ("▁oil", "oil")]),
        # The digit-comma rule: a number at a word's start, one inside a word, commas in a row.
        ("10,000, x", [("▁10,000", "10,000"), (",", ","), ("▁x", "x")]),
        ("5,,", [("▁5", "5"), (",", ","), (",", ",")]),
        ("1,234,5.8", [("▁1", "1"), (",", ","), ("234", "234"), (",", ","), ("5", "5"), (".", "."), ("8", "8")]),
        ("\xa05\u0301,", [("▁5", "5\u0301"), (",", ",")]),
        # One character that becomes a digit and a comma: both cover it.
        ("🄁x", [("▁0", "🄁"), (",", "🄁"), ("x", "x")]),
        ("café cafe\u0301", [("▁cafe", "café"), ("▁cafe", "cafe\u0301")]),
        ("``the''", [("▁", ""), ('"', "``"), ("the", "the"), ('"', "''")]),
        ("a 日本", [("▁a", "a"), ("▁", ""), ("日本", "日本")]),
        ("½", [("▁1", "½"), ("⁄", "½"), ("2", "½")]),
        # One character that becomes four words: each, and each mark between them, covers it.
        ("ﷺ", [("▁", "")] + [(piece, "ﷺ") for piece in ("صلى", "▁", "الله", "▁", "عليه", "▁", "وسلم")]),
    ],
)  # fmt: skip
def test_spans_by_hand(spm_30k, text, pieces):
    encoding = open_tokenizer(spm_30k).encode(text)
    assert [(piece, text[start:end]) for piece, (start, end) in zip(encoding.pieces, encoding.offsets)] == pieces


def test_the_span_of_a_mark_alone_is_where_the_word_starts(spm_30k):
    assert open_tokenizer(spm_30k).encode(" 日  本").offsets == [(1, 1), (1, 2), (4, 4), (4, 5)]


def test_composition_and_growing_lower_case_with_accents_kept(spm_30k):
    tokenizer = SentencePieceTokenizer(spm_30k.read_bytes(), TokenizerOptions(lower_case=True, keep_accents=True))
    text = "xe\u0301 İz"
    encoding = tokenizer.encode(text)
    assert "".join(encoding.pieces) == "▁xé▁i\u0307z"
    shown = [text[start:end] for start, end in encoding.offsets]
    assert shown == ["x", "e\u0301", "İ", "İ", "z"]

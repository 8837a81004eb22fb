"""The adapter on recorded answers of SentencePiece 0.2.0 and 0.2.3, and on the release that is installed.

The recordings (record_sentencepiece.py) hold what the adapter asks for, and as an authority the offsets that each
release gives through an interface of its own.
"""

import json
from pathlib import Path

import pytest
import sentencepiece
from text_samples import golden_rows

from albert_edge.errors import TokenizerError
from albert_edge.text.normalization import AlignedText
from albert_edge.text.pieces import WORD_START, covered, cut, open_processor

RECORDED = Path(__file__).parent / "recorded"


def recording(version):
    return json.loads((RECORDED / f"sentencepiece-{version}.json").read_text(encoding="utf-8"))


class ReplayedProcessor:
    """A SentencePiece processor of another release: it knows the recorded texts and the calls common to releases."""

    def __init__(self, recorded):
        self._rows = {row["text"]: row for row in recorded["rows"]}
        self._refused = recorded["immutable_proto_refused"]

    def encode(self, text, out_type):
        if out_type == "immutable_proto" and self._refused:
            raise ValueError(self._refused)
        assert out_type is str, "offsets by proto differ between releases"
        return self._rows[text]["pieces"]

    def normalize(self, text, with_offsets):
        assert with_offsets
        return self._rows[text]["normalized"], self._rows[text]["origins"]


def adapter_spans(processor, text):
    found = cut(processor, AlignedText.identity(text))
    return [(piece, *covered(found.text, first, last)) for piece, first, last in found.parts()]


def own_spans(row, unit):
    """SentencePiece's own offsets in characters, without what it makes the mark of: white space, U+200B, U+200D."""
    spans = []
    for piece, (begin, end) in zip(row["pieces"], row["own_offsets"]):
        if unit == "byte":
            data = row["text"].encode()
            begin, end = len(data[:begin].decode()), len(data[:end].decode())
        while begin < end and (row["text"][begin].isspace() or row["text"][begin] in "\u200b\u200d\u2581"):
            begin += 1
        spans.append((piece, begin, end))
    return spans


@pytest.mark.parametrize("version", ["0.2.0", "0.2.3"])
def test_spans_agree_with_the_release_s_own(version):
    recorded = recording(version)
    processor = ReplayedProcessor(recorded)
    for row in recorded["rows"]:
        assert adapter_spans(processor, row["text"]) == own_spans(row, recorded["own_offsets_unit"]), row["text"]


@pytest.mark.parametrize("version", ["0.2.0", "0.2.3"])
def test_a_wrong_origin_would_be_noticed(version):
    recorded = recording(version)
    row = recorded["rows"][1]
    row["origins"] = [origin + 1 for origin in row["origins"][:-2]] + row["origins"][-2:]
    assert adapter_spans(ReplayedProcessor(recorded), row["text"]) != own_spans(row, recorded["own_offsets_unit"])


def test_the_releases_differ_where_the_adapter_says():
    old, new = recording("0.2.0"), recording("0.2.3")
    assert old["immutable_proto_refused"] is None
    assert "no longer supported" in new["immutable_proto_refused"]
    assert (old["own_offsets_unit"], new["own_offsets_unit"]) == ("character", "byte")
    for old_row, new_row in zip(old["rows"], new["rows"]):
        for key in ("text", "pieces", "ids", "normalized", "origins"):
            assert old_row[key] == new_row[key]


def test_the_installed_release_answers_as_recorded(spm_30k):
    processor = open_processor(spm_30k.read_bytes())
    for row in recording("0.2.3")["rows"]:
        assert processor.encode(row["text"], out_type=str) == row["pieces"]
        assert processor.piece_to_id(row["pieces"]) == row["ids"]
        assert processor.normalize(row["text"], with_offsets=True) == (row["normalized"], row["origins"])


def test_pieces_cover_the_normalized_text_of_every_golden_row(spm_30k, golden):
    processor = open_processor(spm_30k.read_bytes())
    for row in golden_rows(golden):
        found = cut(processor, AlignedText.identity(row["text"]))
        assert "".join(found.pieces) == found.text.text
        assert [found.text.text[first:last] for _, first, last in found.parts()] == list(found.pieces)


def test_a_mark_alone_has_an_empty_span_where_the_text_after_it_starts():
    text = AlignedText(f"{WORD_START}a{WORD_START}", [0, 2, 3], [2, 3, 4])
    assert covered(text, 0, 2) == (2, 3)
    assert covered(text, 0, 1) == (2, 2)
    assert covered(text, 2, 3) == (4, 4)


def test_one_step_of_several_characters_gives_each_all_that_it_consumed(spm_30k):
    processor = open_processor(spm_30k.read_bytes())
    assert adapter_spans(processor, "x½") == [("▁x", 0, 1), ("1", 1, 2), ("⁄", 1, 2), ("2", 1, 2)]


@pytest.mark.parametrize("model", [b"", b"not a model", bytes(100)], ids=["empty", "text", "zeros"])
def test_other_bytes_are_refused(model):
    with pytest.raises(TokenizerError, match=f"must be a SentencePiece model; received {len(model)} bytes"):
        open_processor(model)


def train(tmp_path, **flags):
    """A small model with `flags` that this project doesn't train with."""
    prefix = str(tmp_path / "foreign")
    texts = iter(["a b c d e f", "ab cd ef ab cd ef"] * 20)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=texts, model_prefix=prefix, minloglevel=2, hard_vocab_limit=False, **flags
    )
    return Path(prefix + ".model").read_bytes()


def test_foreign_models_are_refused(tmp_path):
    assert open_processor(train(tmp_path, vocab_size=40))
    with pytest.raises(TokenizerError, match="must not use byte fallback"):
        open_processor(train(tmp_path, vocab_size=400, byte_fallback=True))
    with pytest.raises(TokenizerError, match="must mark where words start"):
        open_processor(train(tmp_path, vocab_size=40, treat_whitespace_as_suffix=True))

"""Smaller vocabularies: texts keep their pieces, by SentencePiece's own word; and what stays so that they do."""

import gzip
import json
from unittest import mock

import pytest
import sentencepiece
from google.protobuf import runtime_version
from text_samples import PARTS, golden_rows, random_texts

from albert_edge.text.model_proto import CONTROL, NORMAL, UNKNOWN, USER_DEFINED, ModelPieces, serialize_model
from albert_edge.text.normalization import clean
from albert_edge.text.options import TokenizerOptions, WordPieceOptions
from albert_edge.text.reduction import always_kept, needed_ids, reduced, ways
from albert_edge.text.tokenizer import SentencePieceTokenizer, read_tokenizer
from albert_edge.text.wordpiece import WordPieceTokenizer

# SentencePiece's messages are those of a newer protobuf than Apache Beam takes. The older one reads them as well; it
# only refuses to by rule.
with mock.patch.object(runtime_version, "ValidateProtobufRuntimeVersion"):
    from sentencepiece import sentencepiece_model_pb2


def kept_by(tokenizer, texts):
    return set.union(always_kept(tokenizer), *(needed_ids(tokenizer, text) for text in texts))


def cut_by_the_library(model, texts):
    processor = sentencepiece.SentencePieceProcessor()
    processor.LoadFromSerializedProto(model)
    return [processor.encode(clean(text, TokenizerOptions()).text, out_type=str) for text in texts]


def parsed(model):
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model)
    return proto


def assert_cut_alike(before, after, texts):
    for text in texts:
        for way in ways(text):
            assert after.encode(way).pieces == before.encode(way).pieces, way
            assert after.encode(way).offsets == before.encode(way).offsets, way


def hand_made(*pieces, names=()):
    """A SentencePiece model of ALBERT's special pieces and (text, score) of plain ones."""
    special = [("<pad>", 0.0, CONTROL), ("<unk>", 0.0, UNKNOWN), ("[CLS]", 0.0, CONTROL), ("[SEP]", 0.0, CONTROL)]
    special += [("[MASK]", 0.0, CONTROL), *((name, 0.0, USER_DEFINED) for name in names)]
    rows = [*special, *((text, score, NORMAL) for text, score in pieces)]
    return serialize_model(ModelPieces(*zip(*rows), b""), 1, 0)


# === SentencePiece ===


@pytest.mark.slow
@pytest.mark.parametrize("rules", ["google", "huggingface"])
def test_kept_texts_keep_their_pieces(spm_30k, golden, golden_folder, rules):
    texts = [row["text"] for row in golden_rows(golden)][::8] + random_texts(50) + PARTS
    for model in (spm_30k, golden_folder / "spiece.model"):
        before = SentencePieceTokenizer(model.read_bytes(), TokenizerOptions(rules=rules))
        after = reduced(before, kept_by(before, texts))
        assert after.vocab_size < before.vocab_size
        assert after.options == before.options
        assert_cut_alike(before, after, texts)


@pytest.mark.slow
def test_the_library_cuts_kept_texts_alike(spm_30k, golden, shared_data):
    """Lines of three languages, every piece that SentencePiece chooses for them."""
    texts = [row["text"] for row in golden_rows(golden)][::2]
    for name in ("xquad.de.json", "xquad.zh.json"):
        articles = json.loads((shared_data / "xquad" / name).read_text(encoding="utf-8"))["data"]
        texts += [article["paragraphs"][0]["context"] for article in articles]
    before = SentencePieceTokenizer(spm_30k.read_bytes())
    after = reduced(before, kept_by(before, texts))
    assert after.vocab_size < 0.5 * before.vocab_size
    assert cut_by_the_library(after.model, texts) == cut_by_the_library(before.model, texts)


def test_all_but_the_pieces_stays_as_it_was(spm_30k):
    before = SentencePieceTokenizer(spm_30k.read_bytes())
    kept = kept_by(before, ["oil prices rise"])
    old, new = parsed(before.model), parsed(reduced(before, kept).model)
    assert list(new.pieces) == [old.pieces[number] for number in sorted(kept)]
    for proto in (old, new):
        proto.ClearField("pieces")
    assert new.SerializeToString() == old.SerializeToString()


def test_numbers_keep_the_pieces_that_the_rule_for_commas_takes_apart():
    before = SentencePieceTokenizer(hand_made(("▁9,", -1.0), ("▁9", -8.0), (",", -8.0), ("▁", -9.0), ("9", -9.0)))
    assert before.encode("9,").pieces == ["▁9", ","]
    assert before.id_to_piece(5) == "▁9,"
    assert needed_ids(before, "9,") == {5, 6, 7}
    # Under the other rules a comma stays at its number.
    assert needed_ids(before.with_options(rules="huggingface"), "9,") == {5}


def test_of_paths_with_equal_sums_the_same_one_wins():
    for order in (("▁a", "b", "▁ab", "▁", "ab", "a"), ("ab", "▁", "▁ab", "b", "a", "▁a")):
        scores = {"▁a": -1.0, "b": -1.0, "▁ab": -2.0, "▁": -1.0, "ab": -1.0, "a": -9.0}
        before = SentencePieceTokenizer(hand_made(*((piece, scores[piece]) for piece in order)))
        after = reduced(before, kept_by(before, ["ab"]))
        # What was not chosen is gone, but the lowest and the highest of all.
        assert after.vocab_size < before.vocab_size
        assert cut_by_the_library(after.model, ["ab"]) == cut_by_the_library(before.model, ["ab"])


@pytest.mark.parametrize("rules", ["google", "huggingface"])
def test_the_lowest_piece_stays_since_unknown_characters_depend_on_it(rules):
    plain = (("▁", -1.0), ("za", -30.0), ("b", -30.0), ("ab", -1.0), ("q", -50.0))
    before = SentencePieceTokenizer(hand_made(*plain), TokenizerOptions(rules=rules))
    texts = ["zab", "ab"]
    kept = kept_by(before, texts)
    assert_cut_alike(before, reduced(before, kept), texts)
    assert before.encode("zab").pieces == ["▁", "za", "b"]
    # Without it an unknown z and a cheap `ab` are better.
    assert reduced(before, kept - {9}).encode("zab").pieces == ["▁", "z", "ab"]


def test_pieces_of_their_own_kind_and_the_highest_stay():
    before = SentencePieceTokenizer(hand_made(("▁a", -4.0), ("b", 3.0), ("c", -1.0), names=["(", "."]))
    assert [before.id_to_piece(number) for number in sorted(always_kept(before))] == [
        *("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]", "(", ".", "▁a", "b")
    ]


def test_texts_are_kept_in_every_form_and_between_masks(spm_30k):
    accents = SentencePieceTokenizer(spm_30k.read_bytes(), TokenizerOptions(keep_accents=True))
    assert len(ways("café")) == 2
    text = "the [MASK]ing of oil"
    assert ways(text) == [text, "the ", "ing of oil"]
    assert set(accents.encode_masked(text).ids) <= kept_by(accents, [text])
    decomposed = "cafe\u0301"
    assert set(accents.encode(decomposed).ids) <= kept_by(accents, ["café"])


def test_a_moved_unknown_piece_is_named_where_it_lies():
    """transformers takes its id from the trainer's settings."""
    pieces = [("x", -5.0, NORMAL), ("▁a", -1.0, NORMAL), ("<unk>", 0.0, UNKNOWN), ("<pad>", 0.0, CONTROL)]
    pieces += [("[CLS]", 0.0, CONTROL), ("[SEP]", 0.0, CONTROL), ("y", -9.0, NORMAL)]
    before = SentencePieceTokenizer(serialize_model(ModelPieces(*zip(*pieces), b""), 2, 3))
    after = reduced(before, kept_by(before, ["a"]))
    trainer = parsed(after.model).trainer_spec
    assert (after.unk_id, after.pad_id, trainer.unk_id, trainer.pad_id, trainer.bos_id) == (1, 2, 1, 2, -1)


def test_the_pieces_of_a_model_s_samples_stay():
    """The library cuts a model's samples when it opens it; release 0.2.0 refuses one that cuts them otherwise."""
    model = hand_made(("▁a", -1.0), ("▁", -2.0), ("bc", -2.5), ("b", -3.0), ("c", -3.0))
    expected = "▁ bc".encode()
    sample = b"\x0a\x02bc\x12" + bytes([len(expected)]) + expected
    samples = b"\x22" + bytes([len(sample) + 2]) + b"\x0a" + bytes([len(sample)]) + sample
    before = SentencePieceTokenizer(model + samples)
    after = reduced(before, kept_by(before, ["a"]))
    assert after.encode("bc").pieces == ["▁", "bc"]
    assert after.model.endswith(samples)
    without = SentencePieceTokenizer(model)
    assert reduced(without, kept_by(without, ["a"])).encode("bc").pieces != ["▁", "bc"]


# === WordPiece ===


@pytest.mark.parametrize("rules", ["google", "huggingface"])
def test_kept_texts_keep_their_word_pieces(golden, rules):
    vocabulary = (golden / "wordpiece" / "vocab.txt").read_bytes()
    texts = [row["text"] for row in golden_rows(golden)][::8] + random_texts(50)
    before = WordPieceTokenizer(vocabulary, WordPieceOptions(rules=rules))
    after = reduced(before, kept_by(before, texts))
    assert after.vocab_size < before.vocab_size
    assert_cut_alike(before, after, texts)


def test_unknown_words_keep_their_first_pieces():
    pieces = "[PAD] [UNK] [CLS] [SEP] [MASK] ab a ##bc x"
    before = WordPieceTokenizer("".join(f"{piece}\n" for piece in pieces.split()).encode())
    texts = ["abc", "a", "xbc"]
    assert before.encode("abc").pieces == ["[UNK]"]
    assert_cut_alike(before, reduced(before, kept_by(before, texts)), texts)
    # Without `ab`, `a` is the longest, and the rest has a piece.
    encoded_alone = always_kept(before) | {number for text in texts for number in before.encode(text).ids}
    assert reduced(before, encoded_alone).encode("abc").pieces == ["a", "##bc"]


def test_lines_of_a_vocabulary_stay_as_they_are():
    lines = b"[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\nx\r\ny"
    after = reduced(WordPieceTokenizer(lines), {0, 1, 2, 3, 5})
    assert after.model == b"[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\ny\n"
    assert after.encode("y x").ids == [4, 1]


# === Folders of transformers 5 ===


def test_a_tokenizer_json_becomes_the_kind_that_is_written_here(golden, tmp_path):
    (tmp_path / "tokenizer.json").write_bytes(gzip.decompress((golden / "tokenizer_1000.json.gz").read_bytes()))
    before = read_tokenizer(tmp_path)
    texts = [row["text"] for row in golden_rows(golden)][:40]
    after = reduced(before, kept_by(before, texts))
    assert (after.file_name, after.options.rules) == ("spiece.model", "huggingface")
    assert_cut_alike(before, after, texts)

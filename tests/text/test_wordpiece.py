"""WordPiece against ids recorded from transformers' BertTokenizer, and by hand against BERT's program."""

import json
import time

import pytest
from text_samples import random_texts
from transformers_ids import bert_recorded, bert_runs, golden_texts, unequal

from albert_edge.errors import ConfigError, DataError, TokenizerError
from albert_edge.text.options import WordPieceOptions
from albert_edge.text.tokenizer import make_tokenizer, open_tokenizer, read_tokenizer, tokenizer_files
from albert_edge.text.wordpiece import WordPieceTokenizer

PIECES = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] the oil ##y ##s price un ##aff ##able cafe Café 今 天 , . - $ σ ο δ ##ς ##σ ##ο ##δ"
)
VOCABULARY = "".join(f"{piece}\n" for piece in PIECES.split()).encode()


@pytest.fixture
def tokenizer():
    return WordPieceTokenizer(VOCABULARY)


# === Ids ===


def test_every_recorded_id_of_every_run(golden):
    texts = golden_texts(golden) + bert_recorded(golden)["sentences"]
    runs = list(bert_runs(golden))
    assert (len(runs), len(texts)) == (4, 908)
    assert [unequal(tokenizer, texts, ids) for tokenizer, ids in runs] == [[]] * len(runs)


def test_one_changed_id_would_be_noticed(golden):
    texts = golden_texts(golden) + bert_recorded(golden)["sentences"]
    tokenizer, ids = next(bert_runs(golden))
    ids[850][0] += 1
    assert unequal(tokenizer, texts, ids) == [texts[850]]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("unaffable", [("un", "un"), ("##aff", "aff"), ("##able", "able")]),
        ("The OILY-prices.", [("the", "The"), ("oil", "OIL"), ("##y", "Y"), ("-", "-"),
                              ("price", "price"), ("##s", "s"), (".", ".")]),
        ("the oilx $", [("the", "the"), ("[UNK]", "oilx"), ("$", "$")]),
        ("今天the", [("今", "今"), ("天", "天"), ("the", "the")]),
        ("CAFÉ cafe\u0301", [("cafe", "CAFÉ"), ("cafe", "cafe\u0301")]),
        ("o\u200bil\x00 \ufffdthe", [("oil", "o\u200bil\x00"), ("the", "the")]),
        ("[CLS] the", [("[UNK]", "["), ("[UNK]", "CLS"), ("[UNK]", "]"), ("the", "the")]),
        ("the\u2028oil\u3000price", [("the", "the"), ("oil", "oil"), ("price", "price")]),
        ("", []),
        (" \n\t\u00ad", []),
    ],
)  # fmt: skip
def test_pieces_and_spans_by_hand(tokenizer, text, pieces):
    encoding = tokenizer.encode(text)
    assert [(piece, text[start:end]) for piece, (start, end) in zip(encoding.pieces, encoding.offsets)] == pieces
    assert encoding.ids == [PIECES.split().index(piece) for piece, _ in pieces]


def test_case_accents_and_chinese_are_options(tokenizer):
    assert tokenizer.with_options(lower_case=False, keep_accents=True).encode("Café").pieces == ["Café"]
    assert tokenizer.with_options(lower_case=False).encode("Café").pieces == ["[UNK]"]
    assert tokenizer.with_options(split_chinese=False).encode("今天").pieces == ["[UNK]"]


def test_what_the_two_rules_differ_in(tokenizer):
    transformers = tokenizer.with_options(rules="huggingface")
    assert tokenizer.encode("ΟΔΟΣ").pieces == ["ο", "##δ", "##ο", "##ς"]
    assert transformers.encode("ΟΔΟΣ").pieces == ["ο", "##δ", "##ο", "##σ"]
    assert transformers.encode("[CLS]the[MASK]").ids[:2] == [2, 5]
    assert transformers.mask_id not in transformers.encode("[MASK]").ids
    for length in (100, 101, 200, 201):
        word = "oil" + "y" * (length - 3)
        assert len(tokenizer.encode(word).ids) == (length - 2 if length <= 200 else 1)
        assert len(transformers.encode(word).ids) == (length - 2 if length <= 100 else 1)


def test_masks_are_pieces_if_asked_for(tokenizer):
    encoding = tokenizer.encode_masked("the [MASK]price")
    assert encoding.ids == [5, 4, 9]
    assert encoding.offsets == [(0, 3), (4, 10), (10, 15)]


def test_a_lone_surrogate_is_refused(tokenizer):
    with pytest.raises(DataError, match="lone surrogate"):
        tokenizer.encode("a\udfffb")


def test_pieces_by_their_ids(tokenizer):
    assert [tokenizer.id_to_piece(number) for number in (0, 7)] == ["[PAD]", "##y"]
    with pytest.raises(IndexError, match="from 0 to 27; received 28"):
        tokenizer.id_to_piece(28)


# === The vocabulary's file ===


def test_line_ends_of_windows_and_a_byte_order_mark_change_nothing(tokenizer):
    for data in (VOCABULARY.replace(b"\n", b"\r\n"), VOCABULARY[:-1], b"\xef\xbb\xbf" + VOCABULARY, VOCABULARY + b"\n"):
        other = WordPieceTokenizer(data)
        assert other.vocab_size == tokenizer.vocab_size == 28
        assert other.encode("the oily price").ids == tokenizer.encode("the oily price").ids
        assert other.model == data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (VOCABULARY + b"oil\n", "each once; received 'oil' in line 29"),
        (b"\n" + VOCABULARY, "one piece a line, each once; received '' in line 1"),
        (VOCABULARY.replace(b"[SEP]", b"[SIP]"), r"must have the piece \[SEP\]; received 28 pieces without it"),
        (b"", r"must have the piece \[PAD\]; received 0 pieces without it"),
        (VOCABULARY + b"\xff", "must be UTF-8 text; received byte 0xff at"),
    ],
)
def test_a_bad_vocabulary_is_refused(data, message):
    with pytest.raises(TokenizerError, match=message):
        WordPieceTokenizer(data)


def test_the_mask_may_be_missing():
    tokenizer = WordPieceTokenizer(VOCABULARY.replace(b"[MASK]", b"[MOSK]"))
    assert tokenizer.mask_id is None
    with pytest.raises(ConfigError, match=r"must have the piece \[MASK\]"):
        tokenizer.encode_masked("a")


# === Folders and options ===


def test_a_folder_with_a_vocab_txt(tmp_path, tokenizer):
    for name, contents in tokenizer_files(tokenizer).items():
        (tmp_path / name).write_bytes(contents)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": False, "strip_accents": None}))
    for path in (tmp_path, tmp_path / "vocab.txt"):
        found = open_tokenizer(path)
        assert found.options == WordPieceOptions(lower_case=False, keep_accents=True)
        assert (found.kind, found.file_name, found.model) == ("wordpiece", "vocab.txt", VOCABULARY)
    (tmp_path / "vocab.txt").write_bytes(b"oil\n")
    with pytest.raises(TokenizerError, match=r"vocab\.txt: a WordPiece vocabulary must have the piece"):
        read_tokenizer(tmp_path)


def test_options_round_trip_under_the_names_of_hugging_face():
    options = WordPieceOptions(lower_case=False, keep_accents=True, split_chinese=False, rules="huggingface")
    assert options.to_dict() == {
        "do_lower_case": False,
        "tokenize_chinese_chars": False,
        "tokenizer_rules": "huggingface",
        "strip_accents": False,
    }
    assert make_tokenizer("wordpiece", VOCABULARY, options.to_dict()).options == options
    assert WordPieceOptions.from_dict({}) == WordPieceOptions()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"strip_accents": "no"}, "strip_accents must be true, false or null; received 'no'"),
        ({"do_lower_case": 1}, "do_lower_case must be true or false; received 1"),
        ({"keep_accents": True}, "must be among .*; received 'keep_accents'"),
        ({"tokenizer_rules": None}, "tokenizer_rules must be one of google, huggingface; received None"),
    ],
)
def test_other_options_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        WordPieceOptions.from_dict(values)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ConfigError, match="must be one of sentencepiece, wordpiece; received 'bpe'"):
        make_tokenizer("bpe", VOCABULARY, {})


# === Long texts ===


@pytest.mark.parametrize("rules", ["google", "huggingface"])
def test_long_texts_and_words_take_linear_time(golden, rules):
    tokenizer = WordPieceTokenizer((golden / "wordpiece" / "vocab.txt").read_bytes(), WordPieceOptions(rules=rules))
    texts = {
        "words": "The quick brown fox, 10,000 dollars. " * 3000,
        "one word": "q" * 20_000,
        "unknown words": ("\u16a0" * 99 + " ") * 1000,
        "Chinese": "今天天气很好，我们去公园散步吧。" * 3000,
        "random": " ".join(random_texts(1000)),
    }
    for text in texts.values():
        start = time.process_time()
        tokenizer.encode(text)
        assert time.process_time() - start < 5, "quadratic time would be minutes"

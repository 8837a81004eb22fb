"""The SentencePiece model and the vocab.txt that are made of a tokenizer.json, against those that it was made of."""

import gzip
import json

import pytest
from test_pieces import train
from transformers_ids import albert_runs, bert_recorded, bert_runs, golden_texts, unequal

from albert_edge.errors import TokenizerError
from albert_edge.text.model_proto import CONTROL, NORMAL, UNKNOWN, USER_DEFINED, parse_model, serialize_model
from albert_edge.text.options import TokenizerOptions, WordPieceOptions
from albert_edge.text.pieces import open_processor
from albert_edge.text.tokenizer import SentencePieceTokenizer, open_tokenizer, read_tokenizer


@pytest.fixture
def values(golden):
    """A tokenizer.json of transformers, parsed."""
    return json.loads(gzip.decompress((golden / "tokenizer_1000.json.gz").read_bytes()))


@pytest.fixture
def original(golden):
    """The model that it was made of."""
    return (golden / "base_like" / "sequence_classification" / "spiece.model").read_bytes()


def written(tmp_path, values, config=None):
    (tmp_path / "tokenizer.json").write_text(json.dumps(values), encoding="utf-8")
    if config is not None:
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return tmp_path


def parsed(model):
    return parse_model(model, open_processor(model))


# === Unigram ===


def test_the_model_is_made_again(tmp_path, values, original):
    tokenizer = read_tokenizer(written(tmp_path, values))
    assert tokenizer.options == TokenizerOptions(rules="huggingface")
    assert parsed(tokenizer.model) == parsed(original)
    processor = open_processor(tokenizer.model)
    assert (processor.pad_id(), processor.unk_id(), processor.bos_id(), processor.eos_id()) == (0, 1, -1, -1)


def test_a_folder_without_the_model_gives_the_ids_of_one_with_it(tmp_path, values, original, golden):
    texts = golden_texts(golden)
    made = read_tokenizer(written(tmp_path, values))
    for rules in ("google", "huggingface"):
        kept = SentencePieceTokenizer(original, TokenizerOptions(rules=rules))
        of_rules = made.with_options(rules=rules)
        assert [text for text in texts if of_rules.encode(text) != kept.encode(text)] == []


def test_its_ids_are_transformers_own(tmp_path, values, golden, original):
    ids = next(ids for tokenizer, ids in albert_runs(golden) if tokenizer.model == original)
    assert unequal(read_tokenizer(written(tmp_path, values)), golden_texts(golden), ids) == []


def test_the_file_is_opened_by_its_path_whatever_its_name(tmp_path, values):
    path = written(tmp_path, values) / "tokenizer.json"
    other = path.rename(tmp_path / "other.json")
    assert open_tokenizer(other).options.rules == "huggingface"


def test_options_come_from_the_config_or_else_from_the_normalizer(tmp_path, values):
    steps = values["normalizer"]["normalizers"]
    values["normalizer"]["normalizers"] = [step for step in steps if step["type"] != "Lowercase"]
    assert read_tokenizer(written(tmp_path, values)).options == TokenizerOptions(False, False, "huggingface")
    config = {"do_lower_case": True, "keep_accents": True, "tokenizer_rules": "google"}
    assert read_tokenizer(written(tmp_path, values, config)).options == TokenizerOptions(True, True, "google")


def test_beside_a_model_it_decides_what_is_cut_out_as_in_transformers(tmp_path, values, original):
    # As files of 2020 are: `-` is a piece of score 0 there, not an added token. transformers 5.23 gives these pieces.
    values["added_tokens"] = [token for token in values["added_tokens"] if token["special"]]
    (written(tmp_path, values) / "spiece.model").write_bytes(original)
    assert read_tokenizer(tmp_path).encode("re-do").pieces[:3] == ["▁re", "-", "do"]
    written(tmp_path, values, {"tokenizer_rules": "google"})
    assert read_tokenizer(tmp_path).model == original


def piece_row(values, row):
    values["model"]["vocab"][20] = row


REFUSED = {
    "BPE": (lambda v: v["model"].update(type="BPE"), "must be Unigram or WordPiece; received 'BPE'"),
    "no type": (lambda v: v["model"].pop("type"), "must be Unigram or WordPiece; received None"),
    "no model": (lambda v: v.pop("model"), "model must be an object; received None"),
    "no vocab": (lambda v: v["model"].update(vocab={"a": 1}), "must be a list of pieces; received"),
    "a bare piece": (lambda v: piece_row(v, "a"), "a piece must be its text and its score; received 'a'"),
    "an odd score": (lambda v: piece_row(v, ["a", None]), r"its text and its score; received \['a', None\]"),
    "a score of NaN": (lambda v: piece_row(v, ["a", float("nan")]), r"its text and its score; received \['a', nan\]"),
    "a doubled piece": (lambda v: piece_row(v, ["(", -1.0]), r"a piece must have a text of its own; received '\('"),
    "no unk_id": (lambda v: v["model"].update(unk_id=None), "unk_id must be an integer of at least 0; received None"),
    "unk_id outside": (lambda v: v["model"].update(unk_id=1000), "the id of one of 1000 pieces; received 1000"),
    "byte fallback": (lambda v: v["model"].update(byte_fallback=True), "must not use byte fallback; received True"),
    "ids out of order": (
        lambda v: (v["added_tokens"].pop(7), v["added_tokens"][2].update(id=7)),
        r"must be the model's piece of its id; received '\[CLS\]' with id 7, where the model has '\"'",
    ),
    "an id twice": (lambda v: v["added_tokens"][2].update(id=7), "must have an id of its own; received 7"),
    "an id behind the end": (lambda v: v["added_tokens"][2].update(id=1000), "with id 1000, where the model has None"),
    "another family": (
        lambda v: (v.update(added_tokens=[]), piece_row(v, ["<cls>", 0.0]), v["model"]["vocab"].pop(2)),
        r"must have the piece \[CLS\]; received 999 pieces without it",
    ),
    "no padding": (lambda v: v["model"]["vocab"].pop(0), "must have the piece <pad>; received '999 pieces"),
    "no Base64": (
        lambda v: v["normalizer"]["normalizers"][-1].update(precompiled_charsmap="%%"),
        "precompiled_charsmap must be Base64; received '%%'",
    ),
}


@pytest.mark.parametrize(("damage", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_albert_s_is_refused_in_one_line(tmp_path, values, damage, message):
    damage(values)
    with pytest.raises(TokenizerError, match=message) as caught:
        read_tokenizer(written(tmp_path, values))
    assert str(caught.value).startswith(f"{tmp_path / 'tokenizer.json'}: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400 + len(str(tmp_path))


@pytest.mark.parametrize("data", [b"", b'{"model": ', b"\xff\xfe", b"[" * 100_000, b"[]"])
def test_damaged_json_is_refused(tmp_path, data):
    (tmp_path / "tokenizer.json").write_bytes(data)
    with pytest.raises(TokenizerError, match=r"tokenizer\.json must be"):
        read_tokenizer(tmp_path)


# === The model file ===


def test_a_model_survives_reading_and_writing(spm_30k):
    model = parsed(spm_30k.read_bytes())
    assert len(model.texts) == 30000
    assert model.types[:6] == [CONTROL, UNKNOWN, CONTROL, CONTROL, CONTROL, USER_DEFINED]
    assert set(model.types[13:]) == {NORMAL}
    assert parsed(serialize_model(model, unk_id=1, pad_id=0)) == model


def test_long_pieces_and_other_normalizations_are_read(tmp_path):
    data = train(tmp_path, vocab_size=40, user_defined_symbols=["x" * 200], normalization_rule_name="identity")
    model = parsed(data)
    assert "x" * 200 in model.texts
    assert model.charsmap == b""
    assert model.types[model.texts.index("x" * 200)] == USER_DEFINED


@pytest.mark.parametrize("data", [b"\x0a\x7fabc", b"\xff" * 20, b"\x0b", b"\x0a\x03\x1a\x01a"])
def test_bytes_of_another_kind_are_refused(data):
    with pytest.raises(TokenizerError, match=f"must be a SentencePiece model; received {len(data)} bytes"):
        parse_model(data, None)


# === WordPiece ===


@pytest.fixture
def bert_values(golden):
    """A tokenizer.json as transformers writes it of tests/golden/wordpiece/vocab.txt, the parts that count."""
    lines = (golden / "wordpiece" / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
    return {
        "added_tokens": [{"id": number, "content": lines[number], "special": True} for number in range(5)],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {piece: number for number, piece in enumerate(lines)},
        },
    }


def test_a_wordpiece_vocabulary_is_made_again(tmp_path, bert_values, golden):
    tokenizer = read_tokenizer(written(tmp_path, bert_values))
    assert tokenizer.options == WordPieceOptions(rules="huggingface")
    assert tokenizer.model == (golden / "wordpiece" / "vocab.txt").read_bytes()
    _, ids = next(bert_runs(golden))
    assert unequal(tokenizer, golden_texts(golden) + bert_recorded(golden)["sentences"], ids) == []


BERT_REFUSED = {
    "a gap": (lambda v: v["model"]["vocab"].pop("a"), "the ids of 7941 pieces must be 0 to 7940; received none with"),
    "an id twice": (lambda v: v["model"]["vocab"].update(a=0), "must be 0 to 7941; received none with id"),
    "an id of text": (lambda v: v["model"]["vocab"].update(a="5"), "a piece's id must be an integer of at least 0"),
    "another mark": (lambda v: v["model"].update(continuing_subword_prefix="@@"), "must be '##'; received '@@'"),
    "a list": (lambda v: v["model"].update(vocab=[]), "vocab of a WordPiece model must be an object"),
    "an added word": (lambda v: v["added_tokens"][0].update(content="oil"), r"one of \[PAD\], .* received 'oil'"),
    "another normalizer": (lambda v: v["normalizer"].update(type="NFC"), r"must be BertNormalizer; received \['NFC'\]"),
}


@pytest.mark.parametrize(("damage", "message"), BERT_REFUSED.values(), ids=BERT_REFUSED)
def test_other_wordpiece_files_are_refused(tmp_path, bert_values, damage, message):
    damage(bert_values)
    with pytest.raises(TokenizerError, match=message):
        read_tokenizer(written(tmp_path, bert_values))

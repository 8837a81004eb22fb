"""The rules `huggingface` against ids recorded from transformers 5, and by hand where they leave Google's."""

import json

import pytest
from transformers_ids import albert_runs, golden_texts, unequal

import albert_edge
from albert_edge.errors import ConfigError, DataError, TokenizerError
from albert_edge.text.charsmap import Charsmap, clusters
from albert_edge.text.model_proto import parse_model
from albert_edge.text.normalization import AlignedText
from albert_edge.text.options import TokenizerOptions
from albert_edge.text.pieces import open_processor
from albert_edge.text.tokenizer import SentencePieceTokenizer, open_tokenizer, read_tokenizer


@pytest.fixture(scope="module")
def tokenizer(spm_30k):
    return SentencePieceTokenizer(spm_30k.read_bytes(), TokenizerOptions(rules="huggingface"))


# === Ids ===


def test_every_recorded_id_of_every_run(golden):
    texts = golden_texts(golden)
    runs = list(albert_runs(golden))
    assert (len(runs), len(texts)) == (6, 847)
    assert [unequal(tokenizer, texts, ids) for tokenizer, ids in runs] == [[]] * len(runs)


def test_one_changed_id_would_be_noticed(golden):
    texts = golden_texts(golden)
    tokenizer, ids = next(albert_runs(golden))
    ids[7][-1] += 1
    assert unequal(tokenizer, texts, ids) == [texts[7]]


def test_the_rules_of_google_give_other_ids_on_half_of_the_texts(golden):
    texts = golden_texts(golden)
    tokenizer, ids = next(albert_runs(golden))
    assert len(unequal(tokenizer.with_options(rules="google"), texts, ids)) == 422


def test_the_public_function_gives_transformers_ids_for_every_text(golden, spm_30k):
    _, ids = next(albert_runs(golden))
    answers = albert_edge.tokenize(spm_30k, golden_texts(golden), rules="huggingface")
    assert [answer["ids"] for answer in answers] == ids


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        # A word after a defined piece starts anew, and a comma stays at its number.
        ("re-introduce (9, x)", [("▁re", "re"), ("-", "-"), ("▁introduce", "introduce"), ("(", "("), ("▁9,", "9,"),
                                 ("▁x", "x"), (")", ")")]),
        # Defined pieces are cut out of the original text: what becomes one later is an ordinary piece.
        ("``the''", [("▁", ""), ('"', "``"), ("the", "the"), ('"', "''")]),
        ('"the"', [('"', '"'), ("▁the", "the"), ('"', '"')]),
        ("[CLS] the[SEP]oil", [("[CLS]", "[CLS]"), ("▁the", "the"), ("[SEP]", "[SEP]"), ("▁oil", "oil")]),
        ("the [MASK]", [("▁the", "the"), ("▁[", "["), ("mask", "MASK"), ("]", "]")]),
        ("▁the▁▁oil", [("▁the", "the"), ("▁oil", "oil")]),
        ("cafe\u0301 CAFÉ", [("▁cafe", "cafe\u0301"), ("▁cafe", "CAFÉ")]),
        ("½", [("▁1", "½"), ("⁄", "½"), ("2", "½")]),
        ("ﷺ", [("▁", "")] + [(piece, "ﷺ") for piece in ("صلى", "▁", "الله", "▁", "عليه", "▁", "وسلم")]),
    ],
)  # fmt: skip
def test_pieces_and_spans_by_hand(tokenizer, text, pieces):
    encoding = tokenizer.encode(text)
    shown = [text[start:end] for start, end in encoding.offsets]
    assert list(zip(encoding.pieces, shown)) == pieces


def test_special_pieces_are_cut_out_but_the_mask_is_text_unless_asked_for(tokenizer):
    assert tokenizer.encode("<pad>[CLS][SEP]<unk>").ids == [0, 2, 3, 1]
    for cased in (tokenizer, tokenizer.with_options(lower_case=False)):
        for text in ("[MASK]", "［ＭＡＳＫ］"):
            assert tokenizer.mask_id not in cased.encode(text).ids
        assert cased.encode_masked("a [MASK]. [MASK]").ids.count(tokenizer.mask_id) == 2


def test_masks_have_their_own_spans_under_both_rules(tokenizer):
    text = "oil [MASK] the[MASK]oil"
    for rules in ("google", "huggingface"):
        encoding = tokenizer.with_options(rules=rules).encode_masked(text)
        assert encoding.pieces == ["▁oil", "[MASK]", "▁the", "[MASK]", "▁oil"]
        assert [text[start:end] for start, end in encoding.offsets] == ["oil", "[MASK]", "the", "[MASK]", "oil"]
        assert encoding.offsets == [(0, 3), (4, 10), (11, 14), (14, 20), (20, 23)]


def test_a_vocabulary_without_the_mask_piece_can_t_be_asked_for_it(spm_30k):
    tokenizer = SentencePieceTokenizer(spm_30k.read_bytes().replace(b"[MASK]", b"[MOSK]"))
    with pytest.raises(ConfigError, match=r"must have the piece \[MASK\]"):
        tokenizer.encode_masked("a [MASK]")


def test_a_lone_surrogate_is_refused_with_its_place(tokenizer):
    for encode in (tokenizer.encode, tokenizer.encode_masked):
        with pytest.raises(DataError, match="'\\\\udfff' at character 7"):
            encode("[MASK]a\udfffb")


# === Whose rules ===


def folder_of(tmp_path, spm_30k, *, json_bytes=None, config=None):
    (tmp_path / "spiece.model").write_bytes(spm_30k.read_bytes())
    if json_bytes is not None:
        (tmp_path / "tokenizer.json").write_bytes(json_bytes)
    if config is not None:
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    return tmp_path


def test_a_folder_s_rules_are_its_config_s_or_else_follow_from_its_files(tmp_path, spm_30k):
    assert read_tokenizer(folder_of(tmp_path, spm_30k)).options.rules == "google"
    folder_of(tmp_path, spm_30k, json_bytes=b"{}")
    assert open_tokenizer(tmp_path / "spiece.model").options.rules == "huggingface"
    folder_of(tmp_path, spm_30k, config={"tokenizer_rules": "google", "tokenizer_class": "AlbertTokenizer"})
    assert read_tokenizer(tmp_path).options.rules == "google"


def test_options_are_replaced_by_name_alone(tokenizer):
    assert tokenizer.with_options(keep_accents=True).options == TokenizerOptions(True, True, "huggingface")
    with pytest.raises(ConfigError, match="must be one of lower_case, keep_accents, rules; received 'split_chinese'"):
        tokenizer.with_options(split_chinese=True)
    with pytest.raises(ConfigError, match="tokenizer_rules must be one of google, huggingface; received 'bert'"):
        tokenizer.with_options(rules="bert")


# === The table of characters ===


@pytest.fixture(scope="module")
def charsmap(spm_30k):
    model = spm_30k.read_bytes()
    return Charsmap(parse_model(model, open_processor(model)).charsmap)


@pytest.mark.parametrize(
    ("text", "wanted", "spans"),
    [
        ("a\u0301b", "áb", [(0, 2), (2, 3)]),
        # A cluster of six bytes or more is replaced character by character.
        ("a\u0301\u0301\u0301", "a\u0301\u0301\u0301", [(0, 1), (1, 2), (2, 3), (3, 4)]),
        # The shortest known beginning speaks for the whole cluster: the accent on the wide space is lost.
        ("\u3000\u0301x", " x", [(0, 2), (2, 3)]),
        ("x\u00bd", "x1⁄2", [(0, 1), (1, 2), (1, 2), (1, 2)]),
        ("a\x07b", "ab", [(0, 2), (2, 3)]),
        ("\r\n", " ", [(0, 2)]),
    ],
)
def test_replacements_by_hand(charsmap, text, wanted, spans):
    found = charsmap.apply(AlignedText.identity(text))
    assert found.text == wanted
    assert list(zip(found.starts, found.ends)) == spans


def test_without_a_table_nothing_is_replaced():
    text = AlignedText.identity("½\u3000")
    assert Charsmap(b"").apply(text) is text


@pytest.mark.parametrize("data", [b"abc", b"\x08\0\0\0abcd", b"\x03\0\0\0abc"])
def test_a_damaged_table_is_refused(data):
    with pytest.raises(TokenizerError, match=f"must start with its array's size; received {len(data)} bytes"):
        Charsmap(data)


def test_clusters():
    text = "a\u0301\u0302b\r\nc\n\u0301\u0600d\u200d"
    assert [text[first:last] for first, last in clusters(text)] == [
        "a\u0301\u0302", "b", "\r\n", "c", "\n", "\u0301", "\u0600d\u200d"
    ]  # fmt: skip

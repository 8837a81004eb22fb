"""The tokenizer against golden ids, against ALBERT's rules on plain strings, and its offsets against the text."""

import json
import threading
import time

import pytest
from test_normalization import OPTIONS, defined
from text_samples import golden_rows, random_texts

import albert_edge
from albert_edge.errors import ConfigError, DataError, TokenizerError
from albert_edge.text.options import TokenizerOptions
from albert_edge.text.pieces import WORD_START, open_processor
from albert_edge.text.tokenizer import Encoding, SentencePieceTokenizer, open_tokenizer
from albert_edge.text.vocabulary import train_vocabulary


@pytest.fixture(scope="module")
def tokenizer(spm_30k):
    return open_tokenizer(spm_30k)


# === Ids ===


def wrong_rows(tokenizer, rows):
    return [row["text"] for row in rows if tokenizer.encode(row["text"]).ids != row["ids"]]


def test_all_golden_ids(tokenizer, golden):
    rows = golden_rows(golden)
    assert len(rows) == 847
    assert wrong_rows(tokenizer, rows) == []


def test_one_changed_golden_id_would_be_noticed(tokenizer, golden):
    rows = golden_rows(golden)
    rows[5]["ids"][-1] += 1
    assert wrong_rows(tokenizer, rows) == [rows[5]["text"]]


def plain_pieces(processor, text, options):
    """ALBERT's rules on strings, offsets left aside."""
    pieces = []
    for piece in processor.encode(defined(text, options), out_type=str):
        if not (len(piece) > 1 and piece.endswith(",") and piece[-2].isdigit()):
            pieces.append(piece)
            continue
        number = processor.encode(piece[:-1].replace(WORD_START, ""), out_type=str)
        if not piece.startswith(WORD_START) and number[0].startswith(WORD_START):
            number[0] = number[0][len(WORD_START) :]
        pieces += [part for part in number if part] + [","]
    return pieces


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_pieces_and_ids_follow_the_rules_on_random_texts(spm_30k, options):
    tokenizer = SentencePieceTokenizer(spm_30k.read_bytes(), options)
    processor = open_processor(spm_30k.read_bytes())
    for text in random_texts(2000):
        expected = plain_pieces(processor, text, options)
        encoding = tokenizer.encode(text)
        assert encoding.pieces == expected
        assert encoding.ids == [processor.piece_to_id(piece) for piece in expected]


def test_special_pieces_in_a_text_are_text(tokenizer):
    special = {tokenizer.pad_id, tokenizer.cls_id, tokenizer.sep_id, tokenizer.mask_id}
    for text in ("[MASK]", "[CLS] a [SEP]", "<pad>"):
        assert not special & set(tokenizer.encode(text).ids)


def test_a_run_of_unknown_characters_does_not_become_the_special_piece_that_it_spells():
    # A vocabulary of digits: "<pad>" is one unknown run, and SentencePiece knows a piece of that name.
    tokenizer = SentencePieceTokenizer(train_vocabulary(["12 34 5678 90 11 22"] * 20, 60, at_most=True))
    encoding = tokenizer.encode("<pad>")
    assert encoding.pieces == [WORD_START, "<pad>"]
    assert encoding.ids[1] == tokenizer.unk_id != tokenizer.pad_id


def test_ids_of_the_special_pieces(tokenizer):
    ids = (tokenizer.pad_id, tokenizer.unk_id, tokenizer.cls_id, tokenizer.sep_id, tokenizer.mask_id)
    assert ids == (0, 1, 2, 3, 4)
    assert tokenizer.vocab_size == 30000


def test_nothing_gives_nothing(tokenizer):
    for text in ("", "  \t\n", "\u0301", "\u200b"):
        assert tokenizer.encode(text) == Encoding([], [], [])


def test_a_lone_surrogate_is_refused(tokenizer):
    with pytest.raises(DataError, match="valid Unicode"):
        tokenizer.encode("a\udfffb")


# === Opening ===


def folder_with(tmp_path, spm_30k, config=None):
    (tmp_path / "spiece.model").write_bytes(spm_30k.read_bytes())
    if config is not None:
        (tmp_path / "tokenizer_config.json").write_text(config)
    return tmp_path


def test_a_folder_and_the_model_file_in_it_have_the_folder_s_options(tmp_path, spm_30k):
    folder_with(tmp_path, spm_30k, json.dumps({"do_lower_case": False, "model_max_length": 512}))
    for path in (tmp_path, tmp_path / "spiece.model"):
        assert open_tokenizer(path).options == TokenizerOptions(lower_case=False)
    assert SentencePieceTokenizer(spm_30k.read_bytes()).options == TokenizerOptions()


def test_without_a_config_the_options_are_albert_s(golden):
    folder = golden / "base_like" / "sequence_classification"
    tokenizer = open_tokenizer(folder)
    assert tokenizer.options == TokenizerOptions(lower_case=True, keep_accents=False)
    assert tokenizer.vocab_size == 1000
    assert tokenizer.model == (folder / "spiece.model").read_bytes()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{", "tokenizer_config.json must be JSON; received"),
        ("[]", "must hold an object; received a list"),
        ('{"remove_space": false}', "remove_space must be true; received False"),
        ('{"lower_case": false}', "received 'lower_case', did you mean 'do_lower_case'"),
    ],
)
def test_a_bad_config_is_refused(tmp_path, spm_30k, config, message):
    with pytest.raises(ConfigError, match=message):
        open_tokenizer(folder_with(tmp_path, spm_30k, config))


def test_what_is_no_vocabulary_is_refused(tmp_path, spm_30k):
    with pytest.raises(TokenizerError, match=r"must hold spiece\.model, vocab\.txt or tokenizer\.json; received"):
        open_tokenizer(tmp_path)
    damaged = tmp_path / "damaged.model"
    damaged.write_bytes(spm_30k.read_bytes()[:1000])
    with pytest.raises(TokenizerError, match=r"damaged\.model: a vocabulary must be a SentencePiece model"):
        open_tokenizer(damaged)


def test_a_vocabulary_without_a_special_piece_is_refused(spm_30k):
    model = spm_30k.read_bytes().replace(b"[SEP]", b"[SIP]")
    with pytest.raises(TokenizerError, match=r"must have the piece \[SEP\]; received 30000 pieces without it"):
        SentencePieceTokenizer(model)


def test_the_mask_may_be_missing(spm_30k):
    assert SentencePieceTokenizer(spm_30k.read_bytes().replace(b"[MASK]", b"[MOSK]")).mask_id is None


def test_a_tflite_is_asked_for_its_own_tokenizer(tmp_path, monkeypatch, tokenizer):
    class ReadArtifact:
        def __init__(self, path):
            assert path == tmp_path / "model.tflite"

        def tokenizer(self):
            return tokenizer

    monkeypatch.setattr("albert_edge.artifact.read_artifact", ReadArtifact)
    assert open_tokenizer(tmp_path / "model.tflite") is tokenizer


def test_the_public_function_gives_one_object_a_text(spm_30k):
    assert list(albert_edge.tokenize(spm_30k, ["Oil at 10,000, up", ""])) == [
        {
            "text": "Oil at 10,000, up",
            "ids": [1585, 35, 6693, 15, 71],
            "pieces": ["▁oil", "▁at", "▁10,000", ",", "▁up"],
            "offsets": [(0, 3), (4, 6), (7, 13), (13, 14), (15, 17)],
        },
        {"text": "", "ids": [], "pieces": [], "offsets": []},
    ]


def test_threads_share_a_tokenizer(tokenizer, golden):
    rows = golden_rows(golden)
    wrong = []
    threads = [threading.Thread(target=lambda: wrong.extend(wrong_rows(tokenizer, rows))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# === Long texts ===

LONG = {
    "words": "The quick brown fox, at 10,000, dollars. ",
    "numbers": "1,",
    "accents": "café  ",
    "one word": "a",
    "quotes": "``x'' ",
    "Chinese": "日本語，中文。",
}


@pytest.mark.slow
@pytest.mark.parametrize("part", LONG.values(), ids=LONG)
def test_a_megabyte_takes_linear_time(tokenizer, part):
    def seconds(size_bytes):
        text = part * (size_bytes // len(part.encode()))
        start = time.process_time()
        tokenizer.encode(text)
        return time.process_time() - start

    # Quadratic time would be 16 times as much for 4 times the text; other programs on the machine disturb by less.
    quarter = min(seconds(250_000) for _ in range(2))
    assert seconds(1_000_000) < 10 * quarter

"""Training vocabularies: ALBERT's special pieces, reproducible bytes, and what can't be trained."""

import json
import random

import pytest
import sentencepiece
from text_samples import golden_rows

import albert_edge
from albert_edge.errors import AlbertEdgeError, ConfigError, DataError
from albert_edge.text.options import TokenizerOptions
from albert_edge.text.tables import Columns
from albert_edge.text.tokenizer import SentencePieceTokenizer, open_tokenizer
from albert_edge.text.vocabulary import train_vocabulary


@pytest.fixture(scope="module")
def texts(golden):
    """Mostly English and German sentences."""
    return [row["text"] for row in golden_rows(golden) if row["text"].isprintable() and len(row["text"]) > 60]


@pytest.fixture(scope="module")
def model(texts):
    return train_vocabulary(texts, 500)


def pieces_of(model):
    processor = sentencepiece.SentencePieceProcessor()
    processor.LoadFromSerializedProto(model)
    return [processor.id_to_piece(piece_id) for piece_id in range(processor.get_piece_size())]


def test_special_pieces_lie_where_albert_s_do(model, spm_30k):
    assert pieces_of(model)[:13] == pieces_of(spm_30k.read_bytes())[:13]
    assert len(pieces_of(model)) == 500
    tokenizer = SentencePieceTokenizer(model)
    ids = (tokenizer.pad_id, tokenizer.unk_id, tokenizer.cls_id, tokenizer.sep_id, tokenizer.mask_id)
    assert ids == (0, 1, 2, 3, 4)


def test_the_vocabulary_cuts_its_texts_into_known_pieces(model, texts):
    tokenizer = SentencePieceTokenizer(model)
    ids = [piece_id for text in texts for piece_id in tokenizer.encode(text).ids]
    assert ids.count(tokenizer.unk_id) < 0.001 * len(ids)
    assert len(ids) < 0.5 * sum(map(len, texts))


def test_the_same_texts_give_the_same_bytes(model, texts):
    assert train_vocabulary(iter(texts), 500) == model
    assert train_vocabulary(texts[1:], 500) != model


def test_texts_are_cleaned_before_training(texts):
    shouted = [text.upper() for text in texts]
    lowered = train_vocabulary(shouted, 300)
    assert not [piece for piece in pieces_of(lowered)[5:] if piece.lower() != piece]
    assert lowered == train_vocabulary([text.lower() for text in shouted], 300)
    cased = train_vocabulary(shouted, 300, TokenizerOptions(lower_case=False))
    assert [piece for piece in pieces_of(cased)[5:] if piece.lower() != piece]


def test_long_texts_and_reserved_characters_are_not_left_out():
    # SentencePiece would leave out texts of more than 4192 bytes, and texts with its own mark for unknown characters.
    for text in ("long " * 2000 + "zebra", "zebra \u2585 zebra"):
        pieces = pieces_of(train_vocabulary([text], 1000, at_most=True))
        assert set("zebra") < set(pieces), text[:20]


def test_a_size_that_the_texts_cannot_fill(texts):
    few = texts[:20]
    with pytest.raises(DataError, match=r"size, at most \d+ for these; received 30000$") as error:
        train_vocabulary(few, 30000)
    largest = int(str(error.value).split("at most ")[1].split()[0])
    assert len(pieces_of(train_vocabulary(few, largest))) == largest
    with pytest.raises(DataError, match=f"received {largest + 1}$"):
        train_vocabulary(few, largest + 1)
    assert 13 < len(pieces_of(train_vocabulary(few, 30000, at_most=True))) < 30000


def test_a_size_too_small_for_the_characters(texts):
    with pytest.raises(ConfigError, match=r"at least \d+ pieces for these; received the size 20$") as error:
        train_vocabulary(texts, 20)
    smallest = int(str(error.value).split("at least ")[1].split()[0])
    assert len(pieces_of(train_vocabulary(texts, smallest))) == smallest


@pytest.mark.parametrize("nothing", [[], [""], [" ", "\u0301"]], ids=["no text", "empty", "white space"])
def test_texts_must_hold_something(nothing):
    with pytest.raises(DataError, match="must hold something other than white space"):
        train_vocabulary(nothing, 100)


def test_a_failure_of_the_reading_comes_back_as_it_is(texts):
    def failing():
        yield from texts[:10]
        raise KeyError("the reader's own")

    with pytest.raises(KeyError, match="the reader's own"):
        train_vocabulary(failing(), 100)
    with pytest.raises(DataError, match="lone surrogate"):
        train_vocabulary([*texts, "\ud800"], 100)


CHINESE = ["今天", "天气", "我们", "公园", "散步", "北京", "大学", "火车", "新闻", "比赛", "星期", "咖啡"]


def test_any_script_fills_a_vocabulary_and_its_rarest_characters_may_be_left_out():
    choose = random.Random(3)
    texts = ["".join(choose.choices(CHINESE, k=6)) + "。" for _ in range(300)] + ["龘靐齉"]
    whole = SentencePieceTokenizer(train_vocabulary(texts, 200, at_most=True))
    assert whole.unk_id not in [number for text in texts for number in whole.encode(text).ids]
    assert set(CHINESE) & set(whole.encode("".join(CHINESE)).pieces)
    most = SentencePieceTokenizer(train_vocabulary(texts, 200, at_most=True, character_coverage=0.995))
    assert most.unk_id in most.encode("龘靐齉").ids
    assert most.unk_id not in most.encode("".join(CHINESE)).ids
    with pytest.raises(ConfigError, match=r"character_coverage must be from 0\.98 to 1; received 0\.9$"):
        train_vocabulary(texts, 200, character_coverage=0.9)


# === Files ===


@pytest.fixture
def inputs(tmp_path, texts):
    half = len(texts) // 2
    (tmp_path / "a.txt").write_text("\n\n".join(texts[:half]) + "\n\n", encoding="utf-8")
    rows = [json.dumps({"first": text, "text_pair": text}) for text in texts[half:]]
    (tmp_path / "b.jsonl").write_text("\n".join(rows), encoding="utf-8")
    return [tmp_path / "a.txt", tmp_path / "b.jsonl"]


def test_files_become_a_vocabulary(inputs, texts, tmp_path):
    out = tmp_path / "spiece.model"
    made = albert_edge.vocab(inputs, out, size=400, columns=Columns(text="first"))
    half = len(texts) // 2
    pairs = [text for text in texts[half:] for _ in ("text", "text_pair")]
    assert out.read_bytes() == train_vocabulary(texts[:half] + pairs, 400)
    assert made == {
        "out": str(out),
        "size": 400,
        "bytes": out.stat().st_size,
        "lower_case": True,
        "keep_accents": False,
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.jsonl", "spiece.model"]


def test_other_options_are_kept_beside_the_vocabulary(inputs, tmp_path):
    config = tmp_path / "tokenizer_config.json"
    albert_edge.vocab(inputs[0], tmp_path / "a.model", size=400, lower_case=False)
    assert open_tokenizer(tmp_path / "a.model").options == TokenizerOptions(lower_case=False)
    # The same options may be shared; others must not change the meaning of the first vocabulary unasked.
    albert_edge.vocab(inputs[0], tmp_path / "b.model", size=300, lower_case=False)
    with pytest.raises(AlbertEdgeError, match=r"--overwrite.*tokenizer_config.json"):
        albert_edge.vocab(inputs[0], tmp_path / "c.model", size=300)
    assert not (tmp_path / "c.model").exists()
    config.write_text(json.dumps({**json.loads(config.read_text()), "model_max_length": 128}))
    albert_edge.vocab(inputs[0], tmp_path / "a.model", size=400, overwrite=True)
    assert json.loads(config.read_text()) == {**TokenizerOptions().to_dict(), "model_max_length": 128}


def test_nothing_is_written_when_something_is_wrong(inputs, tmp_path):
    before = sorted(tmp_path.iterdir())
    out = tmp_path / "spiece.model"
    for arguments in ({"size": 10**6}, {"inputs": tmp_path / "none.txt"}, {"columns": Columns(text="none")}):
        with pytest.raises(AlbertEdgeError):
            albert_edge.vocab(**{"inputs": inputs, "out": out, "size": 300, "lower_case": False, **arguments})
    assert sorted(tmp_path.iterdir()) == before
    out.write_bytes(b"mine")
    with pytest.raises(AlbertEdgeError, match="must not exist unless --overwrite"):
        albert_edge.vocab(inputs, out)
    assert out.read_bytes() == b"mine"

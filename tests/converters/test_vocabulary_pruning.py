"""A folder of fewer pieces answers as before, bit for bit; what doesn't is found."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import albert_edge
from albert_edge.cli import cli
from albert_edge.config import AlbertConfig
from albert_edge.errors import AlbertEdgeError, CheckFailedError, ConfigError, DataError
from albert_edge.model.checkpoint import read_tensors
from albert_edge.text.packing import pack
from albert_edge.text.tokenizer import read_tokenizer
from converters import vocabulary

TEXTS = ["oil prices rise", "In 1999, the team won 3 of 10,000 games", "the striker scored twice", "café – twice"]


@pytest.fixture
def texts_file(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n\n".join(TEXTS) + "\n", encoding="utf-8")
    return path


def outputs_of(folder, texts):
    from albert_edge.model.predictor import KerasPredictor

    predictor = KerasPredictor(folder)
    return predictor.outputs([pack(predictor.tokenizer, text) for text in texts])


@pytest.mark.slow
def test_logits_of_kept_texts_are_equal_bit_for_bit(golden_folder, texts_file, tmp_path):
    report = albert_edge.prune_vocab(golden_folder, tmp_path / "out", texts_file)
    assert report["texts"] == report["texts_kept"] == len(TEXTS)
    assert report["pieces"]["before"] == 1000
    after = report["pieces"]["after"]
    assert report["table_share"] == after / 1000 < 0.2
    # 16 float32 values a piece; nothing else in the weights has a row a piece.
    assert report["table_bytes"] == {"before": 1000 * 64, "after": after * 64}
    assert report["weights_bytes"]["before"] - report["weights_bytes"]["after"] == (1000 - after) * 64
    for before, now in zip(outputs_of(golden_folder, TEXTS), outputs_of(tmp_path / "out", TEXTS)):
        assert np.array_equal(before["logits"], now["logits"])
    albert_edge.convert(tmp_path / "out", tmp_path / "out.tflite", scheme="float32")
    with albert_edge.load(tmp_path / "out.tflite") as predictor:
        found = [predictor.predict(text).scores for text in TEXTS]
    albert_edge.convert(golden_folder, tmp_path / "before.tflite", scheme="float32")
    with albert_edge.load(tmp_path / "before.tflite") as predictor:
        for text, scores in zip(TEXTS, found):
            # The same products in the same order; a runtime may share them out among kernels by size.
            assert predictor.predict(text).scores == pytest.approx(scores, abs=1e-6)


def test_word_predictions_shrink_with_the_table(golden, texts_file, tmp_path):
    folder = golden / "base_like" / "masked_lm"
    albert_edge.prune_vocab(folder, tmp_path / "out", texts_file)
    before, after = read_tensors(folder), read_tensors(tmp_path / "out")
    old, new = read_tokenizer(folder), read_tokenizer(tmp_path / "out")
    id_of = {old.id_to_piece(number): number for number in range(old.vocab_size)}
    ids = [id_of[new.id_to_piece(number)] for number in range(new.vocab_size)]
    for name in ("albert.embeddings.word_embeddings.weight", "predictions.bias"):
        assert np.array_equal(after[name], before[name][ids])
    others = set(after) - {"albert.embeddings.word_embeddings.weight", "predictions.bias"}
    assert all(np.array_equal(after[name], before[name]) for name in others)
    assert new.encode_masked("the [MASK] scored").ids.count(new.mask_id) == 1


def test_a_folder_keeps_its_class_and_all_that_it_has(golden, texts_file, tmp_path):
    folder = golden / "base_like" / "pretraining"
    albert_edge.prune_vocab(folder, tmp_path / "out", texts_file)
    assert AlbertConfig.load(tmp_path / "out").architectures == ("AlbertForPreTraining",)
    assert set(read_tensors(tmp_path / "out")) >= {"predictions.bias", "sop_classifier.classifier.weight"}


def test_ids_in_the_configuration_follow_their_pieces(golden_folder, texts_file, tmp_path):
    folder = copied(
        golden_folder, tmp_path / "model", pad_token_id=0, bos_token_id=700, mask_token_id=4, eos_token_id=3
    )
    albert_edge.prune_vocab(folder, tmp_path / "out", texts_file)
    config = json.loads((tmp_path / "out" / "config.json").read_text(encoding="utf-8"))
    old, new = read_tokenizer(folder), read_tokenizer(tmp_path / "out")
    assert config["vocab_size"] == new.vocab_size
    assert new.id_to_piece(config["bos_token_id"]) == old.id_to_piece(700)
    assert (config["pad_token_id"], config["eos_token_id"], config["mask_token_id"]) == (0, 3, 4)


def test_the_record_of_the_training_tells_it(golden_folder, texts_file, tmp_path):
    folder = copied(golden_folder, tmp_path / "model")
    (folder / "training.json").write_text('{"task": "text-classification"}', encoding="utf-8")
    report = albert_edge.prune_vocab(folder, tmp_path / "out", texts_file)
    record = json.loads((tmp_path / "out" / "training.json").read_text(encoding="utf-8"))
    assert record["task"] == "text-classification"
    assert record["vocabulary_pruning"]["pieces"] == report["pieces"]


# === What is read ===


def test_rare_pieces_may_go_and_texts_with_them_are_counted(golden_folder, tmp_path):
    rows = ["text\tlabel", *["oil prices rise\ta"] * 3, "zebra crossing\tb"]
    (tmp_path / "train.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "dev.tsv").write_text("text\tlabel\nprices rise\ta\nquite other words\tb\n", encoding="utf-8")
    arguments = [tmp_path / "train.tsv"]
    report = albert_edge.prune_vocab(golden_folder, tmp_path / "out", arguments, min_count=2, data=tmp_path / "dev.tsv")
    assert (report["texts"], report["texts_kept"]) == (4, 3)
    assert report["data"] == {"path": str(tmp_path / "dev.tsv"), "texts": 2, "within": 1}


def test_each_kind_of_data_file_gives_its_texts(golden, golden_folder, tmp_path):
    (tmp_path / "a.conll").write_text("Oil\tO\nrises\tO\n\nZebra\tB-x\n", encoding="utf-8")
    report = albert_edge.prune_vocab(
        golden / "base_like" / "token_classification", tmp_path / "tag", tmp_path / "a.conll"
    )
    assert report["texts"] == 2
    lines = [{"question": f"Who {word}?", "passage": "He did.", "answers": []} for word in ("won", "lost")]
    (tmp_path / "b.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    folder = golden / "base_like" / "question_answering"
    assert albert_edge.prune_vocab(folder, tmp_path / "qa", [tmp_path / "b.jsonl"])["texts"] == 3
    (tmp_path / "c.tsv").write_text("text\ttext_pair\noil\tprices\n", encoding="utf-8")
    (tmp_path / "d.txt").write_text("the team\n", encoding="utf-8")
    files = [tmp_path / "c.tsv", tmp_path / "d.txt"]
    assert albert_edge.prune_vocab(golden_folder, tmp_path / "out", files)["texts"] == 3


def test_the_command_prints_what_the_function_returns(golden_folder, texts_file, tmp_path):
    arguments = ["prune-vocab", str(golden_folder), "--keep-from", str(texts_file), "--out", str(tmp_path / "out")]
    shown = CliRunner().invoke(cli, [*arguments, "--json"])
    assert shown.exit_code == 0, shown.output
    report = json.loads(shown.stdout)
    assert set(report) == {"schema_version", "out", "texts", "texts_kept", "min_count", "pieces", "table_share"} | {
        *("table_bytes", "weights_bytes", "data")
    }
    again = CliRunner().invoke(cli, [*arguments, "--overwrite", "--data", str(texts_file)])
    assert f"{report['pieces']['after']}" in again.stdout
    assert "all pieces survive of 4 of 4 texts" in again.stdout


# === What is refused ===


def test_a_piece_that_is_lost_is_noticed(golden_folder, texts_file, tmp_path, monkeypatch):
    needed = max(read_tokenizer(golden_folder).encode(TEXTS[0]).ids)
    monkeypatch.setattr(vocabulary, "reduced", lambda tokenizer, kept: REDUCED(tokenizer, set(kept) - {needed}))
    with pytest.raises(CheckFailedError, match="must be cut as before, '▁"):
        albert_edge.prune_vocab(golden_folder, tmp_path / "out", texts_file)
    assert not (tmp_path / "out").exists()


REDUCED = vocabulary.reduced


def test_bad_use_is_refused(golden_folder, texts_file, tmp_path):
    with pytest.raises(ConfigError, match="min_count must be at least 1; received 0"):
        albert_edge.prune_vocab(golden_folder, tmp_path / "out", texts_file, min_count=0)
    with pytest.raises(ConfigError, match="at least one file; received none"):
        albert_edge.prune_vocab(golden_folder, tmp_path / "out", [])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(AlbertEdgeError, match="--overwrite"):
        albert_edge.prune_vocab(golden_folder, tmp_path / "out", texts_file)


def test_a_file_without_texts_is_refused(golden_folder, texts_file, tmp_path):
    """It would leave the special pieces alone, and every text unknown."""
    (tmp_path / "empty.txt").write_text("\n\n", encoding="utf-8")
    (tmp_path / "empty.tsv").write_text("text\tlabel\n", encoding="utf-8")
    for paths, data, name in (
        ([texts_file, tmp_path / "empty.txt"], None, "empty.txt"),
        (tmp_path / "empty.tsv", None, "empty.tsv"),
        (texts_file, tmp_path / "empty.txt", "empty.txt"),
    ):
        with pytest.raises(DataError, match=rf"{name}: .*received none"):
            albert_edge.prune_vocab(golden_folder, tmp_path / "out", paths, data=data)
    assert not (tmp_path / "out").exists()


def test_a_column_of_no_file_is_refused(golden_folder, texts_file, tmp_path):
    arguments = ["prune-vocab", str(golden_folder), "--keep-from", str(texts_file), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(cli, [*arguments, "--data-text-column", "sentence"])
    assert result.exit_code == 2
    assert "--data-text-column belongs to --data; received 'sentence' alone" in result.stderr


def copied(source, target, **changes):
    """A copy of the folder `source`, with other values in its config.json."""
    target.mkdir()
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    values = {**json.loads((target / "config.json").read_text(encoding="utf-8")), **changes}
    (target / "config.json").write_text(json.dumps(values), encoding="utf-8")
    return target

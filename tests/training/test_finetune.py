"""`train` from files to a folder: what it writes, where it starts, what it refuses."""

import json
import shutil

import numpy as np
import pytest

from albert_edge.errors import AlbertEdgeError, CheckFailedError, ConfigError, DataError, FolderError
from albert_edge.model.checkpoint import read_tensors, tensors_to_bytes
from albert_edge.model.folder import read_checkpoint
from albert_edge.text.packing import pack
from albert_edge.text.tables import Columns, read_examples
from albert_edge.training.finetune import train
from albert_edge.training.snapshot import partial_path

pytestmark = pytest.mark.slow

TASK = "text-classification"
SMALL = {"vocab_size": 120, "epochs": 1, "batch_size": 16}


def trained(separable, out, **arguments):
    return train(TASK, separable / "train.tsv", separable / "dev.tsv", out, **{**SMALL, **arguments})


@pytest.fixture
def report(trained_folder):
    return json.loads((trained_folder / "training.json").read_text(encoding="utf-8"))


# === What it writes ===


def test_it_learns(report):
    assert report["dev"]["accuracy"] >= 0.9
    assert report["history"][0]["train_loss"] > 2 * report["history"][-1]["train_loss"]


def test_the_report_is_about_the_weights_in_the_folder(trained_folder, separable, report):
    """Scored once more, from the files alone."""
    from albert_edge.model.predictor import KerasPredictor

    predictor = KerasPredictor(trained_folder)
    examples = read_examples(separable / "dev.tsv")
    logits = predictor.logits([pack(predictor.tokenizer, example.text) for example in examples])
    answers = [predictor.config.labels[index] for index in logits.argmax(axis=1)]
    right = [example.label == answer for example, answer in zip(examples, answers)]
    assert report["dev"]["accuracy"] == pytest.approx(np.mean(right))


def test_the_best_epoch_is_the_one_reported(report):
    best = report["history"][report["best_epoch"] - 1]
    assert best["accuracy"] == max(record["accuracy"] for record in report["history"])
    assert report["dev"]["accuracy"] == best["accuracy"]
    assert report["dev"]["loss"] == pytest.approx(best["loss"], abs=1e-6)


def test_the_report_says_what_was_done(report, separable, trained_folder):
    assert report["labels"] == ["food", "sport", "weather"]
    assert report["train"]["examples"] == sum(report["train"]["per_label"].values()) == 240
    assert report["dev"]["examples"] == 60
    assert report["vocabulary_size"] <= 120
    assert report["train"]["padding_share"] < 0.1
    assert report["request"]["train"] == str(separable / "train.tsv")
    assert report["request"]["learning_rate"] == 2e-3
    assert set(report["environment"]) > {"tensorflow", "tf-keras", "numpy", "python", "threads"}
    assert report["parameters"] == sum(values.size for values in read_checkpoint(trained_folder).tensors.values())


def test_nothing_is_left_beside_the_folder(trained_folder):
    assert [path.name for path in trained_folder.parent.iterdir()] == [trained_folder.name]


def test_one_seed_one_model(separable, tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        trained(separable, tmp_path / name, size="tiny", seed=seed)
    a, b, c = (read_checkpoint(tmp_path / name).tensors for name in "abc")
    assert all(np.array_equal(a[name], b[name]) for name in a)
    assert not any(np.array_equal(a[name], c[name]) for name in a if name.endswith("word_embeddings.weight"))


def test_pairs_without_a_header(separable, tmp_path):
    """Second texts decide; the columns are given by position."""
    for name in ("train", "dev"):
        rows = read_examples(separable / f"{name}.tsv")
        lines = [f"{row.label}\tthe\t{row.text}" for row in rows]
        (tmp_path / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    columns = Columns(text=1, text_pair=2, label=0)
    report = train(
        TASK,
        tmp_path / "train.tsv",
        tmp_path / "dev.tsv",
        tmp_path / "out",
        size="tiny",
        columns=columns,
        **{**SMALL, "epochs": 6, "learning_rate": 2e-3},
    )
    assert report["dev"]["accuracy"] >= 0.9
    assert report["request"]["columns"].items() >= {"text": 1, "text_pair": 2, "label": 0}.items()


# === Where it starts ===


def test_a_checkpoint_with_these_labels_goes_on_with_its_head(trained_folder, separable, tmp_path):
    report = trained(separable, tmp_path / "out", from_=trained_folder, vocab_size=None, learning_rate=1e-5)
    assert report["new_head"] == []
    assert report["dev"]["accuracy"] >= 0.9
    assert report["request"]["from_ model.safetensors"]
    assert (tmp_path / "out" / "spiece.model").read_bytes() == (trained_folder / "spiece.model").read_bytes()


def test_other_labels_get_a_new_head(golden, separable, tmp_path):
    checkpoint = golden / "base_like" / "sequence_classification"
    report = trained(separable, tmp_path / "out", from_=checkpoint, vocab_size=None)
    assert report["new_head"] == ["classifier.weight", "classifier.bias"]
    assert report["request"]["max_length"] is None
    saved = read_checkpoint(tmp_path / "out")
    assert saved.config.max_position_embeddings == 64
    assert saved.config.labels == ("food", "sport", "weather")
    assert saved.tensors["classifier.weight"].shape[0] == 3


def test_a_given_vocabulary_is_used_as_it_is(golden, separable, tmp_path):
    vocab = golden / "base_like" / "sequence_classification" / "spiece.model"
    report = trained(separable, tmp_path / "out", size="tiny", layers=1, vocab=vocab, vocab_size=None)
    assert report["vocabulary_size"] == 1000
    assert (tmp_path / "out" / "spiece.model").read_bytes() == vocab.read_bytes()
    assert read_checkpoint(tmp_path / "out").config.num_hidden_layers == 1


def test_a_cased_vocabulary_is_remembered(separable, tmp_path):
    trained(separable, tmp_path / "out", size="tiny", layers=1, lower_case=False)
    assert not read_checkpoint(tmp_path / "out").tokenizer.options.lower_case


# === What it refuses ===


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({}, r"size \(--size\) or a checkpoint \(--from\); received neither"),
        ({"size": "tiny", "from_": "folder"}, "received both"),
        ({"size": "huge"}, "size must be one of tiny, .*; received 'huge'"),
        ({"from_": "folder", "layers": 3}, "layers and vocabulary must be the checkpoint's own"),
        ({"from_": "no/folder", "vocab_size": None}, "a model must be a folder .*; received 'no/folder'"),
        ({"size": "tiny", "vocab": "spiece.model"}, "chosen where one is trained; received --vocab or --teacher too"),
        ({"size": "tiny", "vocab": "no.model", "vocab_size": None}, "no.model"),
        (
            {"size": "tiny", "vocab_size": 10},
            "a vocabulary must hold each character of the texts.*received the size 10",
        ),
        ({"size": "tiny", "max_length": 513}, "max_length must be at most the model's 512 positions; received 513"),
        ({"size": "tiny", "epoch": 3}, "did you mean 'epochs'"),
        ({"size": "tiny", "checkpoint_every": 0}, "checkpoint_every must be a positive integer; received 0"),
    ],
)
def test_bad_use_is_refused(separable, tmp_path, arguments, rule):
    with pytest.raises(AlbertEdgeError, match=rule) as caught:
        trained(separable, tmp_path / "out", **arguments)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_another_task_is_refused(separable, tmp_path):
    with pytest.raises(
        ConfigError, match=r"task must be one of text-classification \(classify\), .*; received 'summarization'"
    ):
        train("summarization", separable / "train.tsv", separable / "dev.tsv", tmp_path / "out", size="tiny")


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        (["text\tlabel", "rain\tweather", "a goal\tsnow"], r"dev\.tsv:3: a label must be one of .*; received 'snow'"),
        (["text\tlabel", "rain\tweather", "a goal"], r"dev\.tsv:3: a row must have 2 columns; received 1"),
        (["text\ttext_pair\tlabel", "rain\tcloud\tweather"], "must hold pairs, or both single texts; .*dev"),
        ([], r"dev\.tsv"),
    ],
)
def test_bad_rows_stop_with_their_line(separable, tmp_path, rows, rule):
    (tmp_path / "dev.tsv").write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    with pytest.raises(DataError, match=rule):
        train(TASK, separable / "train.tsv", tmp_path / "dev.tsv", tmp_path / "out", size="tiny")


def test_pairs_need_a_model_with_two_segments(golden, separable, tmp_path):
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(golden / "base_like" / "sequence_classification", checkpoint)
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    (checkpoint / "config.json").write_text(json.dumps({**config, "type_vocab_size": 1}), encoding="utf-8")
    tensors = read_tensors(checkpoint)
    name = "albert.embeddings.token_type_embeddings.weight"
    (checkpoint / "model.safetensors").write_bytes(tensors_to_bytes({**tensors, name: tensors[name][:1]}))
    rows = "text\ttext_pair\tlabel\na\tb\tx\nc\td\ty\n"
    (tmp_path / "pairs.tsv").write_text(rows, encoding="utf-8")
    with pytest.raises(ConfigError, match="a model of pairs must have type_vocab_size 2; received 1"):
        train(TASK, tmp_path / "pairs.tsv", tmp_path / "pairs.tsv", tmp_path / "out", from_=checkpoint)


def test_a_finished_folder_is_replaced_only_if_asked(trained_folder, separable, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(trained_folder, out)
    with pytest.raises(FolderError, match="must not exist unless --overwrite is given"):
        trained(separable, out, size="tiny")
    assert trained(separable, out, size="tiny", layers=1, overwrite=True)["request"]["layers"] == 1
    assert read_checkpoint(out).config.num_hidden_layers == 1
    assert json.loads((out / "training.json").read_text(encoding="utf-8"))["request"]["epochs"] == SMALL["epochs"]


def test_an_unwritable_output_is_refused_before_the_training(separable, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FolderError, match="the output must be a folder; received the file"):
        trained(separable, tmp_path / "file", size="tiny")


def test_a_loss_that_is_no_number_ends_the_training(separable, tmp_path):
    with pytest.raises(CheckFailedError, match=r"must stay a finite number .* received (nan|inf) in step \d+"):
        trained(separable, tmp_path / "out", size="tiny", learning_rate=1e38, warmup=0.0)
    assert not (tmp_path / "out").exists()
    # What was stored before the first step could not end otherwise: another learning rate needs --restart.
    with pytest.raises(AlbertEdgeError, match=r"\(--restart starts over\); received learning_rate"):
        trained(separable, tmp_path / "out", size="tiny")
    assert partial_path(tmp_path / "out").exists()

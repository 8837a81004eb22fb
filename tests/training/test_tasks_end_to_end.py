"""Every task from small files to a folder: it learns, the folder says what was learnt, and it is right about dev."""

import json
import shutil

import numpy as np
import pytest
from small_sets import write_sets

from albert_edge.model.folder import read_checkpoint
from albert_edge.training.finetune import train

pytestmark = pytest.mark.slow

SMALL = {"size": "tiny", "layers": 1, "vocab_size": 150, "batch_size": 16, "learning_rate": 2e-3, "word_dropout": 0.0}

# Kind -> task, settings, the score that is to be reached and how high it must be: far above what chance reaches.
TASKS = {
    "multi_label": ("classify", {"problem_type": "multi_label_classification", "epochs": 8}, "micro_f1", 0.8),
    "regression": ("classify", {"problem_type": "regression", "epochs": 10, "metric": "mse"}, "pearson", 0.8),
    "tagging": ("tag", {"epochs": 8}, "f1", 0.7),
    "answering": ("answer", {"epochs": 10}, "f1", 70),
    "ranking": ("embed", {"epochs": 3}, "recall_at_10", 0.5),
    "cosine": ("embed", {"pair_objective": "cosine", "epochs": 3}, "spearman", 0.8),
    "filling": ("fill", {"epochs": 6}, "accuracy_at_5", 0.9),
    "order": ("order", {"epochs": 6}, "accuracy", 0.95),
}


@pytest.fixture(scope="module", params=TASKS)
def trained(request, tmp_path_factory):
    """The kind, dev, the folder and its report."""
    folder = tmp_path_factory.mktemp(request.param)
    task, settings, _, _ = TASKS[request.param]
    files = write_sets(folder, request.param)
    report = train(task, *files, folder / "model", **{**SMALL, **settings})
    return request.param, files[1], folder / "model", report


def test_it_learns(trained):
    kind, _, _, report = trained
    _, _, name, least = TASKS[kind]
    assert report["dev"][name] >= least
    assert report["history"][0]["train_loss"] > report["history"][-1]["train_loss"]


def test_the_folder_reaches_what_the_report_says(trained):
    """Scored once more by `evaluate`, which reads the folder and dev for itself."""
    import albert_edge

    _, dev, folder, report = trained
    found = albert_edge.evaluate(folder, dev)
    for name in report["scores"]:
        assert found[name] == pytest.approx(report["dev"][name], abs=1e-6), name
    assert json.loads((folder / "training.json").read_text(encoding="utf-8")) == report


def test_the_folder_says_what_it_is(trained):
    from albert_edge.model.tensors import task_of_folder

    kind, _, folder, report = trained
    config = read_checkpoint(folder).config
    assert task_of_folder(config) == report["task"]
    assert config.settings.max_length == (384 if kind == "answering" else 128)
    expected = {
        "multi_label": ("food", "sport", "weather"),
        "regression": ("value",),
        "tagging": ("O", "B-person", "I-person", "B-place", "I-place"),
        "order": ("in_order", "swapped"),
    }
    assert tuple(report["labels"]) == expected.get(kind, ())
    assert not report["labels"] or config.labels == tuple(report["labels"])
    assert (config.settings.no_answer_threshold is not None) == (kind == "answering")


def test_it_goes_on_and_says_what_it_forgot(trained, tmp_path):
    """With old data among the new ones, of which a tagger's have another type."""
    import albert_edge

    kind, dev, folder, before = trained
    task, settings, _, _ = TASKS[kind]
    files = write_sets(tmp_path, kind, rows=(48, 24))
    old = tmp_path / f"old{files[0].suffix}"
    shutil.copyfile(files[0], old)
    if kind == "tagging":
        for path in files:
            path.write_text(path.read_text(encoding="utf-8").replace("-place", "-city"), encoding="utf-8")
    more = {"replay": old, "replay_share": 0.25, "old_dev": dev, **settings, "epochs": 1}
    report = train(task, *files, tmp_path / "new", from_=folder, **more)
    assert report["train"]["replay"]["inputs_an_epoch"] > 0
    found = {"before": before["dev"], "after": albert_edge.evaluate(tmp_path / "new", dev)}
    for side, scores in found.items():
        for name in before["scores"]:
            assert scores[name] == pytest.approx(report["forgotten"][side][name], abs=1e-6), (side, name)
    new_labels = ["B-city", "I-city"] if kind == "tagging" else []
    assert report["forgotten"]["new_labels"] == new_labels
    assert report["labels"] == [*before["labels"], *new_labels]
    if kind == "tagging":
        assert set(report["forgotten"]["change"]["per_type"]) <= {"person", "place", "city"}


def test_a_regression_gives_the_numbers_themselves(tmp_path):
    """From 1,000 to 1,400: a model of standardised targets would be near 0."""
    import albert_edge

    files = write_sets(tmp_path, "regression")
    settings = {**SMALL, "problem_type": "regression", "metric": "mse", "epochs": 10}
    report = train("classify", *files, tmp_path / "model", **settings)
    assert report["train"]["mean"] == pytest.approx(1200, abs=30)
    assert report["dev"]["mse"] < 0.3 * report["train"]["standard_deviation"] ** 2
    # Its head goes on from where it was.
    more = {"from_": tmp_path / "model", "problem_type": "regression", "epochs": 1, "learning_rate": 1e-6}
    again = train("classify", *files, tmp_path / "again", **more)
    assert again["new_head"] == []
    assert again["dev"]["mse"] == pytest.approx(report["dev"]["mse"], rel=0.02)
    assert albert_edge.evaluate(tmp_path / "again", files[1])["mse"] == pytest.approx(again["dev"]["mse"], rel=1e-5)


def test_nsp_has_labels_of_its_own(tmp_path):
    files = write_sets(tmp_path, "order", rows=(40, 20))
    report = train("order", *files, tmp_path / "model", **SMALL, pair_objective="nsp", epochs=1)
    assert report["labels"] == ["next", "random"]
    assert read_checkpoint(tmp_path / "model").task == "sentence-order"


def test_chinese_with_either_kind_of_vocabulary(golden, tmp_path):
    """Nothing asks for words: a vocabulary trained on headlines, and a WordPiece one that is given."""
    lines = ["text\tlabel"]
    for number in range(40):
        topic, words = ("财经", "股市上涨") if number % 2 else ("体育", "球队夺冠")
        lines.append(f"{words}第{number}天\t{topic}")
    data = tmp_path / "data.tsv"
    data.write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = {"size": "tiny", "layers": 1, "epochs": 6, "batch_size": 8, "learning_rate": 2e-3}
    for name, vocab in (("spiece.model", None), ("vocab.txt", golden / "wordpiece" / "vocab.txt")):
        report = train("classify", data, data, tmp_path / name, vocab=vocab, **settings)
        assert report["dev"]["accuracy"] == 1.0
        found = read_checkpoint(tmp_path / name)
        assert (found.tokenizer.file_name, found.config.pad_token_id) == (name, found.tokenizer.pad_id)
        again = train("classify", data, data, tmp_path / f"more-{name}", from_=tmp_path / name, epochs=1)
        assert again["new_head"] == []


def test_other_heads_share_a_frozen_trunk(tmp_path):
    """A tagger, then a classifier, an order model and a tagger of other labels on its encoder, bit for bit."""
    trunk = tmp_path / "trunk"
    train("tag", *write_sets(tmp_path, "tagging", rows=(40, 20)), trunk, **SMALL, epochs=1)
    encoder = {name: values for name, values in read_checkpoint(trunk).tensors.items() if name.startswith("albert.")}
    assert not any("pooler" in name for name in encoder)
    kinds = {"multi_label": "classify", "order": "order", "filling": "fill", "answering": "answer"}
    for kind, task in kinds.items():
        settings = {"problem_type": "multi_label_classification"} if kind == "multi_label" else {}
        files = write_sets(tmp_path, kind, rows=(40, 20))
        report = train(task, *files, tmp_path / kind, from_=trunk, freeze_encoder=True, epochs=1, **settings)
        found = read_checkpoint(tmp_path / kind)
        assert [name for name in encoder if not np.array_equal(encoder[name], found.tensors[name])] == [], kind
        start = {name for name in report["new_head"] if name.endswith("weight") and "LayerNorm" not in name}
        assert start
        assert found.config.settings.stride is None


def test_freezing_leaves_a_pooler_that_the_checkpoint_has(trained_folder, tmp_path):
    files = write_sets(tmp_path, "order", rows=(40, 20))
    train("order", *files, tmp_path / "model", from_=trained_folder, freeze_encoder=True, epochs=1)
    before, after = read_checkpoint(trained_folder).tensors, read_checkpoint(tmp_path / "model").tensors
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == {"classifier.weight", "classifier.bias"}

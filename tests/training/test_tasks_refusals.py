"""What each task can't learn from is said before anything is trained, with file and line."""

import importlib.util
import json

import pytest
from small_sets import write_sets

from albert_edge.errors import ConfigError, DataError, MissingPackageError
from albert_edge.training import preparation
from albert_edge.training.finetune import train


def refused(tmp_path, task, train_text, dev_text, suffix, error=DataError, **settings):
    """The message, after which nothing lies beside the files."""
    files = []
    for name, text in (("train", train_text), ("dev", dev_text)):
        files.append(tmp_path / f"{name}{suffix}")
        files[-1].write_text(text, encoding="utf-8")
    with pytest.raises(error) as caught:
        train(task, *files, tmp_path / "out", size="tiny", **settings)
    assert len(list(tmp_path.iterdir())) == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


PAIRS = "text\ttext_pair\tlabel\na b\tc d\t1\ne f\tg h\t2\n"
TAGS = "Anna B-person\nsleeps O\n"


@pytest.mark.parametrize(
    ("task", "suffix", "train_text", "dev_text", "settings", "rule"),
    [
        (
            "classify",
            ".tsv",
            "text\tlabel\na\t1\nb\t2\n",
            "text\tlabel\na\t1\nb\ttwo\n",
            {"problem_type": "regression"},
            "dev.tsv:3: a label must be a finite number; received 'two'",
        ),
        (
            "classify",
            ".tsv",
            "text\tlabel\na\t1\nb\t1.0\n",
            "text\tlabel\na\t1\n",
            {"problem_type": "regression"},
            "train.tsv: the training texts must have different values; received 1.0",
        ),
        (
            "classify",
            ".tsv",
            "text\tlabel\na\tx|y\nb\t\n",
            "text\tlabel\na\t\nb\tx|z\n",
            {"problem_type": "multi_label_classification"},
            "dev.tsv:3: a label must be one of the training texts' (x, y); received 'z'",
        ),
        ("tag", ".conll", TAGS, TAGS + "\nRome B-place\n", {}, "dev.conll:4: a tag must be one of"),
        ("tag", ".conll", "sleeps O\n", TAGS, {}, "train.conll: the training texts must have entities; received none"),
        ("tag", ".conll", TAGS, "Anna B-person\nsleeps\n", {}, "dev.conll:2: a word must have a token and a tag"),
        ("answer", ".json", "{}", "{}", {}, "train.json: the key 'data' must exist"),
        ("embed", ".tsv", "text\na\nb\n", "text\na\n", {}, "embeddings must be learnt from pairs"),
        (
            "embed",
            ".tsv",
            PAIRS,
            PAIRS + "i\tj\tnear\n",
            {"pair_objective": "cosine"},
            "dev.tsv:4: a label must be a finite number; received 'near'",
        ),
        ("fill", ".txt", " \n\n", "a\n", {}, "train.txt: a data file must have lines with text; received none"),
        ("order", ".txt", "a\n\nb\n", "a\nb\n", {}, "train.txt: a document must have two paragraphs"),
        ("order", ".tsv", PAIRS, PAIRS, {}, "train.tsv:2: a label must be one of the two, in_order, swapped"),
        ("order", ".tsv", "text\tlabel\na\tswapped\n", PAIRS, {}, "order must be learnt from pairs"),
    ],
)
def test_bad_data_stops_with_file_and_line(tmp_path, task, suffix, train_text, dev_text, settings, rule):
    assert rule in refused(tmp_path, task, train_text, dev_text, suffix, **settings)


@pytest.mark.parametrize(
    ("task", "suffix", "train_text", "dev_text", "line"),
    [
        ("order", ".txt", "first\nsecond one\n\nthird\nfourth one\n", "a\n\u0301\n", 1),
        ("classify", ".tsv", "text\tlabel\none\ta\ntwo\tb\n", "text\tlabel\none\ta\n\u0301\tb\n", 3),
        ("embed", ".tsv", "text\ttext_pair\none\ttwo\n", "text\ttext_pair\none\t\u0301\n", 2),
    ],
)
def test_a_dev_text_without_a_piece_is_named(tmp_path, task, suffix, train_text, dev_text, line):
    """The score asks the pipeline, which can't answer for nothing: it is looked for before the first step."""
    message = refused(tmp_path, task, train_text, dev_text, suffix)
    assert message.startswith(f"{tmp_path / f'dev{suffix}'}:{line}: a text must have a piece left")


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"freeze_encoder": True}, "freeze_encoder must be false without --from"),
        ({"problem_type": "regression"}, "a setting of fill-mask must be one of"),
        ({"max_length": 3}, "max_length must be an integer of at least 4; received 3"),
    ],
)
def test_bad_settings_are_refused(tmp_path, settings, rule):
    assert rule in refused(tmp_path, "fill", "a\n", "a\n", ".txt", error=ConfigError, **settings)


def test_a_task_without_a_head_has_nothing_but_its_encoder_to_learn(golden_folder, tmp_path):
    files = write_sets(tmp_path, "ranking", rows=(4, 4))
    with pytest.raises(ConfigError, match="freeze_encoder must be false for feature-extraction, which has no head"):
        train("embed", *files, tmp_path / "out", from_=golden_folder, freeze_encoder=True)


def test_what_the_training_needs_is_looked_for_before_a_vocabulary_is_trained(tmp_path, monkeypatch):
    """On a machine without TensorFlow the vocabulary would otherwise take minutes first."""
    files = write_sets(tmp_path, "filling", rows=(4, 4))
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tensorflow" else found(name))
    monkeypatch.setattr(preparation, "make_start", lambda *_: pytest.fail("a vocabulary was trained"))
    with pytest.raises(MissingPackageError, match=r"pip install 'albert-edge\[host\]'.*received no 'tensorflow'"):
        train("fill", *files, tmp_path / "out", size="tiny")


def test_questions_and_answers_are_checked_where_they_stand(tmp_path):
    paths = write_sets(tmp_path, "answering", rows=(4, 4))
    values = json.loads(paths[1].read_text(encoding="utf-8"))
    qa = next(p["qas"][0] for p in values["data"][0]["paragraphs"] if p["qas"][0]["answers"])
    qa["answers"][0]["answer_start"] += 1
    paths[1].write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(DataError, match=rf"answering-dev\.json: data\[0\].*\({qa['id']}\): an answer must stand"):
        train("answer", *paths, tmp_path / "out", size="tiny")

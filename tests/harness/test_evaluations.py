"""Each task on a data file, by a model whose answers can be worked out by hand, and its predictions scored again."""

import json

import numpy as np
import pytest
import scripted
from scripted import report_of, runner, scored, written

from albert_edge.errors import CheckFailedError, ConfigError, DataError

# === text-classification ===


def test_single_labels(tmp_path):
    path = written(tmp_path / "data.tsv", "text\tlabel\nabel sits\tx\nbora sits\ty\nanna\ty\nbert\ty\n")
    report = report_of(runner("classify", scripted.starts_with("a")), path, tmp_path / "predictions.jsonl")
    assert report["confusion_matrix"] == [[1, 0], [1, 2]]
    assert report["accuracy"] == 0.75
    assert scored("classify", tmp_path / "predictions.jsonl", path) == report


def test_several_labels(tmp_path):
    path = written(tmp_path / "data.tsv", "text\tlabel\nabel\tx|y\nbora\ty\nanna\t\nbert\tx\n")

    def network(packed):
        return {"logits": np.float32([5, 5] if scripted.letters(packed)[1] == "a" else [-5, 5])}

    model = runner("classify", network, problem_type="multi_label_classification")
    report = report_of(model, path, tmp_path / "predictions.jsonl")
    assert report["subset_accuracy"] == 0.5
    assert report["per_label"]["x"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2}
    assert report["per_label"]["y"]["recall"] == 1.0
    assert scored("classify", tmp_path / "predictions.jsonl", path) == report


def test_numbers(tmp_path):
    path = written(tmp_path / "data.tsv", "text\ttext_pair\tlabel\na\tx\t1\nbb\tx\t2.5\nccc\tx\t2\n")

    def network(packed):
        return {"logits": np.float32([ord(scripted.letters(packed)[1]) - ord("a")])}

    model = runner("classify", network, labels=("value",), problem_type="regression")
    report = report_of(model, path, tmp_path / "predictions.jsonl")
    assert report["mse"] == pytest.approx((1 + 1.5**2 + 0) / 3)
    assert report["spearman"] == pytest.approx(0.5)
    assert scored("classify", tmp_path / "predictions.jsonl", path) == report


def test_several_numbers_are_refused(tmp_path):
    path = written(tmp_path / "data.tsv", "text\tlabel\na\t1\n")
    with pytest.raises(ConfigError, match="a regression must have one output to be scored; received x, y"):
        report_of(runner("classify", None, problem_type="regression"), path)


@pytest.mark.parametrize(
    ("kind", "rows", "message"),
    [
        ("multi_label_classification", "a\tx\nb\tx|z\n", ":3: a label must be one of the model's, x, y; received 'z'"),
        ("single_label_classification", "a\tx\nb\tz\n", ":3: a label must be one of the model's, x, y; received 'z'"),
    ],
)
def test_labels_that_the_model_lacks_are_named(tmp_path, kind, rows, message):
    path = written(tmp_path / "data.tsv", f"text\tlabel\n{rows}")
    with pytest.raises(DataError) as error:
        report_of(runner("classify", None, problem_type=kind), path)
    assert str(error.value) == f"{path}{message}"


# === token-classification ===

CONLL = "Ann B-x\nwent O\nto O\nRome B-x\n\nMay O\nBob B-x\nsleep O\n"


@pytest.mark.parametrize("longest", [32, 4])
def test_tags(tmp_path, longest):
    path = written(tmp_path / "data.conll", CONLL)
    model = runner("tag", scripted.capitals, longest, labels=("O", "B-x"))
    report = report_of(model, path, tmp_path / "predictions.jsonl")
    assert report["examples"] == 2
    assert report["tokens"] == 7
    assert report["accuracy"] == 6 / 7
    assert [report[f"entities_{name}"] for name in ("true", "predicted", "correct")] == [3, 4, 3]
    assert report["f1"] == 6 / 7
    assert scored("tag", tmp_path / "predictions.jsonl", path) == report
    assert report_of(model, path, limit=1)["f1"] == 1.0


def test_spans(tmp_path):
    row = {"text": "Ann went to Rome", "entities": [{"start": 0, "end": 3, "label": "x"}]}
    path = written(tmp_path / "data.jsonl", json.dumps(row) + "\n")
    report = report_of(runner("tag", scripted.capitals, labels=("O", "B-x")), path)
    assert (report["precision"], report["recall"]) == (0.5, 1.0)


# === question-answering ===


def squad(*questions):
    """A file of one passage; a question is its id, its text and where its answers stand."""
    passage = "Ann went to Rome with Bob"
    qas = [
        {
            "id": name,
            "question": question,
            "answers": [{"text": word, "answer_start": passage.index(word)} for word in words],
            "is_impossible": not words,
        }
        for name, question, words in questions
    ]
    return json.dumps({"data": [{"paragraphs": [{"context": passage, "qas": qas}]}]})


def test_questions(tmp_path):
    path = written(tmp_path / "data.json", squad(("1", "where?", ["Rome"]), ("2", "who?", ["Ann", "Bob"])))
    report = report_of(runner("answer", scripted.points_at("R")), path, tmp_path / "predictions.json")
    assert report == {
        "examples": 2,
        "squad_version": "1.1",
        "missing": 0,
        "exact_match": 50.0,
        "f1": 50.0,
        "total": 2,
    }
    assert json.loads((tmp_path / "predictions.json").read_text()) == {"1": "Rome", "2": "Rome"}
    assert scored("answer", tmp_path / "predictions.json", path) == {**report, "missing_ids": []}


def test_unanswerable_questions(tmp_path):
    path = written(tmp_path / "data.json", squad(("1", "where?", ["Rome"]), ("2", "when?", [])))
    # The difference of no answer and the best one is 2 * 3 - 2 * 5 = -4.
    model = runner("answer", scripted.points_at("R", no_answer=3), no_answer_threshold=-5.0)
    report = report_of(model, path, tmp_path / "predictions.json")
    assert report["squad_version"] == "2.0"
    assert report["no_answer_threshold"] == -5.0
    assert (report["exact_match"], report["HasAns_exact"], report["NoAns_exact"]) == (50.0, 0.0, 100.0)
    assert (report["HasAns_total"], report["NoAns_total"]) == (1, 1)
    # Both have one score, and as in the official script the threshold is tried between them.
    assert (report["best_exact"], report["best_exact_thresh"]) == (100.0, -4.0)
    assert json.loads((tmp_path / "predictions.json").read_text()) == {"1": "", "2": ""}
    again = scored("answer", tmp_path / "predictions.json", path)
    assert {key: again[key] for key in ("exact_match", "f1", "NoAns_f1")} == {
        key: report[key] for key in ("exact_match", "f1", "NoAns_f1")
    }


def test_a_model_without_a_threshold_always_answers(tmp_path):
    path = written(tmp_path / "data.json", squad(("1", "where?", ["Rome"]), ("2", "when?", [])))
    report = report_of(runner("answer", scripted.points_at("R", no_answer=9)), path)
    assert (report["HasAns_exact"], report["NoAns_exact"]) == (100.0, 0.0)
    assert report["no_answer_threshold"] is None


def test_broken_outputs_name_the_question(tmp_path):
    path = written(tmp_path / "data.json", squad(("first", "where?", ["Rome"])))
    model = runner("answer", scripted.points_at("R", no_answer=np.nan))
    with pytest.raises(
        CheckFailedError, match=rf"^{path}: the question 'first': a model's start_logits must be finite"
    ):
        report_of(model, path)

"""`albert-edge score`: its options, what it prints, and how it refuses."""

import json

import pytest

import albert_edge
from albert_edge.errors import AlbertEdgeError, ConfigError
from albert_edge.harness.scoring import score
from albert_edge.text.tables import Columns

TABLE = "text\tlabel\none\ta\ntwo\tb\nthree\ta\n"
CONLL = "Ann B-x\nLee I-x\nin O\nRome B-y\n\nBob B-x\n"
QUESTION = {"question": "where?", "passage": "Ann went to Rome", "answers": [{"text": "Rome", "start": 12}]}


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        ("tag", {"problem_type": "regression"}, "problem_type may be given for classify only; received 'regression'"),
        ("classify", {"no_answer_threshold": 0.0}, "no_answer_threshold may be given for answer only"),
        ("answer", {"no_answer_threshold": 0.0}, "no_answer_threshold needs no_answer_scores; received 0.0 alone"),
        ("answer", {"order_labels": ("a", "b")}, "order_labels may be given for order only"),
        ("classify", {"problem_type": "other"}, "problem_type must be one of "),
        ("rank", {}, "task must be one of "),
    ],
)
def test_options_of_other_tasks_are_refused(files, task, options, message):
    with pytest.raises(ConfigError) as error:
        score(task, files("p.txt", "a\na\na\n"), files("d.tsv", TABLE), **options)
    assert str(error.value).startswith(message)


def test_command_prints_json(files, run_command):
    data, path = files("d.jsonl", [QUESTION]), files("p.json", {"1": "Rome"})
    done = run_command("score", "answer", "--predictions", str(path), "--data", str(data), "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(json.dumps(score("answer", path, data)))
    assert done.stderr == ""


def test_command_prints_a_table(files, run_command):
    path = files("d.conll", CONLL)
    done = run_command("score", "tag", "--predictions", str(path), "--data", str(path))
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["type", "precision", "recall", "f1", "true"],
        ["x", "1.0000", "1.0000", "1.0000", "2"],
        ["y", "1.0000", "1.0000", "1.0000", "1"],
        ["all", "1.0000", "1.0000", "1.0000", "3"],
    ]
    assert lines[-3:] == [
        "tokens 5  accuracy 1.0000  entities_true 3  entities_predicted 3",
        "entities_correct 3",
        "examples 2",
    ]


def test_command_passes_its_options_on(monkeypatch, run_command):
    calls = []

    def record(*arguments):
        calls.append(arguments)
        raise AlbertEdgeError("that is enough")

    monkeypatch.setattr(albert_edge, "score", record, raising=False)
    arguments = "score order --predictions p --data d --text-column a --text-pair-column b --label-column c"
    arguments += " --label-separator /"
    more = "--prediction-column e --problem-type regression --no-answer-scores s --no-answer-threshold 0.5"
    run_command(*arguments.split(), *more.split(), "--order-labels", "next", "random")
    columns = Columns("a", "b", "c", "/")
    assert calls == [("order", "p", "d", columns, "e", "regression", "s", 0.5, ("next", "random"))]


def test_a_wrong_file_is_one_line_and_exit_code_2(files, run_command):
    path = files("p.txt", "a\n")
    done = run_command("score", "classify", "--predictions", str(path), "--data", str(files("d.tsv", TABLE)))
    assert done.exit_code == 2
    assert done.stderr.startswith(f"albert-edge: error: {path}: predictions must be one for each of 3 examples")
    assert done.stdout == ""

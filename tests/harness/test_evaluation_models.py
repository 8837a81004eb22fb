"""Every task on a real file: both layouts, several heads, and the Keras folder of the same weights."""

import json

import pytest
from scripted import written
from small_models import small_artifact

import albert_edge
from albert_edge.artifact import write_artifact

TAGGED = "Ann B-PER\nwent O\nto O\nRome B-LOC\n\nBob B-PER\nLee I-PER\nsleeps O\n"
PAIRS = "text\ttext_pair\tlabel\na cat\ta dog\t4\nthe sea\ta ship\t3\na cat\tthe war\t0\nit rains\tsnow falls\t3.5\n"
PARAGRAPHS = "The sea is calm.\nA ship sails.\nIt is far away.\n\nThe cat sleeps.\nIt dreams of mice.\n"
DATA = {
    "answer": ("data.jsonl", [("where?", "Ann went to Rome", ["Rome"]), ("when?", "Ann went to Rome", [])]),
    "tag": ("data.conll", TAGGED),
    "embed": ("data.tsv", PAIRS),
    "fill": ("data.txt", PARAGRAPHS),
    "order": ("data.txt", PARAGRAPHS),
    "classify": ("data.tsv", "text\tlabel\na cat\tLABEL_0\nthe sea is calm\tLABEL_1\n"),
}
FIGURES = {
    "answer": "f1",
    "tag": "f1",
    "embed": "pearson",
    "fill": "perplexity",
    "order": "accuracy",
    "classify": "accuracy",
}
OF_THE_RUN = ("seconds", "runtime", "threads", "model_sha256", "environment", "kind", "labels")


@pytest.fixture
def data(tmp_path):
    def write(alias):
        name, contents = DATA[alias]
        if alias == "answer":
            rows = [
                {
                    "question": question,
                    "passage": passage,
                    "answers": [{"text": text, "start": passage.index(text)} for text in answers],
                }
                for question, passage, answers in contents
            ]
            contents = "".join(json.dumps(row) + "\n" for row in rows)
        return written(tmp_path / name, contents)

    return write


@pytest.fixture
def file(tmp_path):
    def write(name):
        path = tmp_path / f"{name}.tflite"
        write_artifact(path, small_artifact(name))
        return path

    return write


def figures(result):
    return {name: value for name, value in result.items() if name not in OF_THE_RUN}


@pytest.mark.parametrize("name", ["looped_answer", "looped_tag", "looped_embed", "looped_fill", "looped_order"])
def test_each_task(file, data, name):
    alias = name.split("_")[1]
    result = albert_edge.evaluate(file(name), data(alias))
    assert result["examples"] >= 2
    assert FIGURES[alias] in result
    assert ("labels" in result) == (alias in ("tag", "order"))
    assert json.loads(json.dumps(result)) == result


@pytest.mark.parametrize("alias", ["answer", "tag", "fill"])
def test_layouts_agree(file, data, alias):
    """One mask a run and padding to a fixed length give what a loop gives."""
    results = [
        figures(albert_edge.evaluate(file(f"{layout}_{alias}"), data(alias))) for layout in ("looped", "unrolled")
    ]
    assert results[0].keys() == results[1].keys()
    for name, value in results[0].items():
        assert results[1][name] == (pytest.approx(value, rel=1e-4) if isinstance(value, float) else value), name


@pytest.mark.parametrize(
    ("name", "tasks"), [("looped_classify_tag", ("classify", "tag")), ("looped_fill_order", ("fill", "order"))]
)
def test_each_head_of_several(file, data, name, tasks):
    path = file(name)
    for alias in tasks:
        result = albert_edge.evaluate(path, data(alias), task=alias)
        assert FIGURES[alias] in result
    first = albert_edge.evaluate(path, data(tasks[0]))
    assert figures(first) == figures(albert_edge.evaluate(path, data(tasks[0]), task=tasks[0]))


@pytest.mark.parametrize("alias", ["answer", "tag", "embed", "order"])
def test_predictions_are_scored_alike(file, data, tmp_path, alias):
    path, predictions = data(alias), tmp_path / ("predictions.json" if alias == "answer" else "predictions.jsonl")
    result = albert_edge.evaluate(file(f"looped_{alias}"), path, predictions=predictions)
    scored = albert_edge.score(alias, predictions, path)
    assert scored[FIGURES[alias]] == pytest.approx(result[FIGURES[alias]])


def test_the_command_prints_what_there_is(file, data, run_command):
    done = run_command("evaluate", str(file("looped_answer")), "--data", str(data("answer")))
    assert done.exit_code == 0, done.stderr
    assert "exact_match 0.0000" in done.stdout or "exact_match 50.0000" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("examples 2 in ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("alias", "folder"), [("answer", "question_answering"), ("fill", "masked_lm"), ("order", "pretraining")]
)
def test_folder_and_file_agree(file, data, golden, alias, folder):
    pytest.importorskip("tf_keras")
    keras = figures(albert_edge.evaluate(golden / "base_like" / folder, data(alias), task=alias))
    tflite = figures(albert_edge.evaluate(file(f"looped_{alias}"), data(alias)))
    assert keras.keys() == tflite.keys()
    for name, value in keras.items():
        assert tflite[name] == (pytest.approx(value, rel=1e-3) if isinstance(value, float) else value), name

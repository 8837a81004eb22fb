"""`evaluate` on a real file: against the golden logits' labels, against predictions one by one, and on bad data."""

import json

import numpy as np
import pytest

import albert_edge
from albert_edge.errors import AlbertEdgeError, ArtifactError, ConfigError, DataError
from albert_edge.harness.evaluation import evaluate
from albert_edge.text.tables import Columns

TEXTS = [
    "Oil prices rise",
    "The cat sat on the mat and then it walked away",
    "A quick brown fox",
    "It was the best of times, it was the worst of times, it was the age of wisdom",
    "Ships",
]


def write_tsv(path, rows, header=("text", "label")):
    path.write_text("".join("\t".join(row) + "\n" for row in [header, *rows]))
    return path


@pytest.fixture(scope="module")
def predicted(looped_file):
    with albert_edge.load(looped_file) as predictor:
        return [prediction.label for prediction in predictor.predict(TEXTS)]


@pytest.fixture
def data(tmp_path, predicted):
    """Labels as the file predicts them, but for the last."""
    wrong = next(f"LABEL_{index}" for index in range(5) if f"LABEL_{index}" != predicted[-1])
    return write_tsv(tmp_path / "data.tsv", zip(TEXTS, [*predicted[:-1], wrong]))


def test_public_function_is_this_one():
    assert albert_edge.evaluate is evaluate


def test_score_is_that_of_the_predictions(looped_file, data, predicted):
    result = evaluate(looped_file, data)
    assert result["kind"] == "tflite"
    assert result["task"] == "text-classification"
    assert result["examples"] == 5
    assert result["accuracy"] == 0.8
    assert -1 < result["matthews"] < 1
    assert result["labels"] == list(result["per_class"]) == [f"LABEL_{index}" for index in range(5)]
    columns = np.array(result["confusion_matrix"]).sum(axis=0)
    assert columns.tolist() == [predicted.count(f"LABEL_{index}") for index in range(5)]
    assert result["macro_f1"] == pytest.approx(np.mean([value["f1"] for value in result["per_class"].values()]))
    assert result["model_sha256"] == result["environment"]["model_sha256"]
    assert result["seconds"] > 0
    assert json.loads(json.dumps(result)) == result


def test_limit_takes_the_first(looped_file, data):
    assert evaluate(looped_file, data, limit=2)["examples"] == 2
    assert evaluate(looped_file, data, limit=99)["examples"] == 5


def test_columns_can_be_named_or_numbered(looped_file, data, tmp_path):
    rows = [line.split("\t")[::-1] for line in data.read_text().splitlines()[1:]]
    named = write_tsv(tmp_path / "named.tsv", rows, header=("class", "headline"))
    numbered = write_tsv(tmp_path / "numbered.tsv", rows[1:], header=rows[0])
    for path, columns in ((named, Columns("headline", None, "class")), (numbered, Columns("1", None, "0"))):
        assert evaluate(looped_file, path, columns)["accuracy"] == 0.8


def test_depth_changes_the_answer(looped_file, unrolled_file, data):
    shallow = [evaluate(looped_file, data, max_depth=depth)["confusion_matrix"] for depth in (1, None)]
    assert shallow[0] != shallow[1]
    with pytest.raises(ConfigError, match="looped layout"):
        evaluate(unrolled_file, data, max_depth=1)


def test_fixed_length_file_gives_the_same_labels(looped_file, unrolled_file, data):
    assert evaluate(unrolled_file, data)["confusion_matrix"] == evaluate(looped_file, data)["confusion_matrix"]


# === Bad input ===


def test_label_that_the_model_lacks_is_named_with_its_line(looped_file, tmp_path):
    path = write_tsv(tmp_path / "data.tsv", [("Ships", "LABEL_0"), ("Boats", "label_0")])
    with pytest.raises(DataError) as error:
        evaluate(looped_file, path)
    assert str(error.value).startswith(f"{path}:3: a label must be one of the model's, LABEL_0, ")
    assert str(error.value).endswith("received 'label_0'")


def test_text_without_a_piece_is_named_with_its_line(looped_file, tmp_path):
    path = write_tsv(tmp_path / "data.tsv", [("Ships", "LABEL_0"), ("\u0001", "LABEL_0")])
    with pytest.raises(DataError, match=rf"^{path}:3: a text must have a piece left"):
        evaluate(looped_file, path)


@pytest.mark.parametrize("limit", [0, -1])
def test_limit_of_nothing_is_refused(looped_file, data, limit):
    with pytest.raises(ConfigError, match=f"limit must be at least 1; received {limit}"):
        evaluate(looped_file, data, limit=limit)


def test_missing_files_are_refused(looped_file, data, tmp_path):
    with pytest.raises(DataError, match=r"missing\.tsv"):
        evaluate(looped_file, tmp_path / "missing.tsv")
    with pytest.raises(ArtifactError, match=r"missing\.tflite"):
        evaluate(tmp_path / "missing.tflite", data)


def test_head_that_the_file_lacks_is_named(looped_file, data):
    with pytest.raises(ConfigError, match="task must be one of the file's, text-classification; received 'tag'"):
        evaluate(looped_file, data, task="tag")
    assert evaluate(looped_file, data, task="classify")["examples"] == 5


def test_the_runtime_of_a_tflite_is_refused_for_a_folder(golden, data):
    with pytest.raises(ConfigError, match=r"runtime may be given for a \.tflite only"):
        evaluate(golden / "base_like" / "sequence_classification", data, runtime="ai_edge_litert")


# === Predictions ===


def test_predictions_get_the_same_score(looped_file, data, tmp_path):
    written = tmp_path / "predictions.jsonl"
    result = evaluate(looped_file, data, predictions=written)
    with albert_edge.load(looped_file) as predictor:
        lines = [json.loads(line) for line in written.read_text().splitlines()]
        assert [line["label"] for line in lines] == [found.label for found in predictor.predict(TEXTS)]
    scored = albert_edge.score("classify", written, data)
    assert {key: scored[key] for key in ("accuracy", "examples")} == {"accuracy": 0.8, "examples": 5}
    assert result["accuracy"] == scored["accuracy"]


def test_predictions_that_cannot_be_written_are_refused_first(looped_file, tmp_path):
    with pytest.raises(AlbertEdgeError, match="the output must be writable"):
        evaluate(looped_file, tmp_path / "missing.tsv", predictions=tmp_path / "no" / "where.jsonl")


# === The folder ===


@pytest.mark.slow
def test_folder_and_file_agree(looped_file, golden, data):
    pytest.importorskip("tf_keras")
    folder = evaluate(golden / "base_like" / "sequence_classification", data)
    file = evaluate(looped_file, data)
    assert folder["kind"] == "folder"
    assert folder["runtime"].startswith("tensorflow ")
    assert folder["model_sha256"] != file["model_sha256"]
    assert list(folder) == list(file)
    for key in ("task", "examples", "labels", "accuracy", "macro_f1", "per_class", "confusion_matrix"):
        assert folder[key] == file[key]


# === Command line ===


def test_command_prints_json(looped_file, data, run_command):
    done = run_command("evaluate", str(looped_file), "--data", str(data), "--json")
    assert done.exit_code == 0, done.stderr
    printed = json.loads(done.stdout)
    assert set(printed) >= {"examples", "accuracy", "macro_f1", "per_class"}
    assert printed["accuracy"] == 0.8


def test_command_prints_a_table(looped_file, data, run_command):
    done = run_command("evaluate", str(looped_file), "--data", str(data))
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:7]] == ["label", *(f"LABEL_{index}" for index in range(5)), "macro"]
    assert lines[-2].startswith("accuracy 0.8000  matthews 0.")
    assert lines[-1].startswith("examples 5 in ")


def test_command_passes_its_options_on(monkeypatch, run_command):
    calls = []

    def record(*arguments):
        calls.append(arguments)
        raise AlbertEdgeError("that is enough")

    monkeypatch.setattr(albert_edge, "evaluate", record, raising=False)
    arguments = "evaluate m.tflite --data d.tsv --text-column a --text-pair-column b --label-column c --threads 2"
    more = "--label-separator / --max-depth 3 --runtime tflite_runtime --limit 9 --task tag --predictions p.jsonl"
    run_command(*arguments.split(), *more.split())
    rest = (2, 3, "tflite_runtime", 9, "tag", "p.jsonl", None)
    assert calls == [("m.tflite", "d.tsv", Columns("a", "b", "c", "/"), *rest)]

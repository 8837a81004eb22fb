"""The whole way once, on a small data set of three labels; and that its last check trips."""

from pathlib import Path

import pytest

import albert_edge
from albert_edge.errors import CheckFailedError, DataError
from converters import demo
from converters.baseline import tfidf_accuracy


@pytest.mark.slow
def test_every_stage_leaves_its_figures(separable: Path, tmp_path: Path):
    report = albert_edge.demo(tmp_path / "out", separable, size="tiny")
    assert [row["scheme"] for row in report["rows"]] == ["float32", "dynamic-range"]
    assert report["rows"][1]["file_bytes"] < report["rows"][0]["file_bytes"]
    # Each label has words of its own: whoever reads at all is nearly always right.
    assert min(report["keras_accuracy"], report["baseline_accuracy"]) > 0.9
    assert report["rows"][0]["accuracy"] == report["keras_accuracy"]
    assert report["prediction"]["label"] in ("food", "sport", "weather")
    assert report["tensorflow_imported"] is False
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "dynamic-range.card.md",
        "dynamic-range.tflite",
        "float32.card.md",
        "float32.tflite",
        "model",
    ]


def test_a_process_with_tensorflow_in_it_fails(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(demo, "_PREDICT", "print('{\"tensorflow_imported\": true}')")
    with pytest.raises(CheckFailedError, match="must not import TensorFlow"):
        demo._predict_elsewhere(tmp_path / "any.tflite", "text")


def test_a_process_that_fails_is_one_line(tmp_path: Path):
    with pytest.raises(CheckFailedError, match=r"a fresh process must run .*nothing\.tflite; received: .*readable"):
        demo._predict_elsewhere(tmp_path / "nothing.tflite", "text")


def test_a_folder_without_data_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match=r"train\.tsv and dev\.tsv"):
        albert_edge.demo(tmp_path / "out", tmp_path)
    assert not (tmp_path / "out").exists()


def test_the_baseline_tells_separable_labels_apart(separable: Path):
    assert tfidf_accuracy(separable / "train.tsv", separable / "dev.tsv") > 0.9

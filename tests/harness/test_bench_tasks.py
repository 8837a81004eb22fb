"""`bench` of every task: requests with masked positions, items of a length, opening files in fresh processes."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "artifact"))

from small_models import TASK_FILES, head_of, small_artifact

import albert_edge
from albert_edge.artifact import write_artifact
from albert_edge.harness import startup
from albert_edge.harness.latency import request
from albert_edge.harness.startup import item_of_length
from albert_edge.text.tokenizer import make_tokenizer


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tasks")
    paths = {name: folder / f"{name}.tflite" for name in TASK_FILES}
    for name, path in paths.items():
        write_artifact(path, small_artifact(name))
    return paths


@pytest.mark.parametrize("name", TASK_FILES)
def test_requests_are_taken(name, files):
    with albert_edge.load(files[name]) as predictor:
        for tokens in (1, 2, 24):
            inputs = request(predictor.session, tokens)
            outputs = predictor.session.run(inputs)
            assert all(np.isfinite(values).all() for values in outputs.values())
            if "masked_positions" in inputs:
                assert inputs["masked_positions"].tolist() == [[tokens // 2]]


@pytest.mark.parametrize("name", TASK_FILES)
@pytest.mark.parametrize("tokens", [12, 24])
def test_items_have_about_the_length_asked_for(name, tokens, files):
    with albert_edge.load(files[name]) as predictor:
        inputs = predictor.inputs_of(item_of_length(predictor, tokens))
        assert predictor.answer_item(item_of_length(predictor, tokens)) is not None
    longest = max(len(packed.input_ids) for packed in inputs)
    # `[MASK]` is several pieces to the heads beside fill-mask, and the second passage stands beside it.
    assert tokens - 2 <= longest <= tokens + (12 if name == "looped_fill_order" else 0)


def test_items_fit_the_windows_of_the_model(tmp_path):
    """One window, not two, where the model was trained at fewer tokens than it has positions."""
    path = tmp_path / "short.tflite"
    write_artifact(path, small_artifact("looped_tag", heads=[head_of("token-classification", max_length=16)]))
    with albert_edge.load(path) as predictor:
        (packed,) = predictor.inputs_of(item_of_length(predictor, 128))
        assert len(packed.input_ids) == 16


@pytest.mark.slow
@pytest.mark.parametrize("name", ["looped_answer", "looped_fill", "unrolled_fill", "looped_classify_tag"])
def test_bench(name, files, monkeypatch):
    monkeypatch.setattr(startup, "PROCESSES", 1)
    result = albert_edge.bench(files[name], lengths=(8, 24), runs=5)
    assert result["tasks"] == list(TASK_FILES[name][1])
    assert result["task"] == result["tasks"][0]
    assert [item["tokens"] for item in result["lengths"]] == [8, 24]
    assert 0 < result["open_ms"] < 5000
    assert result["rss_tokens"] >= 20
    assert result["rss_mb"] > result["rss_above_runtime_mb"] > 0


@pytest.mark.slow
def test_a_wordpiece_model_opens_in_a_fresh_process(tmp_path):
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "of", "a", "1", ".", *map(str, range(10, 1000))]
    tokenizer = make_tokenizer("wordpiece", "".join(f"{piece}\n" for piece in pieces).encode(), {})
    path = tmp_path / "chinese.tflite"
    write_artifact(path, small_artifact("looped_tag", tokenizer=tokenizer))
    with albert_edge.load(path) as predictor:
        measured = startup.measure_startup(path, predictor, tokens=20, processes=1)
    assert measured.tokens == 20

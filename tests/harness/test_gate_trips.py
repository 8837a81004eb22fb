"""The gate on real files: it passes an unchanged one and trips on each damage that it is there for."""

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest

import albert_edge
from albert_edge.artifact import Head, Lengths, make_artifact, read_artifact, write_artifact
from albert_edge.config import AlbertConfig
from albert_edge.harness.gate import measuring, turns
from albert_edge.text.tokenizer import read_tokenizer

MODELS = Path(__file__).resolve().parent.parent / "artifact" / "models"

pytestmark = pytest.mark.slow


def verdicts(outcome):
    return {item["metric"]: item["verdict"] for item in outcome["metrics"]}


@pytest.fixture(scope="module")
def file(topics):
    return topics / "topics.tflite"


@pytest.fixture(scope="module")
def baseline(file, topics, tmp_path_factory):
    path = tmp_path_factory.mktemp("baseline") / "topics.json"
    albert_edge.baseline(path, file, "for the tests", data=topics / "dev.tsv", lengths=[16])
    return path


@pytest.fixture(scope="module")
def unchanged(file, topics, baseline):
    return albert_edge.gate(file, baseline, data=topics / "dev.tsv")


def test_an_unchanged_file_is_not_worse(unchanged):
    assert unchanged["passed"], unchanged["metrics"]
    assert "worse" not in verdicts(unchanged).values()
    found = verdicts(unchanged)
    assert (found["file_bytes"], found["accuracy"], found["weight_copies"]) == ("same", "same", "same")


def test_a_slowed_runtime_trips(file, baseline, monkeypatch):
    """Three times as slow, so that it is not the tests' machine that decides."""
    original = turns.open_session

    class Slowed:
        def __init__(self, session):
            self.session, self.inputs = session, session.inputs

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.session.close()

        def run(self, inputs):
            return [self.session.run(inputs) for _ in range(4)]

    monkeypatch.setattr(turns, "open_session", lambda *arguments: Slowed(original(*arguments)))
    monkeypatch.setattr(measuring, "bench", lambda *_, **__: albert_edge.baseline(baseline)["result"])
    outcome = albert_edge.gate(file, baseline)
    assert verdicts(outcome)["latency_16"] == "worse"
    assert not outcome["passed"]


def test_flipped_weights_trip(file, topics, baseline, tmp_path, monkeypatch):
    """The signs of the four largest tensors turned round: every hash is right, the answers aren't."""
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    artifact = read_artifact(file)
    model = bytearray(artifact.model)
    tree = schema.Model.GetRootAs(model, 0)
    buffers = [tree.Buffers(place) for place in range(tree.BuffersLength())]
    for buffer in sorted(buffers, key=lambda each: each.DataLength())[-4:]:
        values = buffer.DataAsNumpy().view(np.int8)
        values[:] = -values
    assert bytes(model) != bytes(artifact.model)
    flipped = dataclasses.replace(
        artifact,
        model=bytes(model),
        file=None,
        manifest=dataclasses.replace(artifact.manifest, model_sha256=hashlib.sha256(model).hexdigest()),
    )
    write_artifact(tmp_path / "flipped.tflite", flipped)
    monkeypatch.setattr(measuring, "measure_until", lambda *_: {})
    outcome = albert_edge.gate(tmp_path / "flipped.tflite", baseline, data=topics / "dev.tsv")
    found = verdicts(outcome)
    assert (found["accuracy"], found["file_bytes"]) == ("worse", "same")
    assert not outcome["passed"]


@pytest.fixture
def untimed(monkeypatch):
    """What follows is not about time: no passes, no verdicts on them."""
    monkeypatch.setattr(measuring, "measure_until", lambda *_: {"latency_24": []})
    monkeypatch.setattr("albert_edge.harness.gate.judge_against", lambda _: [])


def test_lost_sharing_trips(looped_file, unrolled_file, untimed):
    """The same network unrolled: each of its three layers is packed by itself."""
    outcome = albert_edge.gate(unrolled_file, against=looped_file, lengths=[24])
    assert verdicts(outcome)["weight_copies"] == "worse"
    assert not outcome["passed"]


def test_int8_that_is_not_trips(golden, tmp_path, untimed):
    """Both files say that they are dynamic-range; the weights of one are float32."""
    checkpoint = golden / "base_like" / "sequence_classification"
    paths = []
    for model in ("dynamic_range", "float32"):
        artifact = make_artifact(
            (MODELS / f"looped_{model}.tflite").read_bytes(),
            heads=[Head("text-classification", AlbertConfig.load(checkpoint))],
            tokenizer=read_tokenizer(checkpoint),
            scheme="dynamic-range",
            layout="looped",
            lengths=Lengths(1, 64),
            targets=["litert"],
        )
        paths.append(tmp_path / f"{model}.tflite")
        write_artifact(paths[-1], artifact)
    outcome = albert_edge.gate(paths[1], against=paths[0], lengths=[24])
    assert outcome["before"]["scheme"] == outcome["result"]["scheme"] == "dynamic-range"
    assert verdicts(outcome)["file_bytes"] == "worse"
    assert not outcome["passed"]

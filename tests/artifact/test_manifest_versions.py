"""The manifest's versions: each is read as it was written, and has nothing of a later one."""

import dataclasses
import json

import pytest
from small_models import EXIT, HEAD, read, version_1

from albert_edge.artifact import Exit, Manifest, QuantizedOutput, artifact_bytes, read_artifact
from albert_edge.artifact.exits import NEVER
from albert_edge.artifact.manifest import SCHEMA_VERSION
from albert_edge.errors import ArtifactError

# === Version 1, which knew one head ===


def test_version_1_is_read_as_it_was_written(artifact):
    old = version_1(artifact).manifest
    values = json.loads(old.to_bytes())
    assert "heads" not in values
    assert values["schema_version"] == 1
    assert Manifest.from_bytes(old.to_bytes()) == old
    assert old.all_heads == artifact.heads


def test_the_example_file_has_the_current_version(topics):
    found = read_artifact(topics / "topics.tflite")
    assert found.manifest.schema_version == SCHEMA_VERSION
    assert artifact_bytes(found) == (topics / "topics.tflite").read_bytes()
    assert [head.task for head in found.heads] == ["text-classification"]
    assert len(found.manifest.labels) == 10


@pytest.mark.parametrize(
    "change",
    [
        {"task": "sentence-order"},
        {"tokenizer": {"kind": "wordpiece", "file": "vocab.txt", "options": {}}},
    ],
)
def test_version_1_has_nothing_of_version_2(artifact, change):
    values = {**json.loads(version_1(artifact).manifest.to_bytes()), **change}
    with pytest.raises(ArtifactError, match="task, heads and tokenizer of schema_version 1 must be"):
        read(values)


def test_version_2_is_read_as_it_was_written(artifact):
    old = dataclasses.replace(artifact.manifest, schema_version=2)
    values = json.loads(old.to_bytes())
    # The bytes that version 2 wrote: these keys in this order and no others.
    assert list(values) == [
        *("schema_version", "project_version", "task", "config", "scheme", "layout", "lengths", "labels", "heads"),
        *("tokenizer", "targets", "model_sha256", "files"),
    ]
    found = Manifest.from_bytes(old.to_bytes())
    assert (found, found.to_bytes()) == (old, old.to_bytes())
    assert (found.parts, found.activations, found.exit, found.quantized_outputs) == ({}, None, None, {})


@pytest.mark.parametrize("change", [{"parts": {"head": "int8"}}, {"activations": "int8"}, {"exit": Exit("entropy")}])
def test_older_versions_have_nothing_of_version_3(artifact, change):
    for version in (1, 2):
        old = version_1(artifact).manifest if version == 1 else artifact.manifest
        with pytest.raises(ArtifactError, match="parts, activations, exit and outputs must be of version 3"):
            dataclasses.replace(old, schema_version=version, **change)


# === Version 3 ===


def test_what_version_3_adds(values):
    calibration = {"rows": 2, "metric": "accuracy", "full": 1.0}
    values["parts"] = {"embedding": "int8", "query": "int4", "head": "float32"}
    values["activations"] = "int16"
    values["exit"] = {"kind": "patience", "threshold": 2.0, "calibration": calibration}
    values["quantized_outputs"] = {"logits": {"dtype": "int16", "scale": 0.5, "zero_point": -7}}
    manifest = read(values)
    assert manifest.parts["query"] == "int4"
    assert manifest.exit == Exit("patience", NEVER, calibration)
    assert manifest.quantized_outputs["logits"] == QuantizedOutput("int16", 0.5, -7)
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"layout": "unrolled", "lengths": {"min": 64, "max": 64}},
            "an exit needs the looped layout; received unrolled",
        ),
        ({"heads": [HEAD]}, "an exit needs one head, .* received text-classification, token-classification"),
        ({"task": "token-classification"}, "an exit needs one head, of text-classification or sentence-order"),
        ({"config.problem_type": "regression"}, "an exit needs labels to be sure of; received a regression"),
        (
            {"config.id2label": {"0": "a"}, "config.label2id": {"a": 0}, "labels": ["a"]},
            "an exit needs labels to be sure of; received a regression",
        ),
        (
            {
                "config.id2label": {"0": "a"},
                "config.label2id": {"a": 0},
                "labels": ["a"],
                "config.problem_type": "single_label_classification",
            },
            "an exit needs two labels or more; received 1",
        ),
    ],
)
def test_an_exit_needs_a_loop_and_one_head_with_labels(values, change, reason):
    values["exit"] = EXIT
    assert read(values).exit == Exit("entropy", 0.5)
    for path, value in change.items():
        *parents, key = path.split(".")
        place = values[parents[0]] if parents else values
        place[key] = value
    with pytest.raises(ArtifactError, match=reason):
        read(values)

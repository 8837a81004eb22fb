"""`inspect` and its command."""

import hashlib
import json

import pytest
from click.testing import CliRunner
from small_models import FILES, MODELS, TAGS, loop_model, model_bytes

import albert_edge
from albert_edge.cli import cli
from albert_edge.errors import ArtifactError

KEYS = [
    "file_bytes",
    "model_bytes",
    "task",
    "scheme",
    "parts",
    "activations",
    "layout",
    "lengths",
    "exit",
    "labels",
    "heads",
    "quantized_outputs",
    "tokenizer",
    "targets",
    "card",
    "licence",
    "unique_weight_bytes",
    "weight_copies",
    "operators",
    "inputs",
    "outputs",
    "files",
    "sha256",
    "model_sha256",
]


@pytest.mark.parametrize("name", FILES)
def test_of_artifacts(name, artifact_paths):
    report = albert_edge.inspect(artifact_paths[name])
    scheme, layout, lengths = FILES[name]
    data = artifact_paths[name].read_bytes()
    assert list(report) == KEYS
    assert report["file_bytes"] == len(data)
    assert report["sha256"] == hashlib.sha256(data).hexdigest()
    assert report["model_bytes"] == len(model_bytes(name))
    assert report["model_sha256"] == hashlib.sha256(model_bytes(name)).hexdigest()
    assert (report["task"], report["scheme"], report["layout"]) == ("text-classification", scheme, layout)
    assert report["lengths"] == {"min": lengths.minimum, "max": lengths.maximum}
    assert report["labels"] == [f"LABEL_{number}" for number in range(5)]
    assert [(head["task"], head["labels"]) for head in report["heads"]] == [(report["task"], report["labels"])]
    assert (report["parts"], report["activations"], report["exit"], report["quantized_outputs"]) == ({}, None, None, {})
    assert report["tokenizer"]["kind"] == "sentencepiece"
    assert report["weight_copies"] == (1 if layout == "looped" else 3)
    names = [row["name"] for row in report["operators"]]
    assert names == sorted(names)
    assert ("WHILE" in names) == (layout == "looped")
    assert [row["name"] for row in report["files"]] == ["albert_edge.json", "labels.txt", "spiece.model"]
    assert json.loads(json.dumps(report)) == report


def test_operators_are_counted_by_version(artifact_paths):
    operators = albert_edge.inspect(artifact_paths["unrolled_float32"])["operators"]
    # Three layers of 6 products, the projection, the pooler and the classifier.
    assert {"name": "FULLY_CONNECTED", "version": 1, "count": 21} in operators


def test_of_several_heads(artifact_paths):
    path = artifact_paths["looped_classify_tag"]
    report = albert_edge.inspect(path)
    classifier, tagger = report["heads"]
    assert classifier == {
        "task": "text-classification",
        "labels": report["labels"],
        "problem_type": None,
        "settings": {},
    }
    assert (tagger["task"], tagger["labels"]) == ("token-classification", list(TAGS))
    assert [row["name"] for row in report["outputs"]] == ["classify_logits", "tag_logits"]
    lines = CliRunner().invoke(cli, ["inspect", str(path)]).stdout.splitlines()
    assert any(line.split() == ["task", "text-classification,", "token-classification"] for line in lines)
    assert any(line.startswith("token-classification labels") and "B-PER" in line for line in lines)


def test_of_a_task_without_labels(artifact_paths):
    report = albert_edge.inspect(artifact_paths["looped_fill"])
    assert (report["labels"], report["heads"][0]["labels"]) == ([], [])
    assert [row["name"] for row in report["files"]] == ["albert_edge.json", "spiece.model"]
    stdout = CliRunner().invoke(cli, ["inspect", str(artifact_paths["looped_fill"])]).stdout
    assert "labels" not in stdout
    assert "masked_positions" in stdout


def test_of_a_foreign_file():
    path = MODELS / "looped_float32.tflite"
    with pytest.raises(ArtifactError, match="inspect --foreign"):
        albert_edge.inspect(path)
    report = albert_edge.inspect(path, foreign=True)
    assert list(report) == KEYS
    assert [report[key] for key in KEYS[2:10]] == [None] * 8
    assert (report["files"], report["weight_copies"], report["file_bytes"]) == ([], 1, len(path.read_bytes()))
    assert report["inputs"][0] == {"name": "input_ids", "dtype": "int32", "shape": [1, -1]}
    assert report["outputs"] == [{"name": "logits", "dtype": "float32", "shape": [-1, 5]}]


def test_of_a_file_without_signature(tmp_path):
    builder = loop_model()
    builder.model.signatureDefs = None
    path = tmp_path / "plain.tflite"
    path.write_bytes(builder.to_bytes())
    report = albert_edge.inspect(path, foreign=True)
    assert report["inputs"] == [{"name": "tensor0", "dtype": "float32", "shape": [16, 16]}]


@pytest.mark.parametrize("data", [b"", b"\x08\0\0\0TFL3", b"TFL3TFL3TFL3TFL3"])
def test_of_a_damaged_foreign_file(data, tmp_path):
    path = tmp_path / "damaged.tflite"
    path.write_bytes(data)
    with pytest.raises(ArtifactError, match=r"damaged.tflite: "):
        albert_edge.inspect(path, foreign=True)


# === The command ===


def run(*arguments):
    return CliRunner().invoke(cli, ["inspect", *map(str, arguments)])


def test_command_prints_json(artifact_paths):
    path = artifact_paths["looped_float32"]
    result = run(path, "--json")
    assert result.exit_code == 0
    assert json.loads(result.output) == albert_edge.inspect(path)


def test_command_prints_a_table(artifact_paths):
    path = artifact_paths["looped_float32"]
    lines = run(path).output.splitlines()
    assert f"file_bytes           {path.stat().st_size:,}" in lines
    assert "lengths              1 to 64" in lines
    assert "labels               LABEL_0, LABEL_1, LABEL_2, LABEL_3, LABEL_4" in lines
    assert any(line.split() == ["WHILE", "1", "1"] for line in lines)
    assert any(line.split()[0] == "spiece.model" for line in lines if line)


def test_command_shows_and_runs_a_foreign_file():
    path = MODELS / "looped_float32.tflite"
    result = run(path, "--foreign", "--run")
    assert result.exit_code == 0, result.output
    assert "on zeros, " in result.output
    assert "scheme" not in result.output
    report = json.loads(run(path, "--foreign", "--run", "--json").stdout)
    assert list(report) == [*KEYS, "run"]
    assert report["run"]["outputs"] == [{"name": "logits", "dtype": "float32", "shape": [1, 5]}]


def test_command_refuses_a_foreign_file():
    result = run(MODELS / "looped_float32.tflite")
    assert isinstance(result.exception, ArtifactError)
    assert result.exception.exit_code == 2

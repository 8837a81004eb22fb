"""`sensitivity`: a row a part, a mixture within the drop that `convert --parts` takes, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import albert_edge
from albert_edge.artifact import read_artifact
from albert_edge.cli import cli
from albert_edge.errors import AlbertEdgeError, ConfigError
from albert_edge.model.folder import read_checkpoint, write_folder
from converters.sensitivity import _gain

PARTS = ["embedding", "projection", "query", "key", "value", "attention_output", "ffn_in", "ffn_out", "pooler"]


@pytest.fixture(scope="module")
def fragile(trained_folder: Path, tmp_path_factory) -> Path:
    """The trained model with one enormous weight a row in `ffn_out` whose input is never used: 4 bits lose the rest."""
    found = read_checkpoint(trained_folder)
    tensors = dict(found.tensors)
    block = "albert.encoder.albert_layer_groups.0.albert_layers.0."
    tensors[f"{block}ffn.weight"] = tensors[f"{block}ffn.weight"].copy()
    tensors[f"{block}ffn.weight"][0] = 0
    tensors[f"{block}ffn.bias"] = tensors[f"{block}ffn.bias"].copy()
    # GELU of 0 is 0: what is multiplied by it doesn't matter, but the rows' largest value is there.
    tensors[f"{block}ffn.bias"][0] = 0
    tensors[f"{block}ffn_output.weight"] = tensors[f"{block}ffn_output.weight"].copy()
    tensors[f"{block}ffn_output.weight"][:, 0] = 50 * np.abs(tensors[f"{block}ffn_output.weight"]).max()
    folder = tmp_path_factory.mktemp("fragile") / "model"
    write_folder(folder, found.config, tensors, found.tokenizer, task=found.task)
    return folder


@pytest.mark.slow
def test_the_part_that_suffers_is_found_and_left_out(fragile: Path, separable: Path, tmp_path: Path):
    out = tmp_path / "parts.json"
    report = albert_edge.sensitivity(fragile, separable / "dev.tsv", precision="int4", max_drop=0.5, out=out)
    rows = {row["part"]: row for row in report["rows"]}
    assert list(rows) == [*PARTS, "all"]
    assert max(PARTS, key=lambda part: rows[part]["relative_error"]) == "ffn_out"
    assert rows["ffn_out"]["relative_error"] > 3 * rows["ffn_in"]["relative_error"]
    assert all(row["bytes_saved"] > 0 for row in rows.values())
    assert rows["all"]["bytes_saved"] == pytest.approx(sum(rows[part]["bytes_saved"] for part in PARTS), rel=0.05)
    assert rows["query"]["drop"] == report["float32"]["score"] - rows["query"]["score"]
    assert report["mixture"]["within"] == (report["mixture"]["drop"] <= 0.5)
    assert set(report["mixed"]) == set(PARTS)
    assert json.loads(out.read_text())["parts"] == report["mixed"]
    model = tmp_path / "model.tflite"
    arguments = ["convert", str(fragile), str(model), "--scheme", "mixed", "--parts", str(out), "--part", "query=int8"]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    manifest = read_artifact(model).manifest
    assert manifest.parts == {**report["mixed"], "query": "int8", "head": "float32"}


@pytest.mark.slow
def test_the_command_prints_a_row_a_part(trained_folder: Path, separable: Path):
    arguments = ["sensitivity", str(trained_folder), "--data", str(separable / "dev.tsv"), "--limit", "20"]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    lines = result.stdout.splitlines()
    assert lines[0].startswith("float32: accuracy ")
    assert [line.split()[0] for line in lines[2:-1]] == [*PARTS, "all", "mixed"]
    assert lines[-1].startswith("the proposed mixture: embedding=int8 ")


def test_bytes_count_for_what_they_cost():
    row = {"bytes_saved": 100, "kl": 0.5, "relative_error": 9.0}
    assert _gain(row) == 200
    assert _gain({**row, "kl": None}) == pytest.approx(100 / 9)
    assert _gain({**row, "kl": 0.0}) == pytest.approx(1e11)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"precision": "float16"}, "the precision must be one of int4, int8; received 'float16'"),
        ({"max_drop": -1}, "max_drop must be 0 or more points; received -1"),
        ({"limit": 0}, "limit must be at least 1"),
    ],
)
def test_wrong_settings_are_refused(golden_folder: Path, separable: Path, options: dict, rule: str):
    with pytest.raises(ConfigError, match=rule):
        albert_edge.sensitivity(golden_folder, separable / "dev.tsv", **options)


def test_labels_that_the_model_lacks_are_refused(golden_folder: Path, separable: Path):
    with pytest.raises(AlbertEdgeError, match=r"dev\.tsv:2: "):
        albert_edge.sensitivity(golden_folder, separable / "dev.tsv")


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        (["--scheme", "int4"], "--scheme belongs to --layers; received 'int4'"),
        (["--layers", "--out", "parts.json"], "--out must be left out with --layers; received 'parts.json'"),
        (["--layers", "--max-drop", "0.5"], "--max-drop must be left out with --layers; received 0.5"),
    ],
)
def test_an_option_of_the_other_report_is_refused(golden_folder: Path, separable: Path, options: list, rule: str):
    arguments = ["sensitivity", str(golden_folder), "--data", str(separable / "dev.tsv"), *options]
    result = CliRunner().invoke(cli, arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert rule in result.stderr

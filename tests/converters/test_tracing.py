"""`trace`: next to no error in float32 at any point of any layer, int8's larger; the command's table."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from albert_edge.cli import cli
from converters import tracing
from converters.calibration.points import BLOCK_POINTS

pytestmark = pytest.mark.slow

TEXTS = ("the rain was late today", "a runner won", "people over the clouds, again and again and once more", "soup")

FIRST, LAST = [("mapping_input", -1), ("mapping_output", -1)], ["pooler_input", "pooler_output", "head_input", "logits"]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traced") / "texts.txt"
    path.write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def traced(golden_folder: Path, texts: Path) -> dict:
    """The command's JSON: 3 layers of 48 in int8."""
    arguments = ["sensitivity", str(golden_folder), "--data", str(texts), "--layers", "--calibrate", str(texts)]
    result = CliRunner().invoke(cli, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_float32_is_exact_at_every_point_and_int8_is_not(golden_folder: Path, texts: Path, traced: dict):
    exact = tracing.trace(golden_folder, texts, scheme="float32")
    # Each point is a tensor of the file: a shift or a factor that the converter has moved would be an error of 0.2.
    blocks = [(f"0.0.{name}", depth) for depth in range(3) for name in BLOCK_POINTS]
    expected = [*FIRST, *blocks, *((name, -1) for name in LAST)]
    for report in (exact, traced):
        assert sorted((row["point"], row["depth"]) for row in report["rows"]) == sorted(expected)
        assert report["texts"] == len(TEXTS)
    assert max(row["relative_error"] for row in exact["rows"]) < 1e-5
    errors = {(row["point"], row["depth"]): row["relative_error"] for row in traced["rows"]}
    # Rounded once in front of the first product, and many times in front of the last.
    assert 1e-4 < errors["mapping_input", -1] < 0.02
    assert min(errors.values()) > 1e-4
    assert errors["0.0.attention_output", 2] > errors["mapping_input", -1]


def test_the_command_prints_a_row_a_point(golden_folder: Path, texts: Path, traced: dict, monkeypatch):
    monkeypatch.setattr(tracing, "trace", lambda *_, **__: traced)
    arguments = ["sensitivity", str(golden_folder), "--data", str(texts), "--layers"]
    lines = CliRunner().invoke(cli, arguments, catch_exceptions=False).stdout.splitlines()
    assert lines[0] == f"int8 against float32, {len(TEXTS)} texts in {traced['length']} tokens"
    rows = [line.split() for line in lines[2:]]
    assert [row[:2] for row in rows] == [
        [row["point"], str(row["depth"] + 1) if row["depth"] >= 0 else "-"] for row in traced["rows"]
    ]
    assert float(rows[0][2]) == pytest.approx(traced["rows"][0]["relative_error"], abs=1e-5)

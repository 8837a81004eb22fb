"""Artifacts for the harness's tests: the golden checkpoint as a `.tflite`, made without TensorFlow."""

import json
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from albert_edge import cli
from albert_edge.artifact import Head, Lengths, make_artifact, write_artifact
from albert_edge.config import AlbertConfig
from albert_edge.text.tokenizer import read_tokenizer

TESTS = Path(__file__).resolve().parent.parent
MODELS = TESTS / "artifact" / "models"

# `word_pieces`, a tokenizer whose ids can be worked out by hand; `small_models`, a file for each task.
sys.path[:0] = [str(TESTS / part) for part in ("pipelines", "text", "artifact")]


def build(folder: Path, golden: Path, layout: str, lengths: Lengths) -> Path:
    checkpoint = golden / "base_like" / "sequence_classification"
    artifact = make_artifact(
        (MODELS / f"{layout}_float32.tflite").read_bytes(),
        heads=[Head("text-classification", AlbertConfig.load(checkpoint))],
        tokenizer=read_tokenizer(checkpoint),
        scheme="float32",
        layout=layout,
        lengths=lengths,
        targets=["litert"],
    )
    path = folder / f"{layout}.tflite"
    write_artifact(path, artifact)
    return path


@pytest.fixture(scope="session")
def looped_file(tmp_path_factory, golden) -> Path:
    """Three layers in a loop, five labels, 1 to 64 tokens."""
    return build(tmp_path_factory.mktemp("looped"), golden, "looped", Lengths(1, 64))


@pytest.fixture(scope="session")
def unrolled_file(tmp_path_factory, golden) -> Path:
    """The same network at 24 tokens."""
    return build(tmp_path_factory.mktemp("unrolled"), golden, "unrolled", Lengths(24, 24))


class Finished(NamedTuple):
    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture
def run_command(capsys):
    """The command line in this process. (click's own runner mixes the two streams in click 8.1.)"""

    def run(*arguments: str) -> Finished:
        with pytest.raises(SystemExit) as left:
            cli.main(list(arguments))
        return Finished(left.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def files(tmp_path):
    """Writes a file, rows as JSON Lines, an object as JSON, and gives its path."""

    def write(name, contents):
        path = tmp_path / name
        if isinstance(contents, list):
            contents = "".join(json.dumps(row) + "\n" for row in contents)
        elif isinstance(contents, dict):
            contents = json.dumps(contents)
        path.write_text(contents, encoding="utf-8")
        return path

    return write

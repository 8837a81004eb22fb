"""A model on recorded inputs, as a device runs it in one start; and this package in another environment's Python."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from small_models import MODELS
from test_sessions import request

from albert_edge.errors import AlbertEdgeError, ArtifactError
from albert_edge.runtime import open_isolated, open_session
from albert_edge.runtime.children import child_environment, program_command
from albert_edge.runtime.recorded import answer_runs, read_answers, write_runs

MODEL = MODELS / "looped_float32.tflite"


def test_answers_are_those_of_a_session(runtime, tmp_path: Path):
    runs, answers = tmp_path / "runs", tmp_path / "answers"
    write_runs(runs, [request(tokens) for tokens in (8, 24, 16, 8)])
    command = [sys.executable, "-m", "albert_edge.runtime.recorded", str(MODEL), str(runs), str(answers), runtime]
    subprocess.run(command, check=True, env=child_environment())
    with open_session(MODEL.read_bytes(), runtime=runtime) as session:
        named, found = read_answers(answers, 4)
        assert named == session.runtime
        for tokens, outputs in zip((8, 24, 16, 8), found):
            np.testing.assert_array_equal(outputs["logits"], session.run(request(tokens))["logits"])


@pytest.mark.parametrize(
    ("model", "inputs", "reason"),
    [
        (b"no model", {}, "able to load the model"),
        (MODEL.read_bytes(), {"input_ids": np.zeros((1, 8), np.int64)}, "the inputs must be"),
    ],
)
def test_a_refusal_is_the_answer(tmp_path: Path, model: bytes, inputs: dict, reason: str):
    (tmp_path / "model").write_bytes(model)
    write_runs(tmp_path / "runs", [inputs])
    answer_runs(tmp_path / "model", tmp_path / "runs", tmp_path / "answers")
    with pytest.raises(ArtifactError, match=reason) as error:
        read_answers(tmp_path / "answers", 1)
    assert "\n" not in str(error.value)


def test_a_missing_answer_is_noticed(tmp_path: Path):
    write_runs(tmp_path / "runs", [request(8), request(24)])
    answer_runs(MODEL, tmp_path / "runs", tmp_path / "answers")
    whole = (tmp_path / "answers").read_bytes()
    for kept, count in ((len(whole) - 3, 1), (0, 0)):
        (tmp_path / "answers").write_bytes(whole[:kept])
        with pytest.raises(ArtifactError, match=rf"must answer each of 2 runs; received {count} answers"):
            read_answers(tmp_path / "answers", 2)


def test_a_missing_file_is_one_line(tmp_path: Path):
    with pytest.raises(AlbertEdgeError, match="the file must be readable"):
        answer_runs(tmp_path / "model", tmp_path / "runs", tmp_path / "answers")
    assert list(tmp_path.iterdir()) == []


# === In another environment ===


def test_a_session_in_another_environment_answers_alike():
    with open_isolated(MODEL, python=sys.executable) as there, open_session(MODEL.read_bytes()) as here:
        assert (there.runtime, there.inputs) == (here.runtime, here.inputs)
        np.testing.assert_array_equal(there.run(request(8))["logits"], here.run(request(8))["logits"])


def test_another_environment_sees_this_package_and_nothing_else_of_this_one(tmp_path: Path, monkeypatch):
    """Installed, this package lies beside every other of its environment, which must not hide the other one's."""
    (tmp_path / "numpy.py").write_text("raise ImportError('numpy of the wrong environment')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    program = "import json, numpy, albert_edge.config; print(albert_edge.__file__); print(json.dumps(sys.path))"
    found = subprocess.run(
        program_command(program, sys.executable), capture_output=True, text=True, env=child_environment()
    )
    assert found.returncode == 0, found.stderr
    file, path = found.stdout.splitlines()
    folders = json.loads(path)
    package = Path(file).parent
    assert package.name == "albert_edge"
    assert str(package.parent) not in folders
    assert str(tmp_path) not in folders

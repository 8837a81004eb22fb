"""Files that nobody vouches for, in a process of their own: a crash there is a message here."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from small_models import MODELS, fill_model, loop_model, table_model
from test_sessions import request

from albert_edge.errors import ArtifactError, DataError, RuntimeUnavailableError
from albert_edge.runtime import isolated, open_isolated, open_session
from albert_edge.runtime.isolated import trial

MODEL = MODELS / "looped_float32.tflite"


@pytest.fixture
def crashing(tmp_path):
    """A loop whose body runs the loop again: the interpreters fall into an endless recursion."""
    path = tmp_path / "crashing.tflite"
    path.write_bytes(loop_model(with_self_call=True).to_bytes())
    return path


def test_answers_as_a_session_in_this_process(runtime):
    with open_isolated(MODEL, runtime=runtime) as child, open_session(MODEL.read_bytes(), runtime=runtime) as here:
        assert (child.runtime, child.inputs) == (here.runtime, here.inputs)
        for tokens in (8, 24, 16, 8):
            np.testing.assert_array_equal(child.run(request(tokens))["logits"], here.run(request(tokens))["logits"])
        with pytest.raises(DataError, match="received int64"):
            child.run({**request(8), "input_ids": np.zeros((1, 8), np.int64)})
        child.run(request(8))


def test_takes_artifacts_too(runtime, artifact_paths):
    report = trial(artifact_paths["looped_float32"], runtime=runtime)
    assert report["outputs"] == [{"name": "logits", "dtype": "float32", "shape": [1, 5]}]
    assert report["runtime"].startswith(runtime.replace("_", "-"))


def test_a_crash_is_a_message(runtime, crashing):
    with pytest.raises(
        ArtifactError, match=r"crashing.tflite: .* load the model; received a crash .*\(SIGSEGV\)"
    ) as error:
        open_isolated(crashing, runtime=runtime)
    assert "\n" not in str(error.value)


def test_the_crash_is_real(runtime, crashing):
    """The same file does end a process that loads it itself."""
    code = (
        "import sys; from albert_edge.runtime import open_session; "
        "open_session(open(sys.argv[1], 'rb').read(), 1, sys.argv[2])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(crashing), runtime], capture_output=True, env=isolated._environment()
    )
    assert ended.returncode == -signal.SIGSEGV


@pytest.mark.parametrize("data", [b"", b"\x08\0\0\0TFL3", b"\x08\0\0\0TFL3\0", b"no model at all"])
def test_damaged_files(data, runtime, tmp_path):
    path = tmp_path / "damaged.tflite"
    path.write_bytes(data)
    with pytest.raises(ArtifactError, match=r"damaged.tflite: an interpreter must be able to load the model; received"):
        open_isolated(path, runtime=runtime)


def test_a_crash_while_running_closes_the_session():
    session = open_isolated(MODEL)
    os.kill(session._child.process.pid, signal.SIGABRT)
    with pytest.raises(ArtifactError, match=r"run the model; received a crash of the interpreter \(SIGABRT\)"):
        session.run(request(8))
    with pytest.raises(RuntimeUnavailableError, match="received a closed one"):
        session.run(request(8))
    session.close()


def test_a_run_that_takes_too_long():
    with open_isolated(MODEL, timeout_s=10) as session:
        os.kill(session._child.process.pid, signal.SIGSTOP)
        session._timeout_s = 0.3
        start = time.monotonic()
        with pytest.raises(ArtifactError, match=r"received no answer within 0.3 s"):
            session.run(request(8))
        assert time.monotonic() - start < 5
        assert session._child.process.returncode == -signal.SIGKILL


def test_a_child_that_can_not_start(monkeypatch):
    monkeypatch.setattr(isolated, "_environment", lambda: {**os.environ, "PYTHONPATH": "", "PYTHONHOME": "/nowhere"})
    with pytest.raises(ArtifactError, match="received exit code 1 of its process"):
        open_isolated(MODEL)


def test_memory_is_limited(runtime, tmp_path):
    """A result of 16 GB: the child's allocation fails, and nothing happens to the machine."""
    path = tmp_path / "huge.tflite"
    path.write_bytes(fill_model([65536, 65536]).to_bytes())
    with pytest.raises(ArtifactError, match=r"huge.tflite: an interpreter must be able to"):
        trial(path, runtime=runtime)
    path.write_bytes(fill_model([3, 2]).to_bytes())
    assert trial(path, runtime=runtime)["outputs"] == [{"name": "filled", "dtype": "float32", "shape": [3, 2]}]


def test_a_trial_makes_no_huge_inputs(runtime, tmp_path):
    builder = table_model(4)
    builder.model.subgraphs[0].tensors[0].shape = [2**28]
    path = tmp_path / "huge.tflite"
    path.write_bytes(builder.to_bytes())
    with pytest.raises(
        ArtifactError, match=r"huge.tflite: .*(at most 67,108,864 bytes; received 1,073,741,824|must be able)"
    ):
        trial(path, runtime=runtime)


def test_closing_ends_the_child():
    session = open_isolated(MODEL)
    session.close()
    session.close()
    assert session._child.process.returncode == 0


def test_standard_output_of_the_child_is_not_ours(capfd):
    trial(MODEL)
    assert capfd.readouterr() == ("", "")


def test_unreadable_file(tmp_path):
    with pytest.raises(ArtifactError, match="must be readable"):
        open_isolated(tmp_path / "missing.tflite")

"""Trainings that are killed or interrupted in the middle of an epoch, in processes of their own, and go on."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from albert_edge.errors import AlbertEdgeError
from albert_edge.model.folder import read_tensors
from albert_edge.training.snapshot import partial_path, read_snapshot

pytestmark = pytest.mark.slow

# 240 rows in batches of 8: 30 steps an epoch.
OPTIONS = [
    "--size",
    "tiny",
    "--layers",
    "1",
    "--vocab-size",
    "120",
    "--epochs",
    "2",
    "--batch-size",
    "8",
    "--checkpoint-every",
    "4",
    "--threads",
    "1",
]


def command(separable, out, *more):
    files = ["--train", str(separable / "train.tsv"), "--dev", str(separable / "dev.tsv"), "--out", str(out)]
    return [sys.executable, "-m", "albert_edge", "train", "text-classification", *files, *OPTIONS, *more]


def run(separable, out, *more):
    return subprocess.run(command(separable, out, *more), capture_output=True, text=True, timeout=300)


def stop_in_the_second_epoch(separable, out, number):
    """Start a training, send it the signal `number` once a step of its second epoch is stored; its output."""
    process = subprocess.Popen(command(separable, out), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 200
    while stored_step(out) <= 30:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(number)
    output, errors = process.communicate(timeout=100)
    return process.returncode, output, errors


def stored_step(out):
    found = read_snapshot(partial_path(out))
    return 0 if found is None else found.position.step


@pytest.fixture(scope="module")
def uninterrupted(separable, tmp_path_factory):
    out = tmp_path_factory.mktemp("through") / "out"
    done = run(separable, out)
    assert done.returncode == 0, done.stderr
    return read_tensors(out)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["SIGKILL", "SIGINT"])
def test_a_stopped_training_ends_with_the_same_weights(separable, tmp_path, uninterrupted, number):
    """Bit for bit: one thread adds up in one order, and everything random follows from seed and step."""
    out = tmp_path / "out"
    code, output, errors = stop_in_the_second_epoch(separable, out, number)
    step = stored_step(out)
    assert 30 < step < 60
    assert not out.exists()
    if number == signal.SIGINT:
        assert (code, output) == (130, "")
        assert errors.splitlines()[-1] == (
            f"albert-edge: error: stopped after step {step} of 60; the same command goes on from there"
        )
    done = run(separable, out)
    assert done.returncode == 0, done.stderr
    assert f"going on after step {step} of 60" in done.stderr
    tensors = read_tensors(out)
    assert tensors.keys() == uninterrupted.keys()
    assert [name for name in tensors if not np.array_equal(tensors[name], uninterrupted[name])] == []
    assert list(tmp_path.iterdir()) == [out]


def test_other_arguments_do_not_go_on(separable, tmp_path, uninterrupted):
    out = tmp_path / "out"
    stop_in_the_second_epoch(separable, out, signal.SIGKILL)
    refused = run(separable, out, "--learning-rate", "0.01", "--seed", "2")
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert len(refused.stderr.splitlines()) == 1
    assert "(--restart starts over); received learning_rate 0.01 for 0.001, seed 2 for 1" in refused.stderr
    again = run(separable, out, "--restart")
    assert again.returncode == 0
    assert "going on" not in again.stderr
    tensors = read_tensors(out)
    assert all(np.array_equal(tensors[name], values) for name, values in uninterrupted.items())


def test_other_data_under_the_same_name_do_not_go_on(separable, tmp_path):
    from albert_edge.training.finetune import train
    from albert_edge.training.reporting import Reporter

    class Stop(Reporter):
        def epoch(self, record, epochs):
            raise KeyboardInterrupt

    data = tmp_path / "train.tsv"
    data.write_bytes((separable / "train.tsv").read_bytes())
    arguments = {"size": "tiny", "layers": 1, "vocab_size": 120, "checkpoint_every": 5}
    with pytest.raises(KeyboardInterrupt):
        train("text-classification", data, separable / "dev.tsv", tmp_path / "out", reporter=Stop(), **arguments)
    data.write_text(data.read_text(encoding="utf-8") + "snow again\tweather\n", encoding="utf-8")
    with pytest.raises(AlbertEdgeError, match='received train_sha256 "'):
        train("text-classification", data, separable / "dev.tsv", tmp_path / "out", **arguments)

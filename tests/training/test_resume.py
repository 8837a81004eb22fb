"""Trainings that are killed or interrupted in the middle of an epoch, in processes of their own, and go on."""

import functools
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from small_sets import write_sets
from teachers import write_teacher

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
    "--epochs",
    "2",
    "--batch-size",
    "8",
    "--checkpoint-every",
    "4",
    "--threads",
    "1",
]


# Kind of data -> its task. Masked places, second texts and labels of words follow from seed and step too.
TASKS = {
    "separable": "text-classification",
    "tagging": "tag",
    "filling": "fill",
    "ranking": "embed",
    "taught": "text-classification",
}


@pytest.fixture(scope="module")
def files_of(separable, trained_folder, tmp_path_factory):
    """Kind -> the options that name its files; `taught`: a teacher of another width for every depth, all rounded."""
    folder = tmp_path_factory.mktemp("sets")

    def options(kind):
        if kind in ("separable", "taught"):
            train, dev = separable / "train.tsv", separable / "dev.tsv"
        else:
            train, dev = write_sets(folder, kind)
        more = ["--vocab-size", "120"]
        if kind == "taught":
            teacher = write_teacher(trained_folder, folder / "teacher")
            more = ["--teacher", str(teacher), "--teacher-hidden", "0.5", "--multi-exit", "--qat", "int8"]
        return ["--train", str(train), "--dev", str(dev), *more]

    return options


def command(kind, files, out, *more):
    return [sys.executable, "-m", "albert_edge", "train", TASKS[kind], *files, "--out", str(out), *OPTIONS, *more]


def run(*arguments):
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=300)


def stop_in_the_second_epoch(kind, files, out, number):
    """Start a training, send it the signal `number` once a step of its second epoch is stored; its output."""
    process = subprocess.Popen(command(kind, files, out), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
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
def uninterrupted(files_of, tmp_path_factory):
    """Kind -> the weights and the configuration of a training that nothing stopped."""

    @functools.lru_cache
    def weights(kind):
        out = tmp_path_factory.mktemp("through") / "out"
        done = run(kind, files_of(kind), out)
        assert done.returncode == 0, done.stderr
        return read_tensors(out), (out / "config.json").read_bytes()

    return weights


@pytest.mark.parametrize(
    ("kind", "number"),
    [("separable", signal.SIGINT), *((kind, signal.SIGKILL) for kind in TASKS)],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_stopped_training_ends_with_the_same_weights(files_of, tmp_path, uninterrupted, kind, number):
    """Bit for bit: one thread adds up in one order, and everything random follows from seed and step."""
    out, files = tmp_path / "out", files_of(kind)
    code, output, errors = stop_in_the_second_epoch(kind, files, out, number)
    step = stored_step(out)
    assert 30 < step < 60
    assert not out.exists()
    if number == signal.SIGINT:
        assert (code, output) == (130, "")
        assert errors.splitlines()[-1] == (
            f"albert-edge: error: stopped after step {step} of 60; the same command goes on from there"
        )
    done = run(kind, files, out)
    assert done.returncode == 0, done.stderr
    assert f"going on after step {step} of 60" in done.stderr
    tensors, (expected, config) = read_tensors(out), uninterrupted(kind)
    assert (out / "config.json").read_bytes() == config
    assert tensors.keys() == expected.keys()
    assert [name for name in tensors if not np.array_equal(tensors[name], expected[name])] == []
    assert list(tmp_path.iterdir()) == [out]


def test_other_arguments_do_not_go_on(files_of, tmp_path, uninterrupted):
    out, files = tmp_path / "out", files_of("separable")
    stop_in_the_second_epoch("separable", files, out, signal.SIGKILL)
    refused = run("separable", files, out, "--learning-rate", "0.01", "--seed", "2")
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert len(refused.stderr.splitlines()) == 1
    assert "(--restart starts over); received learning_rate 0.01 for 0.001, seed 2 for 1" in refused.stderr
    again = run("separable", files, out, "--restart")
    assert again.returncode == 0
    assert "going on" not in again.stderr
    tensors = read_tensors(out)
    assert all(np.array_equal(tensors[name], values) for name, values in uninterrupted("separable")[0].items())


def test_other_data_under_the_same_name_do_not_go_on(separable, tmp_path):
    from albert_edge.training.finetune import train
    from albert_edge.training.reporting import Reporter

    class Stop(Reporter):
        def epoch(self, record, epochs, scores):
            raise KeyboardInterrupt

    data = tmp_path / "train.tsv"
    data.write_bytes((separable / "train.tsv").read_bytes())
    arguments = {"size": "tiny", "layers": 1, "vocab_size": 120, "checkpoint_every": 5}
    with pytest.raises(KeyboardInterrupt):
        train("text-classification", data, separable / "dev.tsv", tmp_path / "out", reporter=Stop(), **arguments)
    data.write_text(data.read_text(encoding="utf-8") + "snow again\tweather\n", encoding="utf-8")
    with pytest.raises(AlbertEdgeError, match='received train_sha256 "'):
        train("text-classification", data, separable / "dev.tsv", tmp_path / "out", **arguments)

"""A pretraining of two real processes: equal to one of the same batches, and whole again after one was killed."""

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from processes import HANGING_SECONDS, obey_ctrl_c

from albert_edge.errors import ConfigError
from albert_edge.model.folder import read_tensors
from albert_edge.text.tokenizer import open_tokenizer
from albert_edge.training.pretraining.log import read_log
from albert_edge.training.pretraining.running import SNAPSHOT_FILE, work_folder
from albert_edge.training.pretraining.settings import PretrainingSettings
from albert_edge.training.pretraining.stream import Examples, Place
from albert_edge.training.pretraining.trainer import PretrainingPosition
from albert_edge.training.pretraining.workers import Workers, configured_workers
from albert_edge.training.snapshot import read_snapshot

STEPS = 50
SETTINGS = f"--size tiny --layers 1 --steps {STEPS} --batch-size 8 --lengths 32:0.5,64:0.5 --accumulate 2 --no-jit"
PACE = "--log-every 1 --evaluate-every 25 --held-out-inputs 16 --threads 1"
NEAR = 1e-4
"""Losses of the same batches, added up in another order."""


# === Who takes part ===


def environment_of(index, addresses=("a:1", "b:1"), kind="worker"):
    values = {"cluster": {"worker": list(addresses)}, "task": {"type": kind, "index": index}}
    return {"TF_CONFIG": json.dumps(values)}


def test_who_takes_part():
    assert configured_workers({}) == configured_workers({"TF_CONFIG": '{"environment": "cloud"}'}) == Workers(1, 0)
    assert configured_workers(environment_of(1)) == Workers(2, 1)
    assert [configured_workers(environment_of(index)).is_chief for index in (0, 1)] == [True, False]


@pytest.mark.parametrize(
    "environment",
    [
        *({"TF_CONFIG": text} for text in ("two", "[]", '{"cluster": {"worker": ["a:1"]}}')),
        *(environment_of(0, kind="evaluator"), environment_of(2), environment_of(-1), environment_of("x")),
        {"TF_CONFIG": '{"cluster": {"worker": "a:1"}, "task": {"type": "worker", "index": 0}}'},
        environment_of(0, addresses=(1, 2)),
        {"TF_CONFIG": '{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "worker", "index": 0}}'},
    ],
)
def test_who_cannot_take_part(environment):
    with pytest.raises(ConfigError, match="TF_CONFIG must be JSON with the addresses of all workers"):
        configured_workers(environment)


@pytest.mark.slow
def test_the_workers_rows_are_the_batch(corpora, vocab):
    examples = Examples(corpora["train"], open_tokenizer(vocab), PretrainingSettings(steps=1), 32)
    whole = list(itertools.islice(examples.batches(Place(), 8), 12))
    shares = [list(itertools.islice(examples.batches(Place(), 8, worker, 2), 12)) for worker in (0, 1)]
    for (batch, behind), *parts in zip(whole, *shares):
        assert [place for _, place in parts] == [behind, behind]
        for number, (part, _) in enumerate(parts):
            assert all(np.array_equal(rows, values[number::2]) for rows, values in zip(part, batch))


# === Real processes ===


class Run:
    """The workers of one pretraining, whose outputs lie beside it; `stopped`: it will be, and measures nothing."""

    def __init__(self, corpora, out, workers, stopped=False):
        self.out, self._folder = out, out.parent
        self._folder.mkdir(parents=True, exist_ok=True)
        more = ["--checkpoint-seconds", "0"] if stopped else ["--held-out", str(corpora["held-out"].folder)]
        folders = ["--corpus", str(corpora["train"].folder)]
        start = [sys.executable, "-m", "albert_edge", "pretrain", *SETTINGS.split(), *PACE.split()]
        self._command = [*start, *folders, "--out", str(out), *more]
        self._addresses = [f"localhost:{port}" for port in free_ports(workers)]
        self.processes = {}

    def start(self, index):
        own = environment_of(index, self._addresses) if len(self._addresses) > 1 else {}
        with (self._folder / f"errors-{index}").open("ab") as errors:
            self.processes[index] = subprocess.Popen(
                self._command,
                env={**os.environ, **own},
                stdout=subprocess.DEVNULL,
                stderr=errors,
                preexec_fn=obey_ctrl_c,
            )

    def start_all(self):
        for index in range(len(self._addresses)):
            self.start(index)

    def exit_codes(self):
        return [self.processes[index].wait(timeout=HANGING_SECONDS) for index in sorted(self.processes)]

    def errors(self, index):
        return (self._folder / f"errors-{index}").read_text()

    def wait_for(self, step):
        deadline = time.monotonic() + HANGING_SECONDS
        while self.stored_step() < step:
            assert all(process.poll() is None for process in self.processes.values()), self.errors(0)
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def stored_step(self):
        found = read_snapshot(work_folder(self.out) / SNAPSHOT_FILE, PretrainingPosition)
        return 0 if found is None else found.position.step

    def log(self):
        return read_log(self.out / "log.jsonl")


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("localhost", 0))
        return [each.getsockname()[1] for each in sockets]


@pytest.fixture
def pairs(corpora, tmp_path):
    made = []

    def pair(stopped=False):
        made.append(Run(corpora, tmp_path / str(len(made)) / "out", 2, stopped))
        return made[-1]

    yield pair
    for process in (process for each in made for process in each.processes.values()):
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def single(corpora, tmp_path_factory):
    run = Run(corpora, tmp_path_factory.mktemp("single") / "out", 1)
    run.start_all()
    assert run.exit_codes() == [0], run.errors(0)
    return run


def assert_equal_runs(run, other, measured=True):
    lines, others = run.log(), other.log()
    assert [line["step"] for line in lines] == [line["step"] for line in others]
    assert sum("loss" in line for line in lines) == STEPS
    for line, expected in zip(lines, others):
        assert line["tokens"] == expected["tokens"]
        if "held_out" in line:
            assert list(line["held_out"]) == (["corpus"] if measured else [])
            if not measured:
                continue
            line, expected = (each["held_out"]["corpus"] for each in (line, expected))
        assert line["loss"] == pytest.approx(expected["loss"], abs=NEAR)
        assert line["order_loss"] == pytest.approx(expected["order_loss"], abs=NEAR)
    tensors = read_tensors(run.out)
    for name, values in read_tensors(other.out).items():
        np.testing.assert_allclose(tensors[name], values, atol=1e-4, err_msg=name)


@pytest.mark.slow
def test_two_workers_equal_one(pairs, single):
    pair = pairs()
    pair.start_all()
    assert pair.exit_codes() == [0, 0], pair.errors(0) + pair.errors(1)
    assert_equal_runs(pair, single)
    assert not work_folder(pair.out).exists()


@pytest.mark.slow
def test_a_killed_worker_ends_the_other_and_both_go_on(pairs, single):
    """One after the other in one run, as under a supervisor that starts each worker again."""
    pair, steps = pairs(stopped=True), []
    pair.start_all()
    for killed, least in ((0, 8), (1, 18)):
        other = 1 - killed
        pair.wait_for(least)
        pair.processes[killed].kill()
        pair.processes[killed].wait()
        pair.start(killed)
        assert pair.processes[other].wait(timeout=HANGING_SECONDS) == 75
        last = pair.errors(other).strip().splitlines()[-1]
        assert last.startswith("albert-edge: error: all workers must run to the end (start every one again")
        step = pair.stored_step()
        assert least <= step < STEPS
        # The one that was started again waits for the other.
        assert pair.processes[killed].poll() is None
        pair.start(other)
        steps.append(step)
    assert pair.exit_codes() == [0, 0], pair.errors(0) + pair.errors(1)
    for step in steps:
        assert f"going on after update {step} of {STEPS}" in pair.errors(0)
    assert_equal_runs(pair, single, measured=False)


@pytest.mark.slow
def test_ctrl_c_at_one_worker_stops_all(pairs):
    pair = pairs(stopped=True)
    pair.start_all()
    pair.wait_for(5)
    pair.processes[1].send_signal(signal.SIGINT)
    assert pair.exit_codes() == [130, 130], pair.errors(0) + pair.errors(1)
    step = pair.stored_step()
    assert 5 < step < STEPS
    for index in (0, 1):
        assert f"stopped after update {step} of {STEPS}; the same command goes on from there" in pair.errors(index)


@pytest.mark.slow
def test_workers_that_disagree_do_not_start(pairs):
    pair = pairs()
    pair.start(0)
    pair._command += ["--learning-rate", "0.5"]
    pair.start(1)
    codes = pair.exit_codes()
    assert 2 in codes
    assert set(codes) <= {2, 75}
    assert "all workers must get the same arguments and the same corpus" in pair.errors(0) + pair.errors(1)

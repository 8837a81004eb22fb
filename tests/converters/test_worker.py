"""The conversion's own process: what crashes there is one line here, and the next conversion finds it well."""

import dataclasses
import os
import signal
from pathlib import Path

import pytest

from albert_edge.errors import CheckFailedError, ConfigError
from converters import worker
from converters.built import BuildRequest
from converters.combination import read_heads
from converters.layout import Layout
from converters.schemes import plan_of
from converters.targets import parse_targets

pytestmark = pytest.mark.slow


@pytest.fixture
def workers(monkeypatch):
    own = worker._Workers()
    monkeypatch.setattr(worker, "_WORKERS", own)
    yield own
    own.close()


@pytest.fixture
def request_of_golden(golden_folder: Path) -> BuildRequest:
    heads = read_heads(golden_folder, None, (), {})
    return BuildRequest(heads, Layout(), (plan_of("float32"),), parse_targets(["litert"]))


def test_one_process_serves_several_builds_and_gives_the_same_bytes(workers, request_of_golden: BuildRequest):
    first, _ = worker.build_apart(request_of_golden)
    pid = workers._kept.process.pid
    second, _ = worker.build_apart(request_of_golden)
    assert workers._kept.process.pid == pid
    assert first == second
    workers.close()
    assert workers._kept is None


def test_errors_keep_their_class_and_the_process(workers, request_of_golden: BuildRequest):
    wrong = dataclasses.replace(request_of_golden, layout=Layout("unrolled", 65))
    with pytest.raises(ConfigError, match="the length must be from 1 to the model's 64 positions; received 65"):
        worker.build_apart(wrong)
    assert workers._kept.process.poll() is None


def test_a_crash_is_one_line(workers, request_of_golden: BuildRequest, monkeypatch):
    def crashing(self, fields, arrays):
        os.kill(self.process.pid, signal.SIGSEGV)

    with monkeypatch.context() as patched:
        patched.setattr(worker.Child, "send", crashing)
        with pytest.raises(CheckFailedError, match=r"received a crash of its process \(SIGSEGV\)"):
            worker.build_apart(request_of_golden)
    assert workers._kept is None


def test_another_end_is_said_too(workers, request_of_golden: BuildRequest, monkeypatch):
    message = worker.request_message(request_of_golden, ())
    monkeypatch.setattr(worker, "request_message", lambda *_: ({**message[0], "plans": [{}]}, message[1]))
    with pytest.raises(CheckFailedError, match="received exit code 1 of its process: TypeError"):
        worker.build_apart(request_of_golden)
    assert workers._kept is None

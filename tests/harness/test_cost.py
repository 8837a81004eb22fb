"""Instructions of one inference, counted by valgrind on this machine."""

import shutil
import subprocess
import sys

import pytest

from albert_edge.errors import RuntimeUnavailableError
from albert_edge.harness import cost
from albert_edge.harness.cost import RUNS, measure_cost


@pytest.fixture
def counting(monkeypatch):
    """Instead of valgrind, a program that leaves the parts which it is given, and a script for its version."""
    parts: list[int] = []

    def run(command, **_):
        (option,) = (word for word in command if word.startswith("--callgrind-out-file="))
        for number, total in enumerate(parts, 1):
            with open(f"{option.partition('=')[2]}.{number}", "w") as file:
                file.write(f"totals: {total}\n")
        return subprocess.CompletedProcess(command, 0, b'{"runtime": "ai-edge-litert 2.3.0"}', b"")

    monkeypatch.setattr(cost.shutil, "which", lambda _: "/usr/bin/valgrind")
    monkeypatch.setattr(cost.subprocess, "run", run)
    monkeypatch.setattr(cost, "_version", lambda _: "valgrind-3.19.0")
    return parts


def test_the_median_of_the_counted_runs(counting):
    """The part before the first mark is the start and the warm-up; ten parts and more stand in their order."""
    counting += [99, 5, 5, 6, 5, 7]
    found = measure_cost("m.tflite", 16)
    assert (found["instructions"], found["tokens"], found["tool"]) == (5, 16, "callgrind")
    assert found["tool_version"].endswith("3.19.0, ai-edge-litert 2.3.0")


def test_a_mark_too_few_is_refused(counting):
    counting += [99, 5, 5]
    with pytest.raises(RuntimeUnavailableError, match=f"a count must have {RUNS + 1} marks; received 3"):
        measure_cost("m.tflite", 16)


def test_a_machine_without_valgrind_is_told(monkeypatch):
    monkeypatch.setattr(cost.shutil, "which", lambda _: None)
    with pytest.raises(RuntimeUnavailableError, match="counting needs valgrind"):
        measure_cost("m.tflite")


def test_a_run_that_fails_is_one_line(monkeypatch):
    failing = [sys.executable, "-c", "import sys; print('first', file=sys.stderr); sys.exit('no such model')"]
    with pytest.raises(RuntimeUnavailableError, match=r"^a count must end well; received exit code 1: no such model$"):
        cost._answer(failing)
    monkeypatch.setattr(cost, "TIMEOUT_S", 0.1)
    with pytest.raises(RuntimeUnavailableError, match=r"a count must end within 0\.1 s; received none by then"):
        cost._answer([sys.executable, "-c", "import time; time.sleep(30)"])


@pytest.mark.slow
def test_valgrind_counts_the_same_each_time(looped_file):
    """And less for fewer layers."""
    if shutil.which("valgrind") is None:
        pytest.skip("needs valgrind: apt install valgrind")
    first, again = (measure_cost(looped_file, 16) for _ in range(2))
    assert first["instructions"] == pytest.approx(again["instructions"], rel=0.001)
    assert first["tool_version"].startswith("valgrind 3.")
    assert measure_cost(looped_file, 16, max_depth=1)["instructions"] < 0.8 * first["instructions"]

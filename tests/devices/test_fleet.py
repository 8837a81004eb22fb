"""Several devices at once: side by side, in turns on one machine, and none takes another's result with it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from albert_edge.cli import cli
from albert_edge.errors import DeviceError
from albert_edge.harness.devices import fleet
from albert_edge.harness.devices.local import LocalDevice
from albert_edge.harness.devices.registry import Entry, add_entry
from albert_edge.harness.devices.running import HALT, run_group
from albert_edge.harness.results import read_result

RESULT = Path(__file__).resolve().parents[1] / "harness" / "results" / "bench_version_2.json"
PIS = [Entry(name, "ssh", "linux", {"host": name}) for name in ("a", "b")]
BOARD = Entry("board", "qemu", "raspberry-pi-4")
HERE = Entry("local", "local", "local")


@pytest.fixture
def opened(monkeypatch):
    """Devices are their entries."""
    monkeypatch.setattr(fleet, "device_of", lambda entry: entry)


def test_devices_run_side_by_side(opened):
    """Each waits for the other: one after the other, neither would go on."""
    together = threading.Barrier(2, timeout=20)
    answers = fleet.each(PIS, lambda device: (together.wait(), device.name)[1])
    assert [(answer.result, answer.error) for answer in answers] == [("a", None), ("b", None)]


def test_devices_on_one_machine_take_turns(opened):
    running: list[str] = []

    def question(device):
        running.append(device.name)
        assert len(running) == 1
        running.remove(device.name)
        return device.name

    answers = fleet.each([HERE, BOARD], question)
    assert [answer.result for answer in answers] == ["local", "board"]
    assert fleet.machine_of(PIS[0]) != fleet.machine_of(PIS[1]) != fleet.machine_of(HERE) == fleet.machine_of(BOARD)


def test_one_that_fails_leaves_the_others(opened):
    def question(device):
        if device.name == "a":
            raise DeviceError("device a: no")
        if device.name == "board":
            raise ValueError("a defect")
        return device.name

    answers = fleet.each([*PIS, HERE, BOARD], question)
    assert [answer.result for answer in answers] == [None, "b", "local", None]
    assert [str(answer.error) for answer in answers if answer.error] == [
        "device a: no",
        "device board: ValueError: a defect",
    ]


def test_names():
    add_entry(PIS[0])
    assert [entry.name for entry in fleet.entries_named("all")] == ["local", "a"]
    assert [entry.name for entry in fleet.entries_named("a, local,a")] == ["a", "local"]
    with pytest.raises(DeviceError, match="a device must be one of local, a; received 'c'"):
        fleet.entries_named("a,c")


@pytest.mark.slow
def test_bench_keeps_the_result_of_the_one_that_answers(tmp_path, model, monkeypatch):
    """The second device can't be reached; a result file, an error line, exit code 2."""
    add_entry(Entry("gone", "ssh", "linux", {"host": "127.0.0.1", "port": 1}))
    out = tmp_path / "r.json"
    words = ["bench", str(model), "--lengths", "8", "--runs", "3", "--device", "all", "--out", str(out), "--json"]
    done = CliRunner().invoke(cli, words, prog_name="albert-edge")
    assert isinstance(done.exception, DeviceError)
    assert str(done.exception) == "every device must answer; received none from gone, of 2"
    result = read_result(tmp_path / "r-local.json")
    assert result["device"] == {"name": "local", "kind": "local", "profile": "local"}
    assert [length["tokens"] for length in result["lengths"]] == [8]
    assert "device gone must " in done.output
    assert not (tmp_path / "r-gone.json").exists()


class Answering:
    """A device that answers at once."""

    def __init__(self, answer):
        self.answer = answer

    def run_json(self, arguments, files, timeout_s):
        return self.answer


@pytest.fixture
def answering(monkeypatch):
    """Devices that answer what is put here under their names; `local` answers a recorded result."""
    answers = {"local": json.loads(RESULT.read_text(encoding="utf-8"))}
    monkeypatch.setattr(fleet, "device_of", lambda entry: Answering(answers[entry.name]))
    return answers


def test_what_is_no_result_takes_nothing_from_the_others(answering, tmp_path, model):
    for entry in PIS:
        add_entry(entry)
    answering.update(a={**answering["local"], "load_ms": None}, b=["no", "object"])
    words = ["bench", str(model), "--device", "a,b,local", "--out", str(tmp_path / "r.json")]
    done = CliRunner().invoke(cli, words, prog_name="albert-edge")
    assert str(done.exception) == "every device must answer; received none from a, b, of 3"
    assert "error: device a: load_ms must be a finite number; received None" in done.output
    assert "error: device b must answer with an object; received a list" in done.output
    assert [path.name for path in tmp_path.glob("*.json")] == ["r-local.json"]
    assert read_result(tmp_path / "r-local.json")["device"]["name"] == "local"


def test_an_older_result_of_a_device_is_still_read(answering, tmp_path, model):
    answering["local"] = json.loads((RESULT.parent / "bench_version_1.json").read_text(encoding="utf-8"))
    words = ["bench", str(model), "--device", "local", "--out", str(tmp_path / "r.json")]
    assert CliRunner().invoke(cli, words).exit_code == 0
    assert read_result(tmp_path / "r.json")["schema_version"] == 2


def test_limits_of_times_and_memory_are_not_for_an_emulated_board(answering, model):
    pi = Entry("pi", "ssh", "raspberry-pi-4", {"host": "pi"})
    for entry in (pi, BOARD):
        add_entry(entry)
        answering[entry.name] = {**answering["local"], "peak_rss_mb": 600.0, "warnings": []}
    done = CliRunner().invoke(cli, ["bench", str(model), "--device", "pi,board", "--json"])
    limit = "max_rss_mb of profile raspberry-pi-4 must be at most 512; received 600"
    assert f"warning: pi: {limit}" in done.output
    assert f"warning: board: {limit}" not in done.output


def test_evaluate_prints_nothing_for_a_single_device_that_fails(answering, model, topics):
    answering["local"] = None
    words = ["evaluate", str(model), "--data", str(topics / "dev.tsv"), "--device", "local", "--json"]
    done = CliRunner().invoke(cli, words)
    assert str(done.exception) == "device local must answer with an object; received a NoneType"
    assert done.stdout == ""


@pytest.mark.slow
def test_evaluate_on_a_device_gives_what_it_gives_here(model, topics):
    words = ["evaluate", str(model), "--data", str(topics / "dev.tsv"), "--limit", "20", "--json"]
    here = json.loads(CliRunner().invoke(cli, words).stdout)
    there = json.loads(CliRunner().invoke(cli, [*words, "--device", "local"]).stdout)
    assert there.pop("device") == {"name": "local", "kind": "local", "profile": "local"}
    assert {**there, "seconds": 0, "environment": 0} == {**here, "seconds": 0, "environment": 0}


def test_predictions_stay_here(model, topics, tmp_path):
    words = ["evaluate", str(model), "--data", str(topics / "dev.tsv"), "--predictions", "p", "--device", "local"]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 2
    assert "--predictions must be without --device" in done.output


def test_what_a_program_started_ends_with_it(tmp_path):
    """A grandchild that would outlive its parent by minutes."""
    program = "import subprocess; print(subprocess.Popen(['sleep', '300']).pid, flush=True)"
    with open(tmp_path / "out", "wb") as out:
        ended = run_group([sys.executable, "-c", program], out, out, 30)
    assert (ended.code, ended.reason) == (0, None)
    assert state_of(int((tmp_path / "out").read_text())) in ("", "Z")


def state_of(pid: int) -> str:
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, encoding="utf-8", check=False)
    return done.stdout.strip()[:1]


def test_a_halt_ends_a_run(tmp_path):
    threading.Timer(0.5, HALT.set).start()
    try:
        with pytest.raises(DeviceError, match=r"^device local: a run must be waited for; received Ctrl-C$"):
            LocalDevice(HERE).run_module("timeit", ["-n", "1", "-r", "1", "import time; time.sleep(300)"], {}, {}, 60)
    finally:
        HALT.clear()

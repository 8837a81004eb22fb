"""`albert-edge bench`: what the options become, and how a result is printed and written."""

import json
from pathlib import Path

import pytest

import albert_edge
from albert_edge.cli import bench as bench_command
from albert_edge.errors import DeviceError, RuntimeUnavailableError
from albert_edge.harness import cost
from albert_edge.harness.devices.fleet import Answer
from albert_edge.harness.devices.registry import Entry, described
from albert_edge.harness.results import read_result

RESULTS = Path(__file__).resolve().parent / "results"


@pytest.fixture
def result():
    return read_result(RESULTS / "bench_version_2.json")


@pytest.fixture
def calls(result, monkeypatch):
    """Instead of measuring, the command gets a recorded result; what it asked for is kept."""
    calls = []

    def recorded(*arguments, **options):
        calls.append((*arguments, {name: value for name, value in options.items() if value is not None}))
        return result

    monkeypatch.setattr(albert_edge, "bench", recorded, raising=False)
    return calls


def test_command_prints_json(calls, result, run_command):
    arguments = "bench m.tflite --lengths 8,24 --threads 2 --runs 40 --max-depth 3 --runtime tflite_runtime --json"
    done = run_command(*arguments.split())
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == result
    options = {"lengths": [8, 24], "threads": [2], "runs": 40, "seconds": 1.0, "max_depth": 3}
    assert calls == [("m.tflite", {**options, "runtime": "tflite_runtime"})]


def test_each_option_reaches_the_function(calls, run_command):
    arguments = (
        "bench m.tflite --threads 1,2,4 --seconds 2 --preset mlperf --sustained 3 --data d.tsv --text-column t "
        "--limit 9 --reference f.tflite --exit-threshold 0.8"
    )
    done = run_command(*arguments.split())
    assert done.exit_code == 0, done.stderr
    ((path, options),) = calls
    assert path == "m.tflite"
    assert options.pop("columns").text == "t"
    assert options == {
        "lengths": [16, 64, 128],
        "threads": [1, 2, 4],
        "seconds": 2.0,
        "preset": "mlperf",
        "sustained_minutes": 3.0,
        "data": "d.tsv",
        "limit": 9,
        "reference": "f.tflite",
        "exit_threshold": 0.8,
    }


def test_command_prints_tables(calls, result, run_command):
    done = run_command("bench", "m.tflite")
    assert done.exit_code == 0, done.stderr
    assert calls == [("m.tflite", {"lengths": [16, 64, 128], "threads": [1], "seconds": 1.0})]
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    item = result["lengths"][0]
    times = [f"{item[name]:.2f}" for name in ("p50_ms", "p90_ms", "p99_ms", "min_ms", "first_ms")]
    header = lines.index("tokens p50 ms p90 ms p99 ms min ms first ms runs")
    assert lines[header + 1].split() == ["16", *times, "12"]
    assert f"memory, one text of 128 tokens answered {result['rss_mb']:.1f} MB" in lines
    assert f"peak of the memory {result['peak_rss_mb']:.1f} MB" in lines
    assert "accuracy: accuracy on dev.tsv 0.9000" in lines
    assert "same first choice as topics.tflite 1.0000" in lines
    mix = result["mix"]
    times = " ".join(f"{mix[name]:.2f}" for name in ("mean_ms", "p50_ms", "p90_ms", "p99_ms"))
    assert f"dev.tsv {mix['mean_tokens']:.1f} {times} {len(mix['raw_ms'])}" in lines
    one, two = (item for item in result["thread_scaling"] if item["tokens"] == 64)
    (line,) = (line for line in lines if line.startswith("2 64 "))
    assert line.split()[-1] == f"{one['p50_ms'] / two['p50_ms']:.2f}"
    assert sum(line.startswith("at 64 tokens, from s") for line in lines) == 1


def test_what_was_not_measured_is_not_printed(calls, result, run_command):
    for name in ("mix", "accuracy", "agreement", "sustained", "weights", "peak_rss_mb", "peak_above_runtime_mb"):
        result[name] = None
    result["thread_scaling"] = []
    done = run_command("bench", "m.tflite")
    assert done.exit_code == 0, done.stderr
    words = ("accuracy", "same first choice", "at 64 tokens", "queries", "peak", "packed", "times as fast")
    assert [word for word in words if word in done.stdout] == []
    assert "load: interpreter and allocation" in done.stdout


def test_command_writes_the_result_whole(calls, result, run_command, tmp_path):
    done = run_command("bench", "m.tflite", "--out", str(tmp_path / "result.json"))
    assert done.exit_code == 0, done.stderr
    assert read_result(tmp_path / "result.json") == result
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_an_output_that_cannot_be_written_is_refused_first(calls, run_command, tmp_path):
    done = run_command("bench", "m.tflite", "--out", str(tmp_path / "none" / "result.json"))
    assert done.exit_code == 2
    assert "the output must be writable" in done.stderr
    assert calls == []


def test_command_warns_on_standard_error(calls, result, monkeypatch, run_command):
    monkeypatch.setitem(result, "warnings", ["8 tokens: the result may be unstable"])
    done = run_command("bench", "m.tflite", "--json")
    assert done.stderr == "albert-edge: warning: 8 tokens: the result may be unstable\n"
    assert json.loads(done.stdout)["warnings"] == ["8 tokens: the result may be unstable"]


@pytest.mark.parametrize("option", ["--lengths", "--threads"])
@pytest.mark.parametrize("numbers", ["16,x", "", "16;64"])
def test_lists_that_are_no_numbers_are_bad_use(option, numbers, calls, run_command):
    done = run_command("bench", "m.tflite", option, numbers)
    assert done.exit_code == 2
    assert "whole numbers separated by commas" in done.stderr
    assert calls == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--text-column", "t"),
        ("--text-pair-column", "t"),
        ("--label-column", "t"),
        ("--label-separator", ";"),
        ("--limit", "3"),
        ("--reference", "f.tflite"),
    ],
)
def test_what_is_about_data_is_refused_without(option, value, calls, run_command):
    done = run_command("bench", "m.tflite", option, value)
    assert done.exit_code == 2
    assert f"{option} must be with --data, which it is about; received it alone" in done.stderr
    assert calls == []


def test_the_preset_is_said(calls, result, run_command):
    result["preset"] = "mlperf"
    assert run_command("bench", "m.tflite").stdout.splitlines()[0].endswith(", threads: 1, preset: mlperf")


# === Instructions, other machines ===

COUNTED = {"instructions": 12, "tokens": 64, "tool": "callgrind", "cpu": "a cpu", "tool_version": "valgrind 3"}


def test_instructions_are_counted_first_and_kept(calls, monkeypatch, run_command):
    asked = []
    monkeypatch.setattr(cost, "measure_cost", lambda path, **options: asked.append((path, options)) or COUNTED)
    done = run_command("bench", "m.tflite", "--cost", "--max-depth", "2", "--runtime", "tflite_runtime")
    assert done.exit_code == 0, done.stderr
    assert asked == [("m.tflite", {"device": None, "max_depth": 2, "runtime": "tflite_runtime"})]
    assert calls[0][-1]["cost"] == COUNTED


@pytest.fixture
def fleet(result, monkeypatch):
    """Two devices, of which the second may be made to fail."""
    entries = [Entry("kitchen", "ssh", "raspberry-pi-4", {"host": "a"}), Entry("here", "local", "local", {})]
    answers = [Answer(entry, {**result, "device": described(entry)}, None) for entry in entries]
    asked = []
    monkeypatch.setattr(bench_command, "ask_devices", lambda context, files: asked.append(files) or answers)
    return answers


def test_each_device_has_a_result_of_its_own(fleet, calls, run_command, tmp_path):
    done = run_command("bench", "m.tflite", "--device", "all", "--json", "--out", str(tmp_path / "r.json"))
    assert done.exit_code == 0, done.stderr
    assert calls == [], "nothing is measured in this process"
    devices = [found["device"] for found in json.loads(done.stdout)]
    assert devices == [
        {"name": "kitchen", "kind": "ssh", "profile": "raspberry-pi-4"},
        {"name": "here", "kind": "local", "profile": "local"},
    ]
    assert read_result(tmp_path / "r-kitchen.json")["device"] == devices[0]
    assert read_result(tmp_path / "r-here.json")["device"] == devices[1]
    assert "albert-edge: warning: kitchen: 16 tokens" in done.stderr


def test_a_device_that_fails_takes_nothing_from_the_others(fleet, run_command, tmp_path):
    fleet[0] = fleet[0]._replace(result=None, error=DeviceError("device kitchen: gone"))
    done = run_command("bench", "m.tflite", "--device", "all", "--out", str(tmp_path / "r.json"))
    assert done.exit_code == 2
    assert "albert-edge: error: device kitchen: gone" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["r-here.json"]
    assert done.stdout.startswith("here: ")


def test_a_single_device_answers_as_this_machine_does(fleet, run_command):
    del fleet[1]
    done = run_command("bench", "m.tflite", "--device", "kitchen", "--json")
    assert json.loads(done.stdout)["device"]["name"] == "kitchen"


def test_a_count_that_fails_is_a_warning_beside_the_rest(fleet, monkeypatch, run_command, tmp_path):
    def refuse(path, device, max_depth, runtime):
        if device is None:
            return COUNTED
        raise RuntimeUnavailableError(f"no counter on {device.name}")

    monkeypatch.setattr(cost, "measure_cost", refuse)
    done = run_command("bench", "m.tflite", "--device", "all", "--cost", "--out", str(tmp_path / "r.json"))
    assert done.exit_code == 0, done.stderr
    assert "albert-edge: warning: kitchen: cost: no counter on kitchen" in done.stderr
    assert read_result(tmp_path / "r-kitchen.json")["cost"] is None
    assert read_result(tmp_path / "r-here.json")["cost"] == COUNTED, "`local` is this machine"

"""`bench` on a real file: the fixed keys, the raw values behind each figure, warnings, refusals."""

import hashlib
import json
import statistics

import pytest

import albert_edge
from albert_edge.errors import ArtifactError, ConfigError
from albert_edge.harness import bench as bench_module
from albert_edge.harness.bench import bench, unstable
from albert_edge.harness.latency import Latency, quantile
from albert_edge.harness.startup import Startup

FIXED_KEYS = {"runtime", "threads", "load_ms", "open_ms", "rss_mb", "rss_above_runtime_mb", "lengths", "environment"}
FIXED_KEYS_OF_A_LENGTH = {"tokens", "p50_ms", "p90_ms", "p99_ms", "min_ms", "runs"}


@pytest.fixture(scope="module")
def result(looped_file):
    return bench(looped_file, lengths=(8, 24), runs=40, raw=True)


def test_public_function_is_this_one():
    assert albert_edge.bench is bench


def test_fixed_keys_are_there(result):
    assert set(result) >= FIXED_KEYS
    assert [item["tokens"] for item in result["lengths"]] == [8, 24]
    assert all(set(item) >= FIXED_KEYS_OF_A_LENGTH for item in result["lengths"])
    assert json.loads(json.dumps(result)) == result


def test_file_is_named_by_its_bytes(result, looped_file):
    data = looped_file.read_bytes()
    assert result["file_bytes"] == len(data)
    assert result["sha256"] == hashlib.sha256(data).hexdigest()
    assert (result["task"], result["scheme"], result["layout"]) == ("text-classification", "float32", "looped")
    assert result["environment"]["model_sha256"] == hashlib.sha256(data[: data.index(b"PK\x03\x04")]).hexdigest()
    assert result["environment"]["runtime"] == result["runtime"]


def test_figures_follow_from_the_raw_values(result):
    for item in result["lengths"]:
        raw_ms = item["raw_ms"]
        assert item["runs"] == len(raw_ms) == 40
        assert item["p50_ms"] == sorted(raw_ms)[19] == quantile(raw_ms, 0.5)
        assert item["p90_ms"] == sorted(raw_ms)[35]
        assert item["p99_ms"] == max(raw_ms)
        assert item["min_ms"] == min(raw_ms) > 0
        assert item["first_ms"] == item["warmup_ms"][0]
    raw = result["raw"]
    assert result["load_ms"] == statistics.median(raw["load_ms"])
    assert result["open_ms"] == statistics.median(raw["open_ms"])
    assert result["rss_mb"] == statistics.median(raw["rss_mb"])
    assert result["rss_above_runtime_mb"] == pytest.approx(result["rss_mb"] - statistics.median(raw["bare_rss_mb"]))
    assert result["rss_tokens"] == 64, "the longest that the file takes, where that is below 128"


def test_opening_includes_loading(result):
    assert 0 < result["load_ms"] < result["open_ms"]


def test_raw_values_are_kept_only_if_asked_for(looped_file, monkeypatch):
    known = Startup(64, (9.0,), (40.0,), (60.0,), (40.0,))
    monkeypatch.setattr(bench_module, "measure_startup", lambda *_: known)
    short = bench(looped_file, lengths=(8,), runs=1)
    assert "raw" not in short
    assert set(short["lengths"][0]) == FIXED_KEYS_OF_A_LENGTH | {"first_ms"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lengths": (16, 65)}, "from 1 to the file's 64; received 65"),
        ({"lengths": (0,)}, "received 0"),
        ({"lengths": ()}, "at least one length; received none"),
        ({"runs": 0}, "runs must be above 0; received 0"),
        ({"threads": 0}, "threads must be at least 1; received 0"),
        ({"runtime": "onnxruntime"}, "received 'onnxruntime'"),
    ],
)
def test_bad_options_are_refused(looped_file, options, message):
    with pytest.raises(ConfigError) as error:
        bench(looped_file, **{"lengths": (8,), **options})
    assert message in str(error.value)


def test_damaged_file_is_refused(looped_file, tmp_path):
    data = bytearray(looped_file.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "damaged.tflite").write_bytes(data)
    with pytest.raises(ArtifactError, match=r"damaged\.tflite"):
        bench(tmp_path / "damaged.tflite", lengths=(8,))


# === Stability ===


def test_steady_values_are_trusted():
    assert unstable(Latency(16, (9.0,), (10.0,) * 30 + (11.2,) * 10), "performance") == []


def test_scattered_values_are_not():
    values = (10.0,) * 35 + (13.0,) * 5
    line = "16 tokens: the result may be unstable, p90 is 30% above p50; stop other programs{}, or measure longer"
    assert unstable(Latency(16, (9.0,), values), None) == [line.format("") + " with --seconds"]
    assert unstable(Latency(16, (9.0,), values), "performance") == [line.format("") + " with --seconds"]
    governor = ", set the CPU governor (now ondemand) to performance"
    assert unstable(Latency(16, (9.0,), values), "ondemand") == [line.format(governor) + " with --seconds"]


def test_few_values_are_not():
    assert unstable(Latency(16, (9.0,), (10.0,) * 29), None) == [
        "16 tokens: 29 runs are too few for p90 and p99; measure at least 30 with --runs"
    ]


# === Command line ===


@pytest.fixture
def calls(result, monkeypatch):
    """Instead of measuring again, the command gets the result from above; what it asked for is kept."""
    calls = []

    def recorded(*arguments):
        calls.append(arguments)
        return result

    monkeypatch.setattr(albert_edge, "bench", recorded, raising=False)
    return calls


def test_command_prints_json(calls, result, run_command):
    arguments = (
        "bench m.tflite --lengths 8,24 --threads 2 --runs 40 --max-depth 3 --runtime tflite_runtime --raw --json"
    )
    done = run_command(*arguments.split())
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == result
    assert calls == [("m.tflite", [8, 24], 2, 40, 1.0, "tflite_runtime", 3, True, None)]


def test_command_prints_tables(calls, result, run_command):
    done = run_command("bench", "m.tflite")
    assert done.exit_code == 0, done.stderr
    assert calls == [("m.tflite", [16, 64, 128], 1, None, 1.0, None, None, False, None)]
    lines = done.stdout.splitlines()
    header = next(index for index, line in enumerate(lines) if line.startswith("tokens"))
    assert " ".join(lines[header].split()) == "tokens p50 ms p90 ms p99 ms min ms first ms runs"
    item = result["lengths"][0]
    times = [f"{item[name]:.2f}" for name in ("p50_ms", "p90_ms", "p99_ms", "min_ms", "first_ms")]
    assert lines[header + 1].split() == ["8", *times, "40"]
    memory = next(line for line in lines if line.startswith("memory, one text of 64 tokens answered"))
    assert memory.split()[-2:] == [f"{result['rss_mb']:.1f}", "MB"]


def test_command_warns_on_standard_error(calls, result, monkeypatch, run_command):
    monkeypatch.setitem(result, "warnings", ["8 tokens: the result may be unstable"])
    done = run_command("bench", "m.tflite", "--json")
    assert done.stderr == "albert-edge: warning: 8 tokens: the result may be unstable\n"
    assert json.loads(done.stdout)["warnings"] == ["8 tokens: the result may be unstable"]


@pytest.mark.parametrize("lengths", ["16,x", "", "16;64"])
def test_lengths_that_are_no_numbers_are_bad_use(lengths, calls, run_command):
    done = run_command("bench", "m.tflite", "--lengths", lengths)
    assert done.exit_code == 2
    assert "whole numbers separated by commas" in done.stderr
    assert calls == []

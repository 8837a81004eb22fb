"""`bench` on a real file: the fixed keys, the raw values behind each figure, warnings, refusals."""

import datetime
import hashlib
import json
import statistics

import pytest

import albert_edge
from albert_edge.errors import ArtifactError, ConfigError
from albert_edge.harness.bench import bench, crowded, unstable
from albert_edge.harness.latency import Latency, quantile
from albert_edge.harness.results import check_result
from albert_edge.harness.workload import WORKLOAD_NAME, WORKLOAD_VERSION

NOT_MEASURED = ("preset", "device", "mix", "sustained", "accuracy", "agreement", "cost", "exit_threshold")


@pytest.fixture(scope="module")
def result(looped_file):
    return bench(looped_file, lengths=(8, 24), runs=40)


def test_public_function_is_this_one():
    assert albert_edge.bench is bench


def test_what_comes_out_is_a_result(result):
    assert check_result(json.loads(json.dumps(result))) == result
    assert [item["tokens"] for item in result["lengths"]] == [8, 24]
    assert {name: result[name] for name in NOT_MEASURED} == dict.fromkeys(NOT_MEASURED)
    assert result["thread_scaling"] == []
    assert result["environment"]["delegate"] == ("XNNPACK" if "litert" in result["runtime"] else None)
    created = datetime.datetime.strptime(result["created"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    assert abs(datetime.datetime.now(datetime.timezone.utc) - created) < datetime.timedelta(hours=1)


def test_file_is_named_by_its_bytes(result, looped_file):
    data = looped_file.read_bytes()
    assert (result["file"], result["file_bytes"]) == (looped_file.name, len(data))
    assert result["model_bytes"] == data.index(b"PK\x03\x04")
    assert result["sha256"] == hashlib.sha256(data).hexdigest()
    assert (result["task"], result["scheme"], result["layout"]) == ("text-classification", "float32", "looped")
    assert result["environment"]["model_sha256"] == hashlib.sha256(data[: data.index(b"PK\x03\x04")]).hexdigest()
    assert result["environment"]["runtime"] == result["runtime"]


def test_the_environment_is_beside_the_figures(result):
    facts = result["environment"]
    machine = ("cpu_model", "cpu_cores", "architecture", "board", "governor", "kernel", "os")
    assert set(facts) == {
        *machine,
        *("runtime", "delegate", "threads", "model_sha256", "python", "project_version"),
    }
    assert facts["cpu_cores"] >= facts["threads"] == 1
    assert facts["project_version"] == albert_edge.__version__


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
    assert result["peak_rss_mb"] == statistics.median(raw["peak_rss_mb"])
    assert result["peak_above_runtime_mb"] >= result["rss_above_runtime_mb"] - 1
    assert result["rss_tokens"] == 64, "the longest that the file takes, where that is below 128"


def test_the_reference_workload_runs_in_between(result):
    """At least once a length, and what it took is kept."""
    workload = result["reference_workload"]
    assert (workload["name"], workload["version"]) == (WORKLOAD_NAME, WORKLOAD_VERSION)
    assert len(workload["raw_ms"]) >= 2
    assert min(workload["raw_ms"]) > 0


def test_weights_are_the_file_s_and_the_allocator_s(result, looped_file):
    facts = albert_edge.inspect(looped_file)
    weights = result["weights"]
    assert (weights["unique_bytes"], weights["copies"]) == (facts["unique_weight_bytes"], facts["weight_copies"])
    assert weights["packed_bytes"] > 0
    assert weights["activation_bytes"] > 0


def test_opening_includes_loading(result):
    assert 0 < result["load_ms"] < result["open_ms"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lengths": (16, 65)}, "from 1 to the file's 64; received 65"),
        ({"lengths": (0,)}, "received 0"),
        ({"lengths": ()}, "at least one length; received none"),
        ({"lengths": (8, 16, 8)}, "lengths must differ from each other; received 8, 16, 8"),
        ({"runs": 0}, "runs must be above 0 and finite; received 0"),
        ({"seconds": float("inf")}, "seconds must be above 0 and finite; received inf"),
        ({"seconds": float("nan")}, "seconds must be above 0 and finite; received nan"),
        ({"threads": 0}, "threads must be at least 1; received 0"),
        ({"threads": ()}, "threads must hold at least one thread; received none"),
        ({"threads": (1, 2, 1)}, "threads must differ from each other; received 1, 2, 1"),
        ({"threads": (True,)}, "threads must be whole numbers; received True"),
        ({"runtime": "onnxruntime"}, "received 'onnxruntime'"),
        ({"preset": "mlperv"}, "preset must be one of mlperf; received 'mlperv'"),
        ({"preset": "mlperf", "runs": 5}, "runs may not be given with a preset, which says how many; received 5"),
        ({"reference": "f.tflite"}, "reference needs data to be compared on; received 'f.tflite' alone"),
        ({"limit": 3}, "limit needs data, whose examples it counts; received 3 alone"),
        ({"sustained_minutes": 0}, "sustained_minutes must be above 0 and finite; received 0"),
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


def test_more_threads_than_cores_are_told():
    assert crowded((1, 4), 4) == crowded((8,), None) == []
    assert crowded((1, 4), 2) == ["threads: 4 share 2 cores, where they wait for each other"]
    assert crowded((2,), 1) == ["threads: 2 share 1 core, where they wait for each other"]

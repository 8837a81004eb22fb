"""What the Kotlin benchmark asks and writes is what the harness asks and reads: no model is run, a fake sleeps."""

import copy
import json
import shlex
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from loopback import free_port
from phone import Phone

import albert_edge
from albert_edge import cli
from albert_edge.artifact import artifact_bytes, read_artifact
from albert_edge.artifact.exits import NEVER
from albert_edge.errors import DataError
from albert_edge.harness.devices.registry import Entry, add_entry
from albert_edge.harness.gate.baselines import write_baseline
from albert_edge.harness.latency import quantiles
from albert_edge.harness.results import check_result, read_result, write_result

LENGTHS = (1, 16, 33, 64, 128, 512)
APP = "albertedge.app/.MainActivity"


@pytest.fixture(scope="module")
def model(fixtures_script, tmp_path_factory):
    """A small artifact with an exit, whole."""
    path = tmp_path_factory.mktemp("model") / "small.tflite"
    path.write_bytes(artifact_bytes(fixtures_script.small_artifact("looped_exit")))
    return path


@pytest.fixture(scope="module")
def result_file(kotlin_words, model, tmp_path_factory):
    """The result of one job."""
    root = tmp_path_factory.mktemp("jobs")
    folder = job(root, model, "--lengths=16,64", "--threads=1,2", "--runs=35", "--sustained=0.02")
    assert run(kotlin_words, folder, root) == 0
    return folder / "stdout"


def job(root: Path, model: Path, *options: str) -> Path:
    """A job's folder, as a host pushes it."""
    folder = root / "0123456789abcdef"
    folder.mkdir()
    path = folder / f"path-{model.name}"
    shutil.copy(model, path)
    asked = {"arguments": ["bench", str(path), *options, "--json"], "files": {"path": str(path)}}
    (folder / "job.json").write_text(json.dumps(asked))
    return folder


def run(kotlin_words, folder: Path, root: Path) -> int:
    done = subprocess.run([*kotlin_words, "job", str(folder), str(root)], check=True, capture_output=True, text=True)
    assert json.loads((folder / "ended.json").read_text()) == {"code": int(done.stdout)}
    return int(done.stdout)


@pytest.mark.parametrize("pieces", [2, 999, 30000, 2**31 - 1])
def test_requests_are_the_harness_s(kotlin_words, pieces):
    words = [*kotlin_words, "request", str(pieces - 1), *map(str, LENGTHS)]
    lines = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
    for tokens, line in zip(LENGTHS, lines):
        drawn = np.random.default_rng(tokens).integers(0, pieces - 1, tokens, np.int32, endpoint=True)
        assert line == " ".join(map(str, drawn)), tokens
    assert len(lines) == len(LENGTHS)


def test_the_harness_reads_the_result(result_file, model):
    result, manifest = read_result(result_file), read_artifact(model).manifest
    assert result == json.loads(result_file.read_text())
    assert [result[key] for key in ("file", "scheme", "layout")] == ["path-small.tflite", manifest.scheme, "looped"]
    assert result["file_bytes"] == model.stat().st_size
    assert result["environment"]["model_sha256"] == manifest.model_sha256
    assert (result["exit_threshold"], result["threads"]) == (NEVER, 1)
    assert [item["tokens"] for item in result["lengths"]] == [16, 64]
    assert len(result["raw"]["load_ms"]) == 5
    assert len(result["sustained"]["windows"]) >= 6
    assert [(row["threads"], row["tokens"]) for row in result["thread_scaling"]] == [(1, 16), (2, 16), (1, 64), (2, 64)]
    assert result["warnings"][0].startswith("load_ms, open_ms and memory are of the app's own process")


def test_quantiles_are_the_harness_s(result_file):
    result = read_result(result_file)
    for item in [*result["lengths"], *result["thread_scaling"]]:
        assert quantiles(item["raw_ms"]) == {key: item[key] for key in ("p50_ms", "p90_ms", "p99_ms")}
        # It slept for a millisecond.
        assert item["min_ms"] == min(item["raw_ms"]) >= 1
        assert item["runs"] == len(item["raw_ms"]) == 35


@pytest.mark.parametrize("damage", ["key", "runs", "text", "missing"])
def test_a_damaged_result_is_refused(result_file, damage):
    result = copy.deepcopy(read_result(result_file))
    if damage == "missing":
        del result["rss_mb"]
    else:
        result["lengths"][0].update({"key": {"p95_ms": 1.0}, "runs": {"runs": 34}, "text": {"p50_ms": "1.0"}}[damage])
    with pytest.raises(DataError):
        check_result(result)


def test_report_and_gate_take_it(result_file, tmp_path, capsys):
    pytest.importorskip("jinja2")
    out = tmp_path / "report.html"
    assert albert_edge.report([result_file], out)["status"] == "measured"
    assert "path-small.tflite" in out.read_text(encoding="utf-8")
    result, baseline = read_result(result_file), tmp_path / "baseline.json"
    write_baseline(baseline, result, {}, "a phone")
    same, worse = tmp_path / "same.json", tmp_path / "worse.json"
    shutil.copy(result_file, same)
    write_result(worse, {**result, "file_bytes": 2 * result["file_bytes"]})
    for path, code in ((same, 0), (worse, 1)):
        with pytest.raises(SystemExit) as left:
            cli.main(["gate", str(path), "--baseline", str(baseline)])
        assert left.value.code == code, capsys.readouterr()


@pytest.fixture
def phone(kotlin_words, tmp_path, monkeypatch):
    """A stub of a phone behind the real adb, whose activity manager starts the Kotlin job."""
    if shutil.which("adb") is None:
        pytest.skip("needs adb: apt install adb")
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(free_port()))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ALBERT_EDGE_HOME", str(tmp_path / "settings"))
    phone = Phone(tmp_path / "phone")
    files = phone.here("/sdcard/Android/data/albertedge.app/files")
    # The stub's shell knows where /sdcard is; the program on the phone is given its paths in a file.
    phone.program(
        "am",
        f'[ "$1" = start ] || exit 0\nfor run in "$@"; do :; done\n'
        f'sed -i "s#/sdcard#{phone.here("/sdcard")}#g" "$run/job.json"\n'
        f'{shlex.join(kotlin_words)} job "$run" {shlex.quote(files)}',
    )
    subprocess.run(["adb", "connect", phone.serial], capture_output=True, check=True)
    for _ in range(100):
        if "\tdevice" in subprocess.run(["adb", "devices"], capture_output=True, text=True, check=True).stdout:
            break
        time.sleep(0.1)
    add_entry(Entry("phone", "adb", "android", {"serial": phone.serial, "app": APP}))
    yield phone
    subprocess.run(["adb", "kill-server"], check=True)
    phone.close()


@pytest.mark.slow
def test_bench_on_a_phone(phone, model, tmp_path, capsys):
    """The whole way: the command line, adb, a job, a result, its warnings; and a refusal, in the app's words."""
    out = tmp_path / "result.json"
    words = ["bench", str(model), "--lengths", "16", "--runs", "31", "--exit-threshold", "0.9", "--device", "phone"]
    with pytest.raises(SystemExit) as left:
        cli.main([*words, "--out", str(out)])
    said = capsys.readouterr()
    assert left.value.code == 0, said
    result = read_result(out)
    assert (result["device"]["name"], result["exit_threshold"], result["lengths"][0]["runs"]) == ("phone", 0.9, 31)
    assert "albert-edge: warning: phone: load_ms, open_ms and memory are of the app's own process" in said.err
    with pytest.raises(SystemExit) as left:
        cli.main([*words[:2], "--runtime", "tflite_runtime", "--device", "phone"])
    assert left.value.code == 2
    assert "received '--runtime=tflite_runtime' (exit code 2)" in capsys.readouterr().err
    folder = Path(phone.here("/sdcard/Android/data/albertedge.app/files/albert-edge"))
    assert list(folder.iterdir()) == []

"""A phone over adb: the real client and server, and a stub of a phone that speaks adb's protocol."""

from __future__ import annotations

import json
import shutil
import subprocess
import time

import pytest
from loopback import free_port
from phone import Phone

from albert_edge import __version__
from albert_edge.artifact import read_artifact
from albert_edge.errors import DeviceError
from albert_edge.harness.devices.adb import AdbDevice
from albert_edge.harness.devices.registry import Entry
from albert_edge.harness.results import check_result

pytestmark = pytest.mark.slow

# As the program prints it, tensorflow/lite/tools/benchmark.
RECORDED = """INFO: STARTING!
INFO: Initialized session in 6.395ms.
INFO: Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if exceeding 150 seconds.
INFO: count=153 first=2761 curr=2885 min=2605 max=18080 avg=3243.58 std=2165 p5=2630 median=2761 p95=5331

INFO: Running benchmark for at least 30 iterations and at least 1 seconds but terminate if exceeding 150 seconds.
INFO: count=337 first=2881 curr=2703 min=2605 max=20356 avg=2942.27 std=1190 p5=2647 median=2781 p95=3169

INFO: Inference timings in us: Init: 6395, First inference: 2761, Warmup (avg): 3243.58, Inference (avg): 2942.27
INFO: Memory footprint delta from the start of the tool (MB): init=39.4531 overall=40.8281
"""


@pytest.fixture
def phone(tmp_path, monkeypatch):
    if shutil.which("adb") is None:
        pytest.skip("needs adb: apt install adb")
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(free_port()))
    monkeypatch.setenv("HOME", str(tmp_path))
    phone = Phone(tmp_path / "phone")
    phone.program("getprop", 'case "$1" in *abi) echo arm64-v8a;; *release) echo 14;; *model) echo Stub;; esac')
    said = subprocess.run(["adb", "connect", phone.serial], capture_output=True, encoding="utf-8", check=True).stdout
    assert "connected to" in said
    for _ in range(100):
        if "\tdevice" in subprocess.run(["adb", "devices"], capture_output=True, encoding="utf-8", check=True).stdout:
            break
        time.sleep(0.1)
    yield phone
    subprocess.run(["adb", "kill-server"], check=True)
    phone.close()


def device(phone, **settings):
    return AdbDevice(Entry("phone", "adb", "android", {"serial": phone.serial, **settings}))


def left(phone):
    return [path.name for path in phone.root.rglob("albert-edge/*")]


def test_check(phone):
    found = device(phone).check()
    assert (found["architecture"], found["os"], found["board"]) == ("aarch64", "Android 14", "Stub")
    assert found["memory_mb"] > 0


def test_the_official_program_gives_a_result(phone, tmp_path, model):
    """It gets the file and each input's bytes, and is gone afterwards."""
    (tmp_path / "recorded").write_text(RECORDED)
    binary = tmp_path / "benchmark"
    binary.write_text(
        f'#!/bin/sh\ndir=$(dirname "$0")\necho "$@" >> {tmp_path}/called\n'
        f'wc -c < "$dir/input_ids" >> {tmp_path}/bytes\n'
        f'cmp "$dir/{model.name}" {model} && cat {tmp_path}/recorded >&2\n'
    )
    result = device(phone, binary=str(binary)).run_json(
        ["bench", "{path}", "--lengths=8,16", "--threads=2", "--json"], {"path": model}, 60
    )
    checked = check_result({**result, "device": {"name": "phone", "kind": "adb", "profile": "android"}})
    figures = {"p50_ms": 2.781, "p90_ms": 3.169, "p99_ms": 20.356, "min_ms": 2.605, "runs": 337, "first_ms": 2.761}
    assert checked["lengths"] == [{"tokens": n, **figures, "raw_ms": [], "warmup_ms": []} for n in (8, 16)]
    facts = checked["environment"]
    assert (facts["os"], facts["runtime"], facts["threads"]) == ("Android 14", "benchmark_model", 2)
    assert facts["model_sha256"] == read_artifact(model).manifest.model_sha256
    assert facts["project_version"] == __version__
    assert (checked["load_ms"], checked["rss_above_runtime_mb"]) == (6.395, 40.8281)
    assert (tmp_path / "bytes").read_text().split() == ["32", "64"]
    assert "--input_layer_shape=1:1,8:1,8 " in (tmp_path / "called").read_text()
    assert left(phone) == []


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'ERROR: Failed to load model'; exit 1", r"adb shell: ERROR: Failed to load model \(exit code 1\)"),
        ("echo 'Segmentation fault'", "benchmark_model must print its timings; received 'Segmentation fault'"),
    ],
)
def test_a_program_that_fails(phone, tmp_path, model, script, message):
    (tmp_path / "benchmark").write_text(f"#!/bin/sh\n{script}\n")
    with pytest.raises(DeviceError, match=f"^device phone: {message}$"):
        device(phone, binary=str(tmp_path / "benchmark")).run_json(["bench", "{path}"], {"path": model}, 60)
    assert left(phone) == []


def test_a_program_that_hangs_is_ended(phone, tmp_path, model):
    (tmp_path / "benchmark").write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 300\n")
    with pytest.raises(DeviceError, match=r"^device phone: adb shell must end within [\d.]+ s; received none by then$"):
        device(phone, binary=str(tmp_path / "benchmark")).run_json(["bench", "{path}"], {"path": model}, 2)
    pid = (tmp_path / "pid").read_text().strip()
    done = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, encoding="utf-8", check=False)
    assert done.stdout.strip()[:1] in ("", "Z")
    assert left(phone) == []


def test_an_app_answers(phone, model):
    phone.program(
        "am",
        'run=""; for word in "$@"; do run=$word; done\n'
        '[ "$1" = start ] && { cp "$run/job.json" "$run/stdout"; echo \'{"code": 0}\' > "$run/ended.json"; }; true',
    )
    answer = device(phone, app="org.example/.Bench").run_json(
        ["predict", "{path}", "a b", "--json"], {"path": model}, 30
    )
    assert answer["arguments"] == ["predict", answer["files"]["path"], "a b", "--json"]
    assert answer["files"]["path"].endswith(f"/path-{model.name}")
    assert "am force-stop org.example" in phone.commands[-1]
    assert left(phone) == []


def test_an_app_that_fails_or_never_answers(phone, model):
    app = device(phone, app="org.example/.Bench")
    phone.program("am", "echo 'Error type 3'; echo 'Error: Activity class does not exist.'")
    with pytest.raises(DeviceError, match=r"must start org\.example/\.Bench; received Error: Activity class"):
        app.run_json(["bench", "{path}"], {"path": model}, 30)
    phone.program("am", "true")
    with pytest.raises(DeviceError, match=r"the app must write ended\.json; received nothing within 1 s"):
        app.run_json(["bench", "{path}"], {"path": model}, 1)
    failed = 'for run in "$@"; do :; done; [ "$1" = start ] || exit 0; echo "no such model" > "$run/stderr"; '
    phone.program("am", failed + 'echo \'{"code": 2}\' > "$run/ended.json"')
    with pytest.raises(DeviceError, match=r"^device phone: no such model \(exit code 2\)$"):
        app.run_json(["bench", "{path}"], {"path": model}, 30)
    assert left(phone) == []


def test_what_a_phone_cannot_do(phone, tmp_path, model):
    with pytest.raises(DeviceError, match="must have a binary or an app to measure with; received neither"):
        device(phone).run_json(["bench", "{path}"], {"path": model}, 5)
    (tmp_path / "benchmark").write_text("")
    with_binary = device(phone, binary=str(tmp_path / "benchmark"))
    with pytest.raises(DeviceError, match="what benchmark_model can do; received --data=x"):
        with_binary.run_json(["bench", "{path}", "--data=x"], {"path": model}, 5)
    with pytest.raises(DeviceError, match="must be asked for `bench FILE`"):
        with_binary.run_json(["evaluate", "{path}"], {"path": model}, 5)
    with pytest.raises(DeviceError, match="must have Python"):
        device(phone).run_module("timeit", [], {}, {}, 5)


def test_a_phone_that_is_not_there(phone):
    gone = AdbDevice(Entry("gone", "adb", "android", {"serial": "nowhere"}))
    with pytest.raises(DeviceError, match=r"^device gone: adb shell: .*nowhere.* not found \(exit code 1\)$"):
        gone.check()


def test_the_job_is_json(phone, model):
    phone.program("am", 'for run in "$@"; do :; done; [ "$1" = start ] && echo nonsense > "$run/ended.json"; true')
    with pytest.raises(DeviceError, match="must answer with JSON; received 'nonsense'"):
        device(phone, app="org.example/.Bench").run_json(["bench", "{path}"], {"path": model}, 30)
    assert json.dumps(left(phone)) == "[]"

"""Throughput over time: windows, what the system shows, and a device that slows down."""

import pytest

from albert_edge.errors import ConfigError
from albert_edge.harness import sustained
from albert_edge.harness.sustained import clock_mhz, measure_sustained, temperature_c, throttled
from albert_edge.runtime.interpreter import open_session


class Slowing:
    """Stands for the clock and the session: each run takes 1 s, 30 s after the first of them 2 s."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now

    def run(self, inputs):
        self.now += 1.0 if self.now < 31 else 2.0


@pytest.fixture
def slowing(monkeypatch):
    clock = Slowing()
    monkeypatch.setattr(sustained, "time", clock)
    monkeypatch.setattr(sustained, "request", lambda *_: {})
    return clock


def test_windows_show_a_device_that_slows_down(slowing, tmp_path):
    found = measure_sustained(slowing, 64, 1.0, root=tmp_path)
    windows = found["windows"]
    assert [window["queries"] for window in windows] == [10, 10, 10, 5, 5, 5]
    assert [window["start_s"] for window in windows] == [0, 10, 20, 30, 40, 50]
    assert [window["queries_per_s"] for window in windows] == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5]
    assert [window["p50_ms"] for window in windows] == [1000, 1000, 1000, 2000, 2000, 2000]
    assert (found["seconds"], found["tokens"]) == (60, 64)
    assert {window["temperature_c"] for window in windows} == {None}
    (line,) = throttled(found)
    assert line.startswith("sustained: throughput fell from 1.0 to 0.5 queries a second in 60 s")


def test_reading_what_the_system_shows_is_in_no_window(slowing, monkeypatch, tmp_path):
    """Here it takes 3 s; the first query after it takes 1 s all the same."""

    def slow(_):
        slowing.now += 3

    monkeypatch.setattr(sustained, "temperature_c", slow)
    windows = measure_sustained(slowing, 64, 0.5, root=tmp_path)["windows"]
    assert [window["start_s"] for window in windows] == [0, 8, 16, 24]
    assert {(window["queries"], window["p50_ms"], window["queries_per_s"]) for window in windows} == {(5, 1000, 1.0)}


def test_a_steady_device_gets_no_warning():
    windows = [{"queries_per_s": rate} for rate in (100.0, 80.0, 91.0)]
    assert throttled({"windows": windows, "seconds": 30.0}) == []
    assert throttled(None) == []


def test_a_real_session_is_run(topics):
    with open_session(topics / "topics.tflite") as session:
        found = measure_sustained(session, 16, 0.3 / 60)
    assert 0.3 <= found["seconds"] < 10
    assert sum(window["queries"] for window in found["windows"]) > len(found["windows"]) > 0
    assert found["windows"][0]["start_s"] == 0


@pytest.mark.parametrize("minutes", [0, -1.0, float("nan"), float("inf")])
def test_no_time_is_no_measurement(minutes):
    with pytest.raises(ConfigError, match="sustained_minutes must be above 0 and finite; received"):
        measure_sustained(None, 16, minutes)


# === What the system shows ===


def write(root, path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_the_warmest_zone_counts(tmp_path):
    """A zone that is switched off gives an error on reading; here a folder does."""
    write(tmp_path, "sys/class/thermal/thermal_zone0/temp", "48312\n")
    write(tmp_path, "sys/class/thermal/thermal_zone1/temp", "61500\n")
    write(tmp_path, "sys/class/thermal/thermal_zone2/temp", "none\n")
    (tmp_path / "sys/class/thermal/thermal_zone3/temp").mkdir(parents=True)
    assert temperature_c(tmp_path) == 61.5


def test_the_clock_is_the_mean_of_the_cores(tmp_path):
    write(tmp_path, "proc/cpuinfo", "processor\t: 0\ncpu MHz\t\t: 2400.5\nprocessor\t: 1\ncpu MHz\t\t: 2600.5\n")
    assert clock_mhz(tmp_path) == 2500.5
    for core, khz in enumerate(("1500000", "600000")):
        write(tmp_path, f"sys/devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq", khz)
    write(tmp_path, "sys/devices/system/cpu/cpufreq/scaling_cur_freq", "9")
    assert clock_mhz(tmp_path) == 1050


def test_a_machine_that_shows_nothing_is_no_error(tmp_path):
    assert (temperature_c(tmp_path), clock_mhz(tmp_path)) == (None, None)

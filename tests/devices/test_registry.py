"""The user's devices in their file, the profiles beside the module, and what the command says of them."""

from __future__ import annotations

import dataclasses
import json

import pytest
from click.testing import CliRunner

from albert_edge.cli import cli
from albert_edge.errors import CheckFailedError, DeviceError
from albert_edge.harness.devices import profiles
from albert_edge.harness.devices.adding import new_entry
from albert_edge.harness.devices.base import Device, failure, filled, parsed
from albert_edge.harness.devices.local import LocalDevice
from albert_edge.harness.devices.profiles import Profile, differences, over_limits, profile_named, profile_names
from albert_edge.harness.devices.registry import Entry, add_entry, open_device, read_entries, remove_entry


def run(*words):
    return CliRunner().invoke(cli, ["device", *words], prog_name="albert-edge", catch_exceptions=True)


def test_every_profile_is_whole():
    assert {"raspberry-pi-3-armv7", "raspberry-pi-4", "raspberry-pi-5", "local", "android"} <= set(profile_names())
    for name in profile_names():
        profile = profile_named(name)
        assert Profile.from_dict(json.loads(json.dumps(profile.to_dict()))) == profile


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "serial"}, "kind of profile x must be one of local, ssh, adb, qemu; received 'serial'"),
        ({"cores": 0}, "cores of profile x must be a positive integer; received 0"),
        ({"runtimes": "ai-edge-litert"}, "runtimes of profile x must be a list; received 'ai-edge-litert'"),
        ({"limits": None}, "limits of profile x must be an object; received None"),
        ({"limits": {"max_ms": 1}}, "limit of profile x must be one of max_bytes, .*; received 'max_ms'"),
        ({"limits": {"max_bytes": True}}, "max_bytes of profile x must be above 0; received True"),
        ({"speed": 1}, "a profile must have exactly the keys .*; received or lacks 'speed'"),
    ],
)
def test_a_damaged_profile_is_refused(changes, message):
    values = {**profile_named("raspberry-pi-4").to_dict(), "name": "x", **changes}
    with pytest.raises(DeviceError, match=message):
        Profile.from_dict(values)


def test_a_profile_under_another_name_is_refused(tmp_path, monkeypatch):
    (tmp_path / "pi.json").write_text(json.dumps(profile_named("local").to_dict()))
    monkeypatch.setattr(profiles, "FOLDER", tmp_path)
    with pytest.raises(DeviceError, match="name of profile pi must be its file's; received 'local'"):
        profile_named("pi")


def test_differences_from_a_profile():
    pi = profile_named("raspberry-pi-4")
    facts = {"architecture": "aarch64", "cpu_model": "Arm Cortex-A72", "cpu_cores": 4, "memory_mb": 900}
    assert differences(pi, {**facts, "runtimes": {"ai-edge-litert": "2.3.0"}}) == []
    wrong = {"architecture": "armv7l", "cpu_model": "Arm Cortex-A53", "cpu_cores": 2, "memory_mb": 400}
    assert differences(pi, {**wrong, "runtimes": {"tflite-runtime": "2"}}) == [
        "architecture must be aarch64; received armv7l",
        "cpu_model must be Arm Cortex-A72; received Arm Cortex-A53",
        "cpu_cores must be 4 or more; received 2",
        "memory_mb must be 819 or more; received 400",
        "ai-edge-litert must be 2.3.0; received None",
    ]
    assert differences(pi, {**wrong, "architecture": "aarch64"}, is_emulated=True) == []
    assert differences(pi, {}) == differences(pi, dict.fromkeys(wrong)) == [], "what isn't told is no difference"


def test_a_result_over_a_profiles_limits():
    tight = dataclasses.replace(profile_named("local"), limits={"max_bytes": 10, "max_rss_mb": 20, "max_p90_ms": 5})
    result = {
        "file_bytes": 11,
        "peak_rss_mb": 21.5,
        "rss_mb": 19,
        "mix": None,
        "lengths": [{"p90_ms": 4}, {"p90_ms": 5}],
    }
    assert over_limits(tight, result) == [
        "max_bytes of profile local must be at most 10; received 11",
        "max_rss_mb of profile local must be at most 20; received 21.5",
    ]
    assert over_limits(tight, {**result, "mix": {"p90_ms": 5.5}})[-1].endswith("at most 5; received 5.5")
    assert over_limits(tight, result, is_emulated=True) == over_limits(tight, result)[:1], "the rest is the emulator's"


def test_devices_are_kept(settings):
    assert list(read_entries()) == ["local"]
    pi = Entry("pi", "ssh", "raspberry-pi-4", {"host": "10.0.0.1", "user": "pi"})
    add_entry(pi)
    assert read_entries()["pi"] == pi
    assert pi.settings["port"] == 22
    with pytest.raises(DeviceError, match="must be new; received 'pi', which is there; pass --overwrite"):
        add_entry(pi)
    add_entry(dataclasses.replace(pi, profile="raspberry-pi-5"), overwrite=True)
    assert read_entries()["pi"].profile == "raspberry-pi-5"
    assert remove_entry("pi").name == "pi"
    assert list(read_entries()) == ["local"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (("all", "local", "local"), "must be letters, digits, .* not all; received 'all'"),
        (("a b", "local", "local"), "received 'a b'"),
        (("x", "usb", "local"), "kind must be one of .*; received 'usb'"),
        (("x", "local", "pi"), "a profile must be one of .*; received 'pi'"),
        (("x", "qemu", "local"), "must be one that can be emulated; received 'local'"),
        (("x", "ssh", "local"), "must have a host; received none"),
        (("x", "ssh", "local", {"hots": "a"}), "a setting of kind ssh must be one of host, .*; received 'hots'"),
    ],
)
def test_a_wrong_entry_is_refused(values, message):
    with pytest.raises(DeviceError, match=message):
        Entry(*values)


@pytest.mark.parametrize("text", ["[]", "{}", '{"schema_version": 2, "devices": {}}', '{"schema_version": 1}', "x"])
def test_a_damaged_file_is_refused(settings, text):
    settings.mkdir()
    (settings / "devices.json").write_text(text)
    with pytest.raises(DeviceError, match=r"devices(\.json)? must "):
        read_entries()


def test_what_add_makes_of_its_words():
    pi = new_entry("ssh", "pi@kitchen", None, "raspberry-pi-4", {"port": 2222, "key": None})
    assert (pi.name, pi.profile, pi.settings["user"], pi.settings["port"]) == ("kitchen", "raspberry-pi-4", "pi", 2222)
    board = new_entry("raspberry-pi-5", None, None, None, {})
    assert (board.name, board.kind, board.profile) == ("raspberry-pi-5", "qemu", "raspberry-pi-5")
    assert new_entry("adb", "R3", "phone", None, {}).settings["serial"] == "R3"
    for words, message in [
        (("usb", None), "kind must be one of ssh, adb, raspberry-pi-3-armv7"),
        (("ssh", None), "must have an address"),
        (("raspberry-pi-5", "host"), "must have no address"),
    ]:
        with pytest.raises(DeviceError, match=message):
            new_entry(*words, None, None, {})


def test_the_commands(settings):
    """Added without anything being reached, listed, and forgotten."""
    done = run("add", "ssh", "pi@127.0.0.1", "--name", "pi", "--no-install", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["settings"]["host"] == "127.0.0.1"
    rows = {each["name"]: each["kind"] for each in json.loads(run("list", "--json").output)}
    assert rows == {"local": "local", "pi": "ssh"}
    assert "pi@127.0.0.1" in run("list").output
    assert isinstance(run("add", "ssh", "x", "--name", "pi", "--no-install").exception, DeviceError)
    assert run("remove", "pi").exit_code == 0
    assert isinstance(run("remove", "pi").exception, DeviceError)
    assert isinstance(run("remove", "local").exception, DeviceError)


def test_check_fails_where_a_device_is_not_what_it_should_be(monkeypatch):
    facts = {"architecture": "riscv64", "runtimes": {}}
    monkeypatch.setattr(LocalDevice, "check", lambda _: facts)
    assert json.loads(run("check", "local", "--json").output)["local"] == {"facts": facts, "differences": []}
    profile = dataclasses.replace(profile_named("local"), architecture="aarch64")
    monkeypatch.setattr("albert_edge.harness.devices.local.profile_named", lambda _: profile)
    done = run("check", "local", "--json")
    assert isinstance(done.exception, CheckFailedError)
    assert str(done.exception).endswith("received local: architecture must be aarch64; received riscv64")


def test_words_and_answers():
    assert filled(["a", "{f}", "--x={f},{g}"], {"f": "/1"}) == ["a", "/1", "--x=/1,{g}"]
    with pytest.raises(DeviceError, match=r"\{g\} must stand for one of the files f; received none"):
        filled(["{g}"], {"f": "/1"})
    with pytest.raises(DeviceError, match="device pi must answer with JSON; received 'no json'"):
        parsed("pi", "no json")
    said = "Traceback\nalbert-edge: error: data must be a table; received none\nalbert-edge: warning: x\n"
    assert str(failure("pi", 2, said)) == "device pi: data must be a table; received none (exit code 2)"
    assert isinstance(open_device("local"), Device)

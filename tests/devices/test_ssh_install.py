"""The one command that makes a device of a machine, `device add ssh`, with an installation from the package index."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile

import pytest
from click.testing import CliRunner
from loopback import Server, user

import albert_edge
from albert_edge.cli import cli
from albert_edge.errors import DeviceError
from albert_edge.harness.devices import installing, ssh
from albert_edge.harness.devices.registry import open_device, read_entries
from albert_edge.harness.devices.wheel import base_wheel


def add(server: Server, folder, host_key: str, *words: str):
    return CliRunner().invoke(
        cli,
        [
            *("device", "add", "ssh", f"{user()}@127.0.0.1", "--port", str(server.port), "--key", str(server.key)),
            *("--name", "pi", "--folder", str(folder), "--python", sys.executable, "--host-key", host_key, *words),
        ],
        prog_name="albert-edge",
    )


def test_the_wheel_is_one_and_the_same(tmp_path):
    wheel = base_wheel()
    path = tmp_path / wheel.name
    path.write_bytes(wheel.data)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        record = next(name for name in archive.namelist() if name.endswith("/RECORD"))
        listed = {line.split(",")[0] for line in archive.read(record).decode().splitlines()}
        assert listed == set(archive.namelist())
        assert "albert_edge/harness/devices/profiles/raspberry-pi-4.json" in listed
    assert wheel.name.startswith(f"albert_edge-{albert_edge.__version__}+h")


def test_a_device_that_cannot_be_installed_is_not_added(server, tmp_path, monkeypatch):
    wrong = "SHA256:" + "A" * 43
    assert isinstance(add(server, tmp_path / "device", wrong).exception, DeviceError)
    assert list(read_entries()) == ["local"]


@pytest.mark.slow
def test_an_installation_says_what_failed(tmp_path):
    """A wheel that is none: pip's own words, and no marker that would say that all is there."""
    (tmp_path / "a-1-py3-none-any.whl").write_bytes(b"none")
    (tmp_path / installing.MARKER).write_text("{}")
    arguments = [str(tmp_path), str(tmp_path / "a-1-py3-none-any.whl"), "no"]
    command = [sys.executable, "-m", "albert_edge.harness.devices.installing", *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("pip install must succeed; received exit code 1: ERROR: ")
    assert not (tmp_path / installing.MARKER).exists()


@pytest.mark.slow
def test_one_command_installs_and_another_measures(server, tmp_path, model, topics, wheel, settings, monkeypatch):
    """Afterwards the device has an environment of its own; with `--clean` nothing of it is left."""
    monkeypatch.setattr(ssh, "base_wheel", lambda: wheel)
    folder = tmp_path / "device"
    done = add(server, folder, server.fingerprint, "--json")
    assert done.exit_code == 0, (done.output, done.exception)
    facts = open_device("pi").check()
    assert facts["project_version"] == albert_edge.__version__
    assert facts["packages"]["click"]
    assert "tensorflow" not in facts["runtimes"]
    words = ["evaluate", str(model), "--data", str(topics / "dev.tsv"), "--limit", "40", "--json", "--device", "pi"]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, (done.output, done.exception)
    report = json.loads(done.stdout)
    assert report["device"] == {"name": "pi", "kind": "ssh", "profile": "linux"}
    assert report["examples"] == 40
    assert report["accuracy"] > 0.8
    # A later build of albert-edge here is one there, at the next run.
    monkeypatch.setattr("albert_edge.harness.devices.wheel.albert_edge.__version__", "0.1.1")
    newer = base_wheel()
    monkeypatch.undo()
    monkeypatch.setenv("ALBERT_EDGE_HOME", str(settings))
    monkeypatch.setattr(ssh, "base_wheel", lambda: newer)
    assert open_device("pi").check()["packages"]["click"]
    assert list((folder / "venv").rglob("albert_edge-0.1.1+h*.dist-info"))
    assert CliRunner().invoke(cli, ["device", "remove", "pi", "--clean"]).exit_code == 0
    assert not folder.exists()
    assert list(read_entries()) == ["local"]

"""Devices on loopback: a real sshd behind a line that a test can cut, with the base install already there."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Callable, Iterator

import pytest
from emulated import open_board
from loopback import Line, Server, processes_of, sshd, until, user

from albert_edge.harness.devices import ssh
from albert_edge.harness.devices.installing import MARKER, marker
from albert_edge.harness.devices.qemu.device import QemuDevice
from albert_edge.harness.devices.registry import Entry
from albert_edge.harness.devices.wheel import Wheel, base_wheel

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees or touches the devices of whoever runs it."""
    folder = tmp_path / "settings"
    monkeypatch.setenv("ALBERT_EDGE_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def model() -> Path:
    """A small file that needs no TensorFlow."""
    return ROOT / "examples" / "topics" / "topics.tflite"


@pytest.fixture(scope="session")
def wheel() -> Wheel:
    """The same through all tests, whatever is edited meanwhile."""
    return base_wheel()


@pytest.fixture(scope="session")
def board_named(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], QemuDevice]:
    """Opens an emulated board, once a session."""
    cache, opened = tmp_path_factory.mktemp("cache"), {}

    def board(name: str) -> QemuDevice:
        if name not in opened:
            opened[name] = open_board(name, cache)
        return opened[name]

    return board


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    pytest.importorskip("asyncssh", reason="needs asyncssh: pip install 'albert-edge[harness]'")
    with sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def line(server: Server) -> Iterator[Line]:
    line = Line(server.port)
    yield line
    line.close()


@pytest.fixture
def folder(tmp_path: Path, wheel: Wheel) -> Path:
    """The device's folder as an installation leaves it, but that its Python is this one."""
    folder = tmp_path / "device"
    (folder / "venv" / "bin").mkdir(parents=True)
    python = folder / "venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (folder / "wheels").mkdir()
    (folder / "wheels" / wheel.name).write_bytes(wheel.data)
    (folder / MARKER).write_text(json.dumps(marker(wheel.sha256, False, [])))
    return folder


@pytest.fixture
def entry(server: Server, line: Line, folder: Path, tmp_path: Path) -> Entry:
    """The device behind `line`, its host key known."""
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(server.known_hosts_line(line.port))
    return Entry(
        "pi",
        "ssh",
        "linux",
        {
            "host": "127.0.0.1",
            "port": line.port,
            "user": user(),
            "key": str(server.key),
            "known_hosts": str(known_hosts),
            "folder": str(folder),
            "python": sys.executable,
        },
    )


@pytest.fixture
def device(entry: Entry, wheel: Wheel, monkeypatch: pytest.MonkeyPatch) -> ssh.SshDevice:
    monkeypatch.setattr(ssh, "base_wheel", lambda: wheel)
    return ssh.SshDevice(entry)


@pytest.fixture
def running(folder: Path) -> Callable[[], dict[int, str]]:
    """The command lines of all processes that have to do with the device's folder."""
    return lambda: processes_of(folder)


@pytest.fixture
def gone(running: Callable[[], dict[int, str]]) -> Callable[[], bool]:
    """Whether nothing runs there any more: a process that has done all still has to end, so within a while."""
    return lambda: until(lambda: not running())

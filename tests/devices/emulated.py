"""Opens emulated boards for tests: those of the user's cache as they are, others set up in a folder of the session."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from albert_edge.errors import DeviceError
from albert_edge.harness.devices.qemu.device import QemuDevice
from albert_edge.harness.devices.registry import Entry


def open_board(name: str, own_cache: Path) -> QemuDevice:
    """The board `name`; skips the test, saying why, where it is neither set up nor can be."""
    device = QemuDevice(Entry(name, "qemu", name))
    with contextlib.suppress(DeviceError):
        if device.board:
            return device
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALBERT_EDGE_CACHE", str(own_cache))
        try:
            device.install()
        except DeviceError as error:
            pytest.skip(f"needs the board {name}, which can't be set up here: {error}")
    return device


def cache_of(device: QemuDevice) -> Path:
    """The cache folder in which the board lies."""
    return device.board.parts.sysroot.parent.parent

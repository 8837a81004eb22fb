"""Pinning the host key of a device over ssh: believed because its owner named it, never because it was offered."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Optional

from albert_edge.errors import DeviceError
from albert_edge.files import atomic_write
from albert_edge.harness.devices.registry import Entry, settings_folder
from albert_edge.harness.devices.sshlink import Address, LostError, offered_keys


def address_of(entry: Entry) -> Address:
    """Where the device is; the keys that `pin` wrote are believed, beside OpenSSH's and those of `known_hosts`."""
    values = entry.settings
    port = values["port"]
    if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65536:
        raise DeviceError(f"port of device {entry.name} must be from 1 to 65535; received {port!r}")
    user, key, known_hosts = (_text(values[name]) for name in ("user", "key", "known_hosts"))
    if key is not None and not Path(key).is_file():
        raise DeviceError(f"key of device {entry.name} must be the file of a private key; received {key!r}")
    files = (pinned_file(), *([Path(known_hosts)] if known_hosts else []))
    python = _text(values["python"]) or "python3"
    return Address(entry.name, str(values["host"]), port, user, key, python, files)


def pin(entry: Entry, fingerprint: str) -> None:
    """Believe from now on the key of the device's host that has `fingerprint`, SHA256:..., not the one of before.

    Raises `DeviceError` if the host offers none that has it.
    """
    address = address_of(entry)
    try:
        offered = asyncio.run(offered_keys(address))
    except LostError as error:
        raise DeviceError(f"device {entry.name} must be reached at {address.place}; received {error}") from error
    if fingerprint not in offered:
        raise DeviceError(
            f"device {entry.name} must have the host key {fingerprint}; received {', '.join(offered) or 'none'}"
        )
    path = pinned_file()
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    kept = [line for line in lines if line.split()[:1] != [address.place]]
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, ("\n".join([*kept, offered[fingerprint]]) + "\n").encode())


def pinned_file() -> Path:
    """The keys that were pinned, in OpenSSH's format."""
    return settings_folder() / "known_hosts"


def _text(value: object) -> Optional[str]:
    return None if value is None else str(value)

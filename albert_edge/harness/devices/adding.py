"""Adding a device: from what the user says to an entry, with everything put there that it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Optional

from albert_edge.errors import DeviceError
from albert_edge.harness.devices.profiles import profile_named, profile_names
from albert_edge.harness.devices.registry import Entry, add_entry, check_new, device_of

_PROFILES = {"ssh": "linux", "adb": "android"}
"""Kind -> the profile of a device that nothing is said about."""

_FILES = ("key", "known_hosts", "binary")


def new_entry(
    kind: str, address: Optional[str], name: Optional[str], profile: Optional[str], settings: Mapping[str, Any]
) -> Entry:
    """The entry of `device add KIND ADDRESS`; `kind` may be an emulated board's profile.

    Settings that are None count as not given. Raises `DeviceError` for one that the kind doesn't have.
    """
    given = {key: value for key, value in settings.items() if value is not None}
    given.update({key: str(Path(given[key]).expanduser().resolve()) for key in _FILES if key in given})
    boards = [each for each in profile_names() if profile_named(each).kind == "qemu"]
    if kind in boards:
        if address is not None or profile not in (None, kind):
            raise DeviceError(
                f"an emulated board must have no address or profile beside; received {address or profile!r}"
            )
        return Entry(name or kind, "qemu", kind, given)
    if kind not in _PROFILES:
        raise DeviceError(f"a device's kind must be one of {', '.join([*_PROFILES, *boards])}; received {kind!r}")
    if kind == "ssh":
        if address is None:
            raise DeviceError("a device over ssh must have an address, [USER@]HOST; received none")
        user, _, host = address.rpartition("@")
        given.update({"host": host, **({"user": user} if user else {})})
    elif address is not None:
        given["serial"] = address
    default = str(given["host"]) if kind == "ssh" else "android"
    return Entry(name or default, kind, profile or _PROFILES[kind], given)


def add_device(entry: Entry, host_key: Optional[str], install: bool, overwrite: bool) -> Entry:
    """Put there what a run needs, then write the entry; returns it. Nothing is written if anything fails before."""
    check_new(entry, overwrite)
    if host_key is not None:
        if entry.kind != "ssh":
            raise DeviceError(f"a host key must be of a device over ssh; received one for kind {entry.kind}")
        from albert_edge.harness.devices.hostkeys import pin

        pin(entry, host_key)
    device = device_of(entry)
    if install:
        device.install()
    add_entry(entry, overwrite)
    return entry


def clean_device(entry: Entry) -> None:
    """Remove what was put on the device, where its kind can."""
    clean = getattr(device_of(entry), "clean", None)
    if clean is None:
        raise DeviceError(f"a device to clean must be of a kind that keeps files there; received kind {entry.kind}")
    clean()


def place_of(entry: Entry) -> str:
    """Where it is, for people."""
    values = entry.settings
    if entry.kind == "ssh":
        return f"{values['user']}@{values['host']}" if values["user"] else str(values["host"])
    return str(values.get("serial") or "") if entry.kind == "adb" else "here"

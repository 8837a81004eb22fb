"""The user's devices by name: one JSON file that `albert-edge device` writes, `devices.json` in the settings' folder.

That folder is `ALBERT_EDGE_HOME` where it is set, else `albert-edge` in `XDG_CONFIG_HOME` or in `.config` of the home.
The device `local` is always there and in no file. Leaves out secrets: of a key the path is kept, never the key.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import re
from pathlib import Path
from typing import Any, Mapping, Optional, Union, cast

from albert_edge.errors import DeviceError
from albert_edge.files import atomic_write, read_json_object
from albert_edge.harness.devices.base import Device
from albert_edge.harness.devices.profiles import KINDS, profile_named

SCHEMA_VERSION = 1
ALL = "all"
LOCAL = "local"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

Setting = Union[str, int, None]

_SETTINGS: dict[str, dict[str, Setting]] = {
    "local": {},
    "ssh": {"host": None, "port": 22, "user": None, "key": None, "known_hosts": None, "folder": None, "python": None},
    "adb": {"serial": None, "binary": None, "app": None},
    "qemu": {},
}
"""Kind -> its settings and their defaults; each module says what they mean."""

REQUIRED = {"ssh": ("host",)}

_CLASSES = {
    "local": ("albert_edge.harness.devices.local", "LocalDevice"),
    "ssh": ("albert_edge.harness.devices.ssh", "SshDevice"),
    "adb": ("albert_edge.harness.devices.adb", "AdbDevice"),
    "qemu": ("albert_edge.harness.devices.qemu.device", "QemuDevice"),
}
"""Kind -> the class that takes an entry."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """A device as the file has it, checked. A device class is made from one: `QemuDevice(entry)`."""

    name: str
    kind: str
    profile: str
    settings: Mapping[str, Setting] = dataclasses.field(default_factory=dict)
    """All of the kind's, defaults included."""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name) or self.name == ALL:
            raise DeviceError(
                f"a device's name must be letters, digits, '.', '_' and '-', not {ALL}; received {self.name!r}"
            )
        if self.kind not in KINDS:
            raise DeviceError(f"a device's kind must be one of {', '.join(KINDS)}; received {self.kind!r}")
        profile = profile_named(self.profile)
        if self.kind == "qemu" and not profile.qemu_cpu:
            raise DeviceError(f"a profile of kind qemu must be one that can be emulated; received {self.profile!r}")
        known = _SETTINGS[self.kind]
        for key in self.settings:
            if key not in known:
                raise DeviceError(
                    f"a setting of kind {self.kind} must be one of {', '.join(known) or 'none'}; received {key!r}"
                )
        given = {key: value for key, value in self.settings.items() if value is not None}
        object.__setattr__(self, "settings", {**known, **given})
        for key in REQUIRED.get(self.kind, ()):
            if self.settings[key] is None:
                raise DeviceError(f"device {self.name} of kind {self.kind} must have a {key}; received none")

    @classmethod
    def from_dict(cls, name: str, values: Mapping[str, Any]) -> Entry:
        """The entry `name` as `to_dict` wrote it."""
        keys = ("kind", "profile", "settings")
        if not isinstance(values, Mapping) or set(values) != set(keys) or not isinstance(values["settings"], Mapping):
            raise DeviceError(f"device {name} must have {', '.join(keys)}; received {values!r}")
        return cls(name, *(values[key] for key in keys))

    def to_dict(self) -> dict[str, Any]:
        """As the file has it, under its name."""
        return {"kind": self.kind, "profile": self.profile, "settings": dict(self.settings)}


def settings_folder() -> Path:
    """Where `devices.json` lies, and what the kinds keep; it need not exist."""
    own = os.environ.get("ALBERT_EDGE_HOME")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "albert-edge"


def read_entries() -> dict[str, Entry]:
    """All devices by name, `local` first; raises `DeviceError` if the file can't be used."""
    entries = {LOCAL: Entry(LOCAL, LOCAL, LOCAL)}
    path = _file()
    if not path.exists():
        return entries
    values = read_json_object(path, DeviceError)
    if values.get("schema_version") != SCHEMA_VERSION or not isinstance(values.get("devices"), dict):
        raise DeviceError(
            f"devices must be in a file of schema_version {SCHEMA_VERSION}; "
            f"received {values.get('schema_version')!r} in {str(path)!r}"
        )
    return {**entries, **{name: Entry.from_dict(name, each) for name, each in values["devices"].items()}}


def add_entry(entry: Entry, overwrite: bool = False) -> None:
    """Write `entry` into the file; raises `DeviceError` for a name that is taken, unless `overwrite`."""
    check_new(entry, overwrite)
    _write({**read_entries(), entry.name: entry})


def check_new(entry: Entry, overwrite: bool) -> None:
    """Raise what `add_entry` would, before any work is done."""
    if entry.name == LOCAL or (entry.name in read_entries() and not overwrite):
        hint = "always there" if entry.name == LOCAL else "there; pass --overwrite to replace it"
        raise DeviceError(f"a device's name must be new; received {entry.name!r}, which is {hint}")


def remove_entry(name: str) -> Entry:
    """Take the device `name` out of the file; nothing on the device is touched."""
    if name == LOCAL:
        raise DeviceError(f"a device to remove must be one that was added; received {name!r}")
    entry = entry_named(name)
    _write({key: each for key, each in read_entries().items() if key != name})
    return entry


def entry_named(name: str) -> Entry:
    """The entry of the device `name`; raises `DeviceError` if there is none."""
    entries = read_entries()
    if name not in entries:
        raise DeviceError(f"a device must be one of {', '.join(entries)}; received {name!r}")
    return entries[name]


def open_device(name: str) -> Device:
    """The device `name`. Nothing is reached before one of its methods is called."""
    return device_of(entry_named(name))


def device_of(entry: Entry) -> Device:
    """The device of an entry, whether that is in the file or not."""
    module, name = _CLASSES[entry.kind]
    return cast(Device, getattr(importlib.import_module(module), name)(entry))


def described(entry: Optional[Entry]) -> Optional[dict[str, Any]]:
    """What stands under `device` in a result: name, kind and the profile's name."""
    return None if entry is None else {"name": entry.name, "kind": entry.kind, "profile": entry.profile}


def _file() -> Path:
    return settings_folder() / "devices.json"


def _write(entries: Mapping[str, Entry]) -> None:
    devices = {name: entry.to_dict() for name, entry in entries.items() if name != LOCAL}
    path = _file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        shown = f"{str(path.parent)!r} ({error.strerror})"
        raise DeviceError(f"the settings' folder must be writable; received {shown}") from error
    text = json.dumps({"schema_version": SCHEMA_VERSION, "devices": devices}, ensure_ascii=False, indent=2)
    atomic_write(path, f"{text}\n".encode())

"""From what `--target` says to a `Target`: `NAME`, `NAME==VERSION`, `android-VERSION`, or the name of a device.

Leaves out making a place for it: nothing is installed and no device is reached before `running.prepare`.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import re
from typing import Iterable, Optional

from albert_edge.errors import ConfigError, RuntimeUnavailableError
from albert_edge.harness.devices.profiles import profile_named, profile_names
from albert_edge.harness.devices.registry import LOCAL, read_entries
from converters.targets.families import FAMILIES, Family, Target

DEVICE_KINDS = ("qemu", "ssh")
"""Devices that can run a module of this project."""

_VERSION = re.compile(r"\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?")
"""One version, as a package states it: it becomes a folder's name and part of what pip is asked for."""


def parse_target(text: str) -> Target:
    """`text` as a target; a name without a version means the one that is installed, or else the one that was tried.

    Raises:
      ConfigError: an unknown name, what is no version, or one that was never tried where others aren't taken.
      RuntimeUnavailableError: no version is given or installed, or the device isn't set up.
    """
    name, version = _split(text)
    if name not in FAMILIES:
        return _of_device(text)
    family = FAMILIES[name]
    installed = installed_version(family.package)
    if version is None:
        version = installed if _is_taken(family, installed) else next(iter(family.versions), None)
    if version is None:
        raise RuntimeUnavailableError(
            f"target {text} needs a version where the package {family.package} isn't installed; received none"
        )
    if not _is_taken(family, version):
        raise ConfigError(f"target {name} must be of version {', '.join(family.versions)}; received {version!r}")
    if not _VERSION.fullmatch(version):
        raise ConfigError(f"a target's version must be one alone, as litert==2.3.0; received {text!r}")
    return _target(name, version, apart=version != installed)


def parse_targets(texts: Iterable[str]) -> tuple[Target, ...]:
    """Each text as a target, without repeats; at least one."""
    targets = tuple(dict.fromkeys(parse_target(text) for text in texts))
    if not targets:
        raise ConfigError("at least one target must be given; received none")
    return targets


def installed_targets() -> tuple[Target, ...]:
    """Every target that can be verified here without installing anything."""
    return tuple(target for target in map(_installed, FAMILIES) if target is not None)


def installed_version(package: str) -> Optional[str]:
    """Of a distribution in this environment; None: it isn't there."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _installed(name: str) -> Optional[Target]:
    family = FAMILIES[name]
    version = installed_version(family.package)
    return _target(name, version, apart=False) if version and _is_taken(family, version) else None


def _is_taken(family: Family, version: Optional[str]) -> bool:
    return not family.versions or version in family.versions


def _split(text: str) -> tuple[str, Optional[str]]:
    """Name and version, if there is one."""
    for name, family in FAMILIES.items():
        if text.startswith(f"{name}{family.separator}"):
            return name, text[len(name) + len(family.separator) :]
    return text, None


def _target(name: str, version: str, apart: bool) -> Target:
    family = FAMILIES[name]
    return Target(name, family.package, family.runtime, version, family.per_channel(version), apart)


def _of_device(name: str) -> Target:
    """The runtime that the profile of the device `name` has, on that device."""
    entry = read_entries().get(name)
    if entry is None or entry.name == LOCAL:
        raise _not_set_up(name) if name in _boards() else _unknown(name)
    if entry.kind not in DEVICE_KINDS:
        raise ConfigError(f"a target's device must be of kind {' or '.join(DEVICE_KINDS)}; received {entry.kind}")
    for requirement in profile_named(entry.profile).runtimes:
        package, _, version = requirement.partition("==")
        family = _family_of(package)
        if family and version:
            return dataclasses.replace(_target(family, version, apart=False), device=name)
    raise ConfigError(
        f"the profile of a target's device must name its runtime, as ai-edge-litert==2.3.0; received {entry.profile}"
    )


def _family_of(package: str) -> Optional[str]:
    return next((name for name, family in FAMILIES.items() if family.package == package), None)


def _boards() -> list[str]:
    """The devices that `albert-edge device add` sets up by their name alone."""
    return [name for name in profile_names() if profile_named(name).kind == "qemu"]


def _not_set_up(name: str) -> RuntimeUnavailableError:
    return RuntimeUnavailableError(
        f"target {name} needs its emulated board, as `albert-edge device add {name}` sets it up; received none"
    )


def _unknown(text: str) -> ConfigError:
    known = [_shown(name, family) for name, family in FAMILIES.items()]
    return ConfigError(
        f"a target must be one of {', '.join([*known, *_boards()])} or a device of `albert-edge device list`, "
        f"the first two with ==VERSION or not; received {text!r}"
    )


def _shown(name: str, family: Family) -> str:
    return name if family.separator == "==" else f"{name}{family.separator}{family.versions[0]}"

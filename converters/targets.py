"""Targets: the runtimes that a file is made for, what each can load, and how to run it there.

Loading is no evidence: tflite-runtime 2.14 loads some files of newer converters and answers wrongly without an error
(per-channel weights under an old operator version). So a target has two parts: what the converter must avoid for it,
and the interpreter in which the file is then run and compared.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
from typing import Iterable, Optional

from albert_edge.errors import ConfigError, RuntimeUnavailableError

DEFAULT_TARGET = "litert"


@dataclasses.dataclass(frozen=True)
class Target:
    """A runtime in one version."""

    name: str
    package: str
    """Its distribution on the package index."""
    runtime: str
    """Its name in `albert_edge.runtime`."""
    version: str
    per_channel: bool
    """Whether it computes rightly with one scale a row of an int8 matrix (FULLY_CONNECTED version 12)."""

    @property
    def label(self) -> str:
        """`NAME==VERSION`, as the manifest lists it."""
        return f"{self.name}=={self.version}"


@dataclasses.dataclass(frozen=True)
class _Family:
    package: str
    runtime: str
    per_channel: bool
    versions: tuple[str, ...]
    """The versions that were tried; empty: whichever is installed."""


_FAMILIES = {
    "litert": _Family("ai-edge-litert", "ai_edge_litert", per_channel=True, versions=()),
    "tflite-runtime": _Family("tflite-runtime", "tflite_runtime", per_channel=False, versions=("2.14.0",)),
}

_BOARDS = {"raspberry-pi-4": "litert", "raspberry-pi-5": "litert"}
"""Board -> the runtime that is installed there. Right answers are right on it too; its speed must be measured on it."""


def parse_target(text: str) -> Target:
    """`NAME` or `NAME==VERSION` as a target of the installed version; a board stands for its runtime.

    Raises:
      ConfigError: an unknown name, or a version that was never tried.
      RuntimeUnavailableError: another version, or none, is installed here, so that nothing could be verified.
    """
    name, _, version = text.partition("==")
    name = _BOARDS.get(name, name)
    family = _FAMILIES.get(name)
    if family is None:
        raise ConfigError(
            f"a target must be one of {', '.join([*_FAMILIES, *_BOARDS])}, with ==VERSION or not; received {text!r}"
        )
    installed = _installed_version(family.package)
    wanted = version or installed
    if wanted and family.versions and wanted not in family.versions:
        raise ConfigError(f"target {name} must be of version {', '.join(family.versions)}; received {wanted!r}")
    if installed is None or wanted != installed:
        raise RuntimeUnavailableError(
            f"target {text} needs the package {family.package}{'==' + version if version else ''} to be verified here; "
            f"received {installed or 'none'}"
        )
    return Target(name, family.package, family.runtime, installed, family.per_channel)


def parse_targets(texts: Iterable[str]) -> tuple[Target, ...]:
    """Each text as a target, without repeats; at least one."""
    targets = tuple(dict.fromkeys(parse_target(text) for text in texts))
    if not targets:
        raise ConfigError("at least one target must be given; received none")
    return targets


def installed_targets() -> tuple[Target, ...]:
    """Every target that can be verified here."""
    return tuple(parse_target(name) for name, family in _FAMILIES.items() if _installed_version(family.package))


def _installed_version(package: str) -> Optional[str]:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None

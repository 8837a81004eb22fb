"""`Target`: a runtime that a file is promised to, and the table of those that are known.

A target has three parts: what the converter must avoid for it, the package with its interpreter, and the place where a
file is run and compared: this process's own packages, an environment of its own, or a device.
"""

from __future__ import annotations

import dataclasses
from typing import Optional

from albert_edge.errors import CheckFailedError

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
    apart: bool = False
    """Whether it runs in an environment of its own: what is installed here is another version, or none."""
    device: Optional[str] = None
    """The device that it runs on, by its name in `albert-edge device list`; None: this machine."""

    @property
    def label(self) -> str:
        """As the manifest lists it: `litert==2.3.0`, `android-2.16.1`, `raspberry-pi-4 (litert==2.3.0)`."""
        family = FAMILIES[self.name]
        runtime = f"{self.name}{family.separator}{self.version}"
        return runtime if self.device is None else f"{self.device} ({runtime})"

    def check_runtime(self, received: str) -> None:
        """Raise `CheckFailedError` unless `received`, as a session says its runtime, is this target's."""
        expected = f"{self.package} {self.version}"
        if received != expected:
            raise CheckFailedError(f"target {self.label} must be run by {expected}; received {received}")


@dataclasses.dataclass(frozen=True)
class Family:
    """What the versions of a runtime have in common."""

    package: str
    runtime: str
    module: str
    """What an environment must be able to import."""
    versions: tuple[str, ...] = ()
    """The versions that were tried, where others aren't taken; empty: each that can be installed."""
    per_channel_since: Optional[tuple[int, ...]] = None
    """The first version that computes rightly with one scale a row; None: none does."""
    pythons: Optional[tuple[tuple[int, int], tuple[int, int]]] = None
    """The first and the last Python that it has wheels for, where that matters; None: any that this project runs on."""
    others: tuple[str, ...] = ("numpy<2; python_version < '3.13'", "numpy; python_version >= '3.13'", "sentencepiece")
    """What else an environment needs. Some versions are built for numpy 1, import beside numpy 2, and then fail."""
    separator: str = "=="
    """Between name and version."""

    def per_channel(self, version: str) -> bool:
        """Whether that version computes rightly with one scale a row."""
        since = self.per_channel_since
        return since is not None and numbers(version) >= since


def numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version, by which versions are in order: `2.1.0rc1` is (2, 1)."""
    found = []
    for part in version.split("."):
        if not part.isdecimal():
            break
        found.append(int(part))
    return tuple(found)


FAMILIES = {
    "litert": Family("ai-edge-litert", "ai_edge_litert", "ai_edge_litert.interpreter", per_channel_since=(1,)),
    "tflite-runtime": Family(
        "tflite-runtime",
        "tflite_runtime",
        "tflite_runtime.interpreter",
        versions=("2.14.0",),
        pythons=((3, 9), (3, 11)),
        others=("numpy<2", "sentencepiece"),
    ),
    # Android's tensorflow-lite AAR can't be loaded on a desktop. TensorFlow of the same version has its kernels, built
    # from the same sources, and its XNNPACK delegate.
    "android": Family(
        "tensorflow-cpu",
        "tensorflow",
        "tensorflow.lite.python.interpreter",
        versions=("2.16.1",),
        pythons=((3, 9), (3, 12)),
        separator="-",
    ),
}
"""By the name that `--target` takes."""

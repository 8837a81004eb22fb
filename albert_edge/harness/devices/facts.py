"""What a device says about itself: a program, `python -m albert_edge.harness.devices.facts`, that prints JSON."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import sys
from pathlib import Path
from typing import Any, Optional

from albert_edge.harness.environment import machine, software

RUNTIMES = ("ai-edge-litert", "tflite-runtime", "tensorflow")
"""Distributions, in the order in which a session takes the first that is installed."""

PACKAGES = ("numpy", "sentencepiece", "click")


def facts(root: Path = Path("/")) -> dict[str, Any]:
    """Machine and software as a result's environment has them, the runtimes' versions, and the free memory."""
    runtimes = {name: found for name in RUNTIMES if (found := version_of(name))}
    return {
        **machine(root),
        **software(),
        "runtime": next((f"{name} {version}" for name, version in runtimes.items()), None),
        "runtimes": runtimes,
        "packages": {name: version_of(name) for name in PACKAGES},
        "byte_order": sys.byteorder,
        "bits": 64 if sys.maxsize > 2**32 else 32,
        "system": platform.system(),
        "memory_mb": _memory_mb(root, "MemTotal"),
        "free_memory_mb": _memory_mb(root, "MemAvailable"),
    }


def version_of(distribution: str) -> Optional[str]:
    """The installed version, or None."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _memory_mb(root: Path, name: str) -> Optional[int]:
    """Of /proc/meminfo, in MiB."""
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith(f"{name}:")), None)


if __name__ == "__main__":
    print(json.dumps(facts()))

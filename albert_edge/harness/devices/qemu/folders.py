"""Where the emulator and the boards lie, each made once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Callable

from albert_edge.errors import DeviceError
from albert_edge.harness import cache


def qemu_folder() -> Path:
    """Where the emulator and the boards lie; it need not exist."""
    return cache.cache_folder() / "qemu"


def key_of(*parts: str) -> str:
    """A short name for what a folder is made of."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """As `cache.made_once`; raises `DeviceError` if the place can't be written to."""
    try:
        return cache.made_once(folder, make)
    except OSError as error:
        raise DeviceError(f"the cache folder must be writable; received {error} for {str(folder)!r}") from error

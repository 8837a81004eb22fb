"""Folders that are made once and kept: under the cache folder, complete or not there at all, made by one process only.

Leaves out updates: a folder's name says what is in it, and whoever wants it anew deletes it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Callable

from albert_edge.errors import DeviceError


def cache_folder() -> Path:
    """`ALBERT_EDGE_CACHE` where it is set, else `albert-edge` in `XDG_CACHE_HOME` or in `.cache` of the home."""
    own = os.environ.get("ALBERT_EDGE_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "albert-edge"


def qemu_folder() -> Path:
    """Where the emulator and the boards lie."""
    return cache_folder().absolute() / "qemu"


def key_of(*parts: str) -> str:
    """A short name for what a folder is made of."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """`folder`, which `make` fills beside its place first if it isn't there; others who want it too wait meanwhile.

    Raises `DeviceError` if the place can't be written to, and whatever `make` raises, leaving nothing behind.
    """
    if folder.is_dir():
        return folder
    # Qemu's user mode needs Linux anyway, and fcntl is not everywhere.
    import fcntl

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with open(folder.parent / f".{folder.name}.lock", "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                _make(folder, make)
    except OSError as error:
        raise DeviceError(f"the cache folder must be writable; received {error} for {str(folder)!r}") from error
    return folder


def _make(folder: Path, make: Callable[[Path], None]) -> None:
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        # A user's own folder would keep others out of what is in it.
        staging.chmod(0o755)
        make(staging)
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)

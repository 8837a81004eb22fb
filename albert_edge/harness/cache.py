"""What is made once and kept: folders under the cache folder, complete or not there at all, made by one process only.

Leaves out updates: a folder's name says what is in it, and whoever wants it anew deletes it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Callable, Iterator


def cache_folder() -> Path:
    """`ALBERT_EDGE_CACHE` where it is set, else `albert-edge` in `XDG_CACHE_HOME` or in `.cache` of the home."""
    own = os.environ.get("ALBERT_EDGE_CACHE")
    folder = Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "albert-edge"
    return folder.absolute()


def made_once(folder: Path, make: Callable[[Path], None], is_whole: Callable[[Path], bool] = Path.is_dir) -> Path:
    """`folder`, which `make` fills beside its place first if it isn't there and whole; others wait meanwhile.

    Raises `OSError` if the place can't be written to, and whatever `make` raises, leaving nothing behind.
    """
    if is_whole(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        if not is_whole(folder):
            _make(folder, make)
    return folder


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait, with a line on standard error, until no other process makes `folder`; the system notices one that died."""
    # What is kept needs Linux or macOS anyway, and fcntl is not everywhere.
    import fcntl

    with open(folder.parent / f".{folder.name}.lock", "wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another process that makes {folder}", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(folder: Path, make: Callable[[Path], None]) -> None:
    prefix = f".making-{folder.name}-"
    for left in folder.parent.glob(f"{prefix}*"):
        # By a process that was killed: this one alone may make it now.
        shutil.rmtree(left, ignore_errors=True)
    staging = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
    try:
        make(staging)
        # A user's own folder would keep others out of what is in it.
        staging.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)

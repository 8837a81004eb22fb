"""Writing a folder so that nobody ever sees half of one: complete beside the target, then renamed.

A folder that is replaced keeps the files in it that are not the model's. Between the two renames of a replacement
there is an instant without a folder; a process killed then leaves the old one, whole, in a hidden folder beside.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Mapping

from albert_edge.errors import FolderError
from albert_edge.files import PathLike, atomic_write, reported_as


def check_output_folder(path: PathLike, overwrite: bool) -> None:
    """Refuse early, before hours of work, an output folder that couldn't be written or may not be replaced.

    Nothing is left behind, no parent folder either: what is refused later shall have written nothing.
    """
    target = Path(path)
    if target.exists() and not target.is_dir():
        raise FolderError(f"the output must be a folder; received the file {str(target)!r}")
    if target.is_dir() and any(target.iterdir()) and not overwrite:
        raise FolderError(f"the output must not exist unless --overwrite is given; received {str(target)!r}")
    with reported_as(target):
        nearest = next(folder for folder in target.absolute().parents if folder.exists())
        os.rmdir(tempfile.mkdtemp(prefix=f".{target.name}.", dir=nearest))


def write_files(path: PathLike, files: Mapping[str, bytes], owned: frozenset[str], overwrite: bool) -> None:
    """Make the folder `path` of `files`, all or nothing.

    `owned` are the names that belong to the model: those in a replaced folder go, everything else in it stays.
    Raises `FolderError` if `path` exists and may not be replaced, `AlbertEdgeError` if it can't be written.
    """
    check_output_folder(path, overwrite)
    # Resolved, so that a link to a folder is followed and `.` has a name and a parent.
    target = Path(path).resolve()
    with reported_as(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        new, old = staging / "new", staging / "old"
        try:
            new.mkdir()
            for name, data in files.items():
                atomic_write(new / name, data)
            _swap(target, new, old)
            _bring_over(old, target, owned)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            # Fails, rightly, while the old folder is in it.
            with contextlib.suppress(OSError):
                staging.rmdir()
            raise
        shutil.rmtree(staging)


def _swap(target: Path, new: Path, old: Path) -> None:
    if target.exists():
        os.rename(target, old)
    try:
        os.rename(new, target)
    except OSError:
        if old.exists():
            os.rename(old, target)
        raise


def _bring_over(old: Path, target: Path, owned: frozenset[str]) -> None:
    if old.exists():
        for entry in old.iterdir():
            if entry.name not in owned:
                os.rename(entry, target / entry.name)

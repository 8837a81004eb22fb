"""Writing files so that nobody ever sees half of one: to a temporary name beside the target, then a rename."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any, Iterator, Optional, Union

from albert_edge.errors import AlbertEdgeError

PathLike = Union[str, "os.PathLike[str]"]


def atomic_write(path: PathLike, data: bytes) -> None:
    """Write `data` to `path` whole or not at all; raises `AlbertEdgeError` naming `path` if it can't be written."""
    with atomic_file(path) as temporary, open(temporary, "wb") as file:
        file.write(data)


@contextlib.contextmanager
def atomic_file(path: PathLike, folder: Optional[PathLike] = None) -> Iterator[str]:
    """The name of an empty file to fill, which becomes `path` when the block ends, and goes when that raises.

    A kill leaves it in `folder`, on the same disk as `path` (None: beside it). Raises as `atomic_write`.
    """
    target = Path(path)
    with reported_as(target):
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=folder or target.parent)
        os.close(handle)
        try:
            yield temporary
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise


def check_writable(path: PathLike, overwrite: bool = True) -> None:
    """Refuse early, before hours of work, an output `path` that can't be written or may not be replaced."""
    target = Path(path)
    if target.is_dir():
        raise AlbertEdgeError(f"the output must be a file; received the folder {str(target)!r}")
    if target.exists() and not overwrite:
        raise AlbertEdgeError(f"the output must not exist unless --overwrite is given; received {str(target)!r}")
    with reported_as(target):
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        os.close(handle)
        os.unlink(temporary)


def read_bytes(path: PathLike, error: type[AlbertEdgeError] = AlbertEdgeError) -> bytes:
    """All bytes of the file `path`; an unreadable one raises `error`, naming it and the reason."""
    with _read_as(path, error):
        return Path(path).read_bytes()


def file_sha256(path: PathLike, error: type[AlbertEdgeError] = AlbertEdgeError) -> str:
    """Of a file of any size, read block by block, in hexadecimal; an unreadable one raises `error` as `read_bytes`."""
    digest = hashlib.sha256()
    with _read_as(path, error), open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_json_object(path: PathLike, error: type[AlbertEdgeError]) -> dict[str, Any]:
    """The JSON object in the file `path`; anything else raises `error` with the file's name."""
    name = Path(path).name
    try:
        values = json.loads(read_bytes(path, error))
    except ValueError as reason:
        raise error(f"{name} must be JSON; received {str(path)!r} ({reason})") from reason
    if not isinstance(values, dict):
        raise error(f"{name} must hold an object; received a {type(values).__name__} in {str(path)!r}")
    return values


@contextlib.contextmanager
def reported_as(target: Path) -> Iterator[None]:
    """Turn an `OSError` while writing `target` into the one-line error."""
    try:
        yield
    except OSError as reason:
        raise AlbertEdgeError(f"the output must be writable; received {str(target)!r} ({reason.strerror})") from reason


@contextlib.contextmanager
def _read_as(path: PathLike, error: type[AlbertEdgeError]) -> Iterator[None]:
    try:
        yield
    except OSError as reason:
        raise error(f"the file must be readable; received {str(path)!r} ({reason.strerror})") from reason


def _umask() -> int:
    # There is no call that reads the mask without setting it.
    mask = os.umask(0)
    os.umask(mask)
    return mask

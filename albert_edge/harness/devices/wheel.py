"""The base wheel, made from the package that is running: what a device installs, from a checkout or a wheel alike.

Only `albert_edge`, whose commands for a device need nothing of `converters`. The version gets a local part, the hash of
the content, so that a device with an older build of the same version is seen to have another. Same content, same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import io
import zipfile
from pathlib import Path
from typing import NamedTuple

import albert_edge
from albert_edge.errors import DeviceError

_DATE = (1980, 1, 1, 0, 0, 0)
"""The first that a zip can hold."""

_SKIPPED = ("__pycache__",)


class Wheel(NamedTuple):
    """A wheel's file name and bytes."""

    name: str
    data: bytes

    @property
    def sha256(self) -> str:
        """Of the bytes, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


def base_wheel() -> Wheel:
    """The wheel; raises `DeviceError` if this package has no metadata, as one that was never installed."""
    files = _package_files()
    digest = hashlib.sha256()
    for name, data in files.items():
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    version = f"{albert_edge.__version__}+h{digest.hexdigest()[:12]}"
    info = f"albert_edge-{version}.dist-info"
    files[f"{info}/METADATA"] = _metadata(version)
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: albert-edge\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/entry_points.txt"] = b"[console_scripts]\nalbert-edge = albert_edge.cli:main\n"
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    return Wheel(f"albert_edge-{version}-py3-none-any.whl", _zipped(files))


def _package_files() -> dict[str, bytes]:
    folder = Path(albert_edge.__file__).resolve().parent
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not set(_SKIPPED) & set(path.parts)]
    return {path.relative_to(folder.parent).as_posix(): path.read_bytes() for path in paths}


def _metadata(version: str) -> bytes:
    try:
        text = importlib.metadata.distribution("albert-edge").read_text("METADATA") or (
            importlib.metadata.distribution("albert-edge").read_text("PKG-INFO")
        )
    except importlib.metadata.PackageNotFoundError:
        text = None
    if not text:
        raise DeviceError(
            "albert-edge must be installed here (pip install albert-edge), with its metadata; received none"
        )
    lines = text.split("\n")
    place = next(number for number, line in enumerate(lines) if line.startswith("Version:"))
    return "\n".join([*lines[:place], f"Version: {version}", *lines[place + 1 :]]).encode()


def _record(files: dict[str, bytes], own: str) -> bytes:
    """Each file with its hash as PEP 376 writes it, and the record itself without one."""
    lines = [f"{name},sha256={_digest(data)},{len(data)}" for name, data in files.items()]
    return ("\n".join([*lines, f"{own},,"]) + "\n").encode()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            member = zipfile.ZipInfo(name, _DATE)
            member.external_attr, member.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(member, data)
    return buffer.getvalue()

"""The APK as a zip: entries in a fixed order with a fixed date, data where Android can map it from the file.

Android maps what is stored, not deflated: the table of resources (from version 11 on at a multiple of 4 only), the
models, and native libraries at a multiple of the page size. So no second copy of the libraries lies on the phone, which
is also what Android's own plugin does when minSdk is 23 or more. 16 KB also fits devices whose pages have 4 KB.
"""

from __future__ import annotations

import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

DATE = (1981, 1, 1, 1, 1, 2)
"""Android's plugin writes this one into every entry."""
STORED_SUFFIXES = (".tflite", ".so", ".arsc", ".png", ".webp")
WORD_BYTES = 4
PAGE_BYTES = 16384
# The extra field in which Android's signer finds an entry's alignment, and keeps it.
_ALIGNMENT_FIELD = 0xD935
_LOCAL_HEADER_BYTES = 30


@dataclass(frozen=True)
class Entry:
    """A file that goes into the APK."""

    name: str
    data: bytes

    @property
    def stored(self) -> bool:
        """Whether it stays uncompressed."""
        return self.name.endswith(STORED_SUFFIXES)

    @property
    def alignment(self) -> int:
        """Of the data's offset in the APK, in bytes; 1 where it doesn't matter."""
        if not self.stored:
            return 1
        return PAGE_BYTES if self.name.endswith(".so") else WORD_BYTES


@dataclass(frozen=True)
class Member:
    """An entry as it lies in an APK."""

    name: str
    stored: bool
    size_bytes: int
    packed_bytes: int
    offset: int
    """Of its data in the file."""


def write_apk(path: Path, entries: list[Entry]) -> None:
    """Writes the entries in the order given; the same entries give the same bytes."""
    with open(path, "wb") as file, zipfile.ZipFile(file, "w") as archive:
        for entry in entries:
            info = zipfile.ZipInfo(entry.name, DATE)
            info.compress_type = zipfile.ZIP_STORED if entry.stored else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            info.extra = _padding(file.tell(), entry)
            archive.writestr(info, entry.data, compresslevel=9)
            # Its place is the local header; up to 16 KB of zeros an entry would lie in the directory too.
            info.extra = b""


def members(path: Path) -> list[Member]:
    """Every entry of an APK, in the directory's order."""
    with zipfile.ZipFile(path) as archive, open(path, "rb") as file:
        return [_member(info, file) for info in archive.infolist()]


def _member(info: zipfile.ZipInfo, file: BinaryIO) -> Member:
    # The local header has an extra field of its own, which the directory doesn't tell of.
    file.seek(info.header_offset)
    header = file.read(_LOCAL_HEADER_BYTES)
    name, extra = struct.unpack_from("<HH", header, 26)
    offset = info.header_offset + _LOCAL_HEADER_BYTES + name + extra
    stored = info.compress_type == zipfile.ZIP_STORED
    return Member(info.filename, stored, info.file_size, info.compress_size, offset)


def _padding(position: int, entry: Entry) -> bytes:
    """The extra field that moves the entry's data to a multiple of its alignment."""
    if entry.alignment == 1:
        return b""
    fixed = struct.pack("<HHH", _ALIGNMENT_FIELD, 0, entry.alignment)
    start = position + _LOCAL_HEADER_BYTES + len(entry.name.encode("utf-8")) + len(fixed)
    zeros = -start % entry.alignment
    return struct.pack("<HHH", _ALIGNMENT_FIELD, 2 + zeros, entry.alignment) + bytes(zeros)

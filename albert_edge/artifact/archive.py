"""The zip behind the flatbuffer that carries the associated files, in the one form that this project writes.

Follows TFLite Metadata: the zip's offsets count from the start of the whole file, so that `unzip -l model.tflite`,
Python's zipfile and the metadata extractors of MediaPipe and TFLite list it. Entries are stored (MediaPipe takes no
deflate), sorted by name, dated 1980-01-01, without extra fields or comments: the same files give the same bytes.

The reader needs no leniency: it takes names and sizes from the directory, writes all headers again and demands the same
bytes. So each field, each unused byte and, through the CRC, each byte of a file is checked.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from typing import BinaryIO, Mapping

from albert_edge.artifact.flatbuffer import IDENTIFIER
from albert_edge.errors import ArtifactError

MAX_FILES = 16
MAX_NAME_BYTES = 64
MAX_ARCHIVE_BYTES = 64 * 1024 * 1024
"""A SentencePiece model of 30,000 pieces has 0.8 MB."""
MAX_MODEL_BYTES = 2**31 - 1
"""Offsets in a flatbuffer are signed 32-bit numbers."""

_LOCAL = struct.Struct("<4s5H3I2H")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LOCAL_MARK, _ENTRY_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"

_VERSION_NEEDED = 10
_MADE_BY_UNIX = 3 << 8 | 20
_JANUARY_1_1980 = 0 << 9 | 1 << 5 | 1
_PERMISSIONS = 0o100644 << 16


def archive_bytes(files: Mapping[str, bytes], start: int) -> bytes:
    """The zip of `files` (name -> contents) for a place `start` bytes into the file."""
    headers, directory = _headers(files, start)
    entries = (header + files[name] for name, header in headers.items())
    return b"".join((*entries, directory))


def read_archive(file: BinaryIO) -> tuple[int, dict[str, bytes]]:
    """Number of bytes before the zip in an open artifact, and the zip's files.

    No more is held than what is returned: a device has little memory, and what was freed stays with the process. Raises
    `ArtifactError` where the file doesn't end with a zip in this project's form.
    """
    size_bytes = file.seek(0, os.SEEK_END)
    start, directory_start = _find_archive(file, size_bytes)
    file.seek(directory_start)
    directory = file.read(size_bytes - directory_start)
    files, headers = _read_entries(file, directory, start)
    if _headers(files, start) != (headers, directory):
        raise _not_ours("headers or contents that differ from it")
    return start, files


def _headers(files: Mapping[str, bytes], start: int) -> tuple[dict[str, bytes], bytes]:
    """What stands before each file, in order of the names, and what stands behind the last."""
    headers: dict[str, bytes] = {}
    entries = b""
    position = start
    for name, contents in sorted(files.items()):
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", name) or len(name) > MAX_NAME_BYTES:
            raise ArtifactError(
                f"an associated file must have a plain name of up to {MAX_NAME_BYTES} characters; received {name!r}"
            )
        encoded = name.encode()
        sizes = (zlib.crc32(contents), len(contents), len(contents), len(encoded), 0)
        common = (_VERSION_NEEDED, 0, 0, 0, _JANUARY_1_1980, *sizes)
        headers[name] = _LOCAL.pack(_LOCAL_MARK, *common) + encoded
        entries += _ENTRY.pack(_ENTRY_MARK, _MADE_BY_UNIX, *common, 0, 0, 0, _PERMISSIONS, position) + encoded
        position += len(headers[name]) + len(contents)
    end = _END.pack(_END_MARK, 0, 0, len(headers), len(headers), len(entries), position, 0)
    return headers, entries + end


def _find_archive(file: BinaryIO, size_bytes: int) -> tuple[int, int]:
    """Where the zip and, in it, its directory start."""
    if size_bytes < _END.size:
        raise _foreign(file, size_bytes)
    file.seek(size_bytes - _END.size)
    mark, *_, entries, directory_bytes, directory, _ = _END.unpack(file.read(_END.size))
    if mark != _END_MARK:
        raise _foreign(file, size_bytes)
    is_small = 1 <= entries <= MAX_FILES and directory_bytes <= MAX_FILES * (_ENTRY.size + MAX_NAME_BYTES)
    if not is_small or directory + directory_bytes + _END.size != size_bytes:
        raise _not_ours(f"an end record for {entries} files whose directory has {directory_bytes:,} bytes")
    file.seek(directory)
    first = file.read(min(_ENTRY.size, directory_bytes))
    start = int(_ENTRY.unpack(first)[-1]) if len(first) == _ENTRY.size else size_bytes
    if not 0 < start <= min(directory, MAX_MODEL_BYTES) or size_bytes - start > MAX_ARCHIVE_BYTES:
        raise _not_ours(f"one that starts at byte {start:,} of {size_bytes:,}")
    return start, directory


def _read_entries(file: BinaryIO, directory: bytes, start: int) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Contents and headers by name, from where `directory` says that they are: a lie gives other headers."""
    files: dict[str, bytes] = {}
    headers: dict[str, bytes] = {}
    position, end, bytes_left = 0, len(directory) - _END.size, MAX_ARCHIVE_BYTES
    while position < end:
        if position + _ENTRY.size > end:
            raise _not_ours("a directory that ends within an entry")
        entry = _ENTRY.unpack_from(directory, position)
        size_bytes, name_bytes, local = entry[9], entry[10], entry[-1]
        bytes_left -= _LOCAL.size + name_bytes + size_bytes
        if local < start or bytes_left < 0:
            raise _not_ours(f"an entry of {size_bytes:,} bytes at byte {local:,}")
        position += _ENTRY.size
        name = directory[position : position + name_bytes].decode("ascii", "replace")
        position += name_bytes
        file.seek(local)
        headers[name] = file.read(_LOCAL.size + name_bytes)
        files[name] = file.read(size_bytes)
    return files, headers


def _not_ours(received: str) -> ArtifactError:
    return ArtifactError(f"the zip in the file must be one of `albert-edge convert`; received {received}")


def _foreign(file: BinaryIO, size_bytes: int) -> ArtifactError:
    file.seek(0)
    if file.read(8)[4:] != IDENTIFIER:
        return ArtifactError(f"the file must be a .tflite; received {size_bytes:,} bytes that are none")
    return ArtifactError(
        "the file must end with the files that `albert-edge convert` puts there; received a .tflite without them, or "
        "one cut off or added to (`albert-edge inspect --foreign` shows any .tflite)"
    )

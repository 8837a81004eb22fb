"""Files as text, line by line or whole: strict UTF-8, with the place in each error.

A line ends with a line feed, with or without a carriage return before it, and nothing else ends one (`str.splitlines`
would also cut at U+2028 or a form feed). A byte order mark at the start is not text.
"""

from __future__ import annotations

import codecs
from typing import Iterable, Iterator

from albert_edge.errors import DataError
from albert_edge.files import PathLike, read_bytes


def read_lines(stream: Iterable[bytes], name: str, first: int = 1) -> Iterator[str]:
    """The lines of `stream`, a binary file or its lines from number `first` on, without their ends.

    Raises `DataError` (`name:line: ...`) on bytes that are not UTF-8, which halves of surrogate pairs aren't either.
    """
    for number, raw in enumerate(stream, start=first):
        if number == 1 and raw.startswith(codecs.BOM_UTF8):
            raw = raw[len(codecs.BOM_UTF8) :]
        line = raw[:-1] if raw.endswith(b"\n") else raw
        try:
            yield (line[:-1] if line.endswith(b"\r") else line).decode("utf-8")
        except UnicodeDecodeError as reason:
            raise DataError(
                f"{name}:{number}: text must be UTF-8; received the byte 0x{line[reason.start]:02x} "
                f"after {reason.start} bytes of the line"
            ) from reason


def file_lines(path: PathLike) -> Iterator[str]:
    """`read_lines` of the file `path`, read as it is consumed; raises `DataError` if it can't be read."""
    try:
        with open(path, "rb") as file:
            yield from read_lines(file, str(path))
    except OSError as reason:
        raise DataError(f"the file must be readable; received {str(path)!r} ({reason.strerror})") from reason


def file_text(path: PathLike) -> str:
    """The whole file `path`, its line ends as they are; raises `DataError` if it can't be read or isn't UTF-8."""
    try:
        return read_bytes(path, DataError).decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        raise DataError(
            f"{path}: text must be UTF-8; received the byte 0x{reason.object[reason.start]:02x} "
            f"after {reason.start} bytes of the file"
        ) from reason

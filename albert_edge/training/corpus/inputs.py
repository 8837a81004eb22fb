"""Text files, packed or not, cut at the ends of documents into pieces; and the documents of a piece.

A packed file can only be read from its start, so that one process cuts it; all else is done a piece at a time. Text
has a paragraph a line and a blank line between documents. A file called `.jsonl` (`.jsonl.gz` and so on) has a document
a row, whose line ends part paragraphs.
"""

from __future__ import annotations

import glob
import gzip
import json
import lzma
import zlib
from pathlib import Path
from typing import IO, Iterator, NamedTuple, Optional, Sequence

from albert_edge.errors import DataError
from albert_edge.files import PathLike
from albert_edge.model.packages import host_package
from albert_edge.text.lines import read_lines

PIECE_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 20
PACKED = (".gz", ".xz", ".zst")


class Document(NamedTuple):
    """Where a document stands, and its paragraphs without blanks at their ends; none of them is empty."""

    line: int
    paragraphs: list[str]


class Piece(NamedTuple):
    """A run of lines of an input: whole documents."""

    name: str
    """Unique, and sorts as the text stands in the inputs."""
    first_line: int
    """Its number in the file, from 1."""


def expanded(inputs: Sequence[PathLike]) -> list[str]:
    """The files of names and patterns (`news/*.txt.gz`, `**` for folders at any depth), each once.

    Raises `DataError` for one without a file.
    """
    found: list[str] = []
    for each in map(str, inputs):
        names = [each] if Path(each).is_file() else sorted(glob.glob(each, recursive=True))
        names = [name for name in names if Path(name).is_file()]
        if not names:
            raise DataError(f"the file must be readable; received {each!r}, which names none")
        found += [name for name in names if name not in found]
    return found


def is_rows(path: str) -> bool:
    """Whether the file holds JSON lines."""
    name = Path(path.lower())
    return (name.with_suffix("") if name.suffix in PACKED else name).suffix == ".jsonl"


def pieces(path: str, least_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Number of the first line and bytes of each piece of the file `path`, unpacked.

    Raises `DataError` (`path:line: ...`) for a file that can't be read or unpacked to its end.
    """
    line, first, size = 0, 1, 0
    kept: list[bytes] = []
    anywhere = is_rows(path)
    try:
        with open(path, "rb") as file:
            for raw in _lines(_unpacked(file, Path(path).suffix.lower())):
                line += 1
                kept.append(raw)
                size += len(raw)
                if size >= least_bytes and (anywhere or not raw.strip()):
                    yield first, b"".join(kept)
                    first, size, kept = line + 1, 0, []
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as reason:
        raise DataError(f"{path}:{line + 1}: the file must be readable to its end; received {reason}") from reason
    if kept:
        yield first, b"".join(kept)


def documents(lines: Sequence[bytes], first_line: int, path: str, field: str) -> Iterator[Document]:
    """The documents of a piece of the file `path`; raises `DataError` (`path:line: ...`) for one that can't be read."""
    text = enumerate(read_lines(lines, path, first_line), first_line)
    return _rows(text, path, field) if is_rows(path) else _documents(text)


def _documents(text: Iterator[tuple[int, str]]) -> Iterator[Document]:
    start = 0
    paragraphs: list[str] = []
    for number, line in text:
        if line.strip():
            start = start if paragraphs else number
            paragraphs.append(line.strip())
        elif paragraphs:
            yield Document(start, paragraphs)
            paragraphs = []
    if paragraphs:
        yield Document(start, paragraphs)


def _rows(text: Iterator[tuple[int, str]], path: str, field: str) -> Iterator[Document]:
    for number, line in text:
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as reason:
            raise DataError(f"{path}:{number}: a row must be JSON; received {line[:40]!r} ({reason})") from reason
        value = row.get(field) if isinstance(row, dict) else None
        if not isinstance(value, str):
            raise DataError(f"{path}:{number}: a row must have a text as {field!r}; received {line[:40]!r}")
        _check_characters(value, f"{path}:{number}")
        paragraphs = [part.strip() for part in value.split("\n") if part.strip()]
        if paragraphs:
            yield Document(number, paragraphs)


def _check_characters(text: str, place: str) -> None:
    """JSON can spell halves of surrogate pairs, which are no text."""
    try:
        text.encode()
    except UnicodeEncodeError as reason:
        raise DataError(f"{place}: text must be UTF-8; received {text[reason.start : reason.end]!r}") from reason


# === Packed files ===


def _unpacked(file: IO[bytes], suffix: str) -> Iterator[bytes]:
    if suffix == ".zst":
        yield from _unpacked_zst(file)
        return
    opened = {".gz": gzip.open, ".xz": lzma.open}.get(suffix)
    stream: IO[bytes] = opened(file) if opened else file  # type: ignore[operator]
    while block := stream.read(_BLOCK_BYTES):
        yield block


def _unpacked_zst(file: IO[bytes]) -> Iterator[bytes]:
    """Frame by frame: the package's own reader takes the end of a torn file for the end of the text."""
    package = host_package("zstandard", "reading .zst needs a package", "corpus")
    unpacker = None
    try:
        while block := file.read(_BLOCK_BYTES):
            rest: Optional[bytes] = block
            while rest:
                unpacker = unpacker or package.ZstdDecompressor(max_window_size=1 << 31).decompressobj()
                yield unpacker.decompress(rest)
                rest, unpacker = (unpacker.unused_data, None) if unpacker.eof else (None, unpacker)
    except package.ZstdError as reason:
        raise OSError(str(reason)) from reason
    if unpacker is not None:
        raise EOFError("a file that ends inside a zstd frame")


def _lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    kept: list[bytes] = []
    for block in blocks:
        first, *others = block.split(b"\n")
        kept.append(first)
        for line in others:
            yield b"".join(kept) + b"\n"
            kept = [line]
    last = b"".join(kept)
    if last:
        yield last

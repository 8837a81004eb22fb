"""The work on one piece, in two steps: its documents as they stay; and, once the copies are known, its records.

Between the two stand the files `documents/PIECE.txt` and `.npy`; the second step leaves `records/PIECE.bin` and
`.npy`. Either step's last file is a `.json` of its counts.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping

import numpy as np

from albert_edge.errors import AlbertEdgeError, DataError
from albert_edge.files import atomic_write, read_bytes, read_json_object, reported_as
from albert_edge.training.corpus.cleaning import cleaned, reason_to_drop
from albert_edge.training.corpus.duplicates import DOCUMENT, EXACT, entries, signature
from albert_edge.training.corpus.inputs import Piece, documents, pieces
from albert_edge.training.corpus.work import HELD_OUT, TRAIN, Work
from albert_edge.training.pretraining.records import Record, encoded
from albert_edge.training.pretraining.sentences import sentences

if TYPE_CHECKING:
    from numpy.typing import NDArray

RECORD_TOKENS = 4096
"""Pieces after which a record ends: passages are never joined across records."""

RECORD = np.dtype(
    [
        ("key", "V32"),  # chooses the shard, and orders what is in it
        ("held_out", "u1"),
        ("shard", "<u4"),
        ("start", "<u8"),  # its bytes in the piece's file
        ("length", "<u8"),
        ("tokens", "<u4"),
    ]
)
"""A record of a piece."""


def cut(work: Work, index: int) -> list[Piece]:
    """The pieces of the input `index`, each in a file `text/PIECE`."""
    done = work.path("text", f"{index:05d}.json")
    if not done.exists():
        found = []
        for number, (first_line, text) in enumerate(pieces(work.inputs[index], work.piece_bytes)):
            found.append(Piece(f"{index:05d}-{number:07d}", first_line))
            atomic_write(work.path("text", found[-1].name), text)
        _write_json(done, {"pieces": [list(piece) for piece in found]})
    return work.pieces(index)


def read(work: Work, piece: Piece) -> Iterator[tuple[int, bytes]]:
    """Clean the piece's documents, and give the entries by which copies are found (see `duplicates.entries`)."""
    done = work.path("documents", f"{piece.name}.json")
    raw = work.path("text", piece.name)
    if not done.exists():
        counts: Counter[str] = Counter()
        text = read_bytes(raw, AlbertEdgeError)
        kept = list(_kept(work, piece, io.BytesIO(text).readlines(), counts))
        table = np.zeros(len(kept), DOCUMENT)
        start = 0
        for row, (name, stays) in zip(table, kept):
            data = stays.encode()
            row["name"], row["digest"] = name, hashlib.sha256(data).digest()
            row["start"], row["length"] = start, len(data)
            start += len(data)
            if work.settings.near_duplicates:
                row["signature"] = signature(stays)
        atomic_write(work.path("documents", f"{piece.name}.txt"), b"".join(stays.encode() for _, stays in kept))
        _write_table(work.path("documents", f"{piece.name}.npy"), table)
        _write_json(done, counts)
    with reported_as(raw):
        raw.unlink(missing_ok=True)
    yield from entries(documents_of(work, piece.name), numbers(piece.name), work.settings.near_duplicates)


def _kept(work: Work, piece: Piece, lines: list[bytes], counts: Counter[str]) -> Iterator[tuple[bytes, str]]:
    """Hash as it came and text as it stays of each document that isn't dropped, counted."""
    settings = work.settings
    for document in documents(lines, piece.first_line, work.input_of(piece), settings.field):
        counts["documents_read"] += 1
        counts["characters_read"] += sum(map(len, document.paragraphs))
        stays = cleaned(document.paragraphs, settings)
        reason = reason_to_drop(stays, settings)
        if reason is not None:
            counts[f"dropped_{reason}"] += 1
            continue
        text = "\n".join(stays)
        counts["cleaned"] += stays != document.paragraphs
        if settings.mask_personal:
            from albert_edge.training.pretraining.privacy import mask_personal

            text, masked = mask_personal(text)
            counts.update({f"masked_{kind}": number for kind, number in masked.items()})
        yield hashlib.sha256("\n".join(document.paragraphs).encode()).digest(), text


def write(work: Work, name: str, copies: Iterable[bytes]) -> None:
    """The records of the piece `name`; `copies`: places of documents and reasons, as pairs of little uint32."""
    done = work.path("records", f"{name}.json")
    if not done.exists():
        reasons: dict[int, int] = {}
        for index, reason in np.frombuffer(b"".join(copies), "<u4").reshape(-1, 2).tolist():
            reasons[index] = min(reason, reasons.get(index, reason))
        counts: Counter[str] = Counter(
            "dropped_exact_copies" if reason == EXACT else "dropped_near_copies" for reason in reasons.values()
        )
        body = io.BytesIO()
        table = np.array(list(_records(work, name, set(reasons), body, counts)), RECORD)
        atomic_write(work.path("records", f"{name}.bin"), body.getvalue())
        _write_table(work.path("records", f"{name}.npy"), table)
        _write_json(done, counts)
    with reported_as(done):
        work.path("documents", f"{name}.txt").unlink(missing_ok=True)


def _records(
    work: Work, name: str, without: set[int], body: io.BytesIO, counts: Counter[str]
) -> Iterator[tuple[bytes, bool, int, int, int, int]]:
    text = read_bytes(work.path("documents", f"{name}.txt"), AlbertEdgeError)
    for index, row in enumerate(documents_of(work, name)):
        if index in without:
            continue
        document = row["name"].tobytes().hex()
        # By the text as it came: no other cleaning moves a document from one part to the other.
        held_out = int(document[:16], 16) / 16**16 < work.settings.held_out
        part = HELD_OUT if held_out else TRAIN
        counts[f"documents {part}"] += 1
        paragraphs = text[int(row["start"]) :][: int(row["length"])].decode().split("\n")
        for number, lengths, ids in _runs(work, paragraphs):
            record = Record(document, number, lengths, ids)
            data = encoded(record)
            # The hash sends parts of one document to different shards, the same ones whatever else is in the corpus.
            key = hashlib.sha256(f"{document} {number}".encode())
            shard = int(key.hexdigest(), 16) % work.settings.shards
            yield key.digest(), held_out, shard, body.tell(), len(data), len(ids)
            body.write(data)
            counts[f"segments {part}"] += len(lengths)


def _runs(work: Work, paragraphs: list[str]) -> Iterator[tuple[int, NDArray[np.int32], NDArray[np.int32]]]:
    """Neighbouring segments of about `RECORD_TOKENS` pieces together: a number from 0, lengths, ids."""
    tokenizer = work.tokenizer()
    by_sentence = work.settings.segments == "sentence"
    number, lengths, ids = 0, list[int](), list[int]()
    for text in paragraphs:
        for segment in sentences(text) if by_sentence else (text,):
            found = tokenizer.ids(segment)
            if found:
                lengths.append(len(found))
                ids += found
            if len(ids) >= RECORD_TOKENS:
                yield number, np.array(lengths, np.int32), np.array(ids, np.int32)
                number, lengths, ids = number + 1, [], []
    if ids:
        yield number, np.array(lengths, np.int32), np.array(ids, np.int32)


# === Files ===


def numbers(name: str) -> tuple[int, int]:
    """Those of input and piece."""
    first, second = name.split("-")
    return int(first), int(second)


def documents_of(work: Work, name: str) -> NDArray[np.void]:
    """`DOCUMENT` [N] of the piece, on disk until it is looked at."""
    return _table(work.path("documents", f"{name}.npy"))


def records_of(work: Work, name: str) -> NDArray[np.void]:
    """`RECORD` [N] of the piece, on disk until it is looked at."""
    return _table(work.path("records", f"{name}.npy"))


def counts_of(work: Work, kind: str, name: str) -> Mapping[str, int]:
    """What a step (`documents`, `records`) counted in the piece."""
    return read_json_object(work.path(kind, f"{name}.json"), AlbertEdgeError)


def _table(path: Path) -> NDArray[np.void]:
    try:
        table: NDArray[np.void] = np.load(path, mmap_mode="r")
    except (OSError, ValueError) as reason:
        raise DataError(f"{path}: a corpus that was stopped must be whole to go on; received {reason}") from reason
    return table


def _write_table(path: Path, table: NDArray[np.void]) -> None:
    data = io.BytesIO()
    np.save(data, table)
    atomic_write(path, data.getvalue())


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    atomic_write(path, json.dumps(values).encode())

"""A shard of the corpus: its records of all pieces, by their hashes' order, copied one by one."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import BinaryIO, Iterator, NamedTuple, Optional

from albert_edge.errors import AlbertEdgeError
from albert_edge.files import atomic_write, read_json_object, reported_as
from albert_edge.training.corpus.pieces import records_of
from albert_edge.training.corpus.work import HELD_OUT, Work
from albert_edge.training.pretraining.records import Shard

_OPEN_FILES = 64


class _Found(NamedTuple):
    key: bytes
    piece: str
    start: int
    length: int
    tokens: int


def merge(work: Work, part: str, index: int) -> None:
    """Write the shard `index` of `part`, if it has records, and what the manifest says of it."""
    done = _facts_path(work, part, index)
    if done.exists():
        return
    found = sorted(_found(work, part, index))
    values: Optional[dict[str, object]] = None
    if found:
        path = work.path("out", part) / f"{index:05d}-of-{work.settings.shards:05d}.tfrecord"
        with reported_as(path):
            path.parent.mkdir(exist_ok=True)
            _write(work, path, found)
        tokens = sum(each.tokens for each in found)
        values = {"file": path.name, "sha256": file_sha256(path), "records": len(found), "tokens": tokens}
    atomic_write(done, json.dumps({"shard": values}).encode())


def shard_facts(work: Work, part: str) -> tuple[Shard, ...]:
    """What `merge` left of each shard of `part` that has records."""
    found = [read_json_object(_facts_path(work, part, index), AlbertEdgeError) for index in range(work.settings.shards)]
    return tuple(Shard(**each["shard"]) for each in found if each["shard"] is not None)


def _facts_path(work: Work, part: str, index: int) -> Path:
    return work.path("records", f"{part}.shard-{index:05d}")


def _found(work: Work, part: str, index: int) -> Iterator[_Found]:
    for piece in work.all_pieces():
        table = records_of(work, piece.name)
        chosen = table[(table["shard"] == index) & (table["held_out"] == (part == HELD_OUT))]
        for row in chosen:
            where = (int(row["start"]), int(row["length"]), int(row["tokens"]))
            yield _Found(row["key"].tobytes(), piece.name, *where)


def _write(work: Work, path: Path, found: list[_Found]) -> None:
    """Under another name until it is whole."""
    from albert_edge.model.keras import tf

    handle, temporary = tempfile.mkstemp(prefix=".shard.", dir=Path(work.folder))
    os.close(handle)
    with contextlib.ExitStack() as stack, tf.io.TFRecordWriter(temporary) as writer:
        files: dict[str, BinaryIO] = {}
        for each in found:
            if each.piece not in files:
                if len(files) == _OPEN_FILES:
                    files.pop(next(iter(files))).close()
                source = work.path("records", f"{each.piece}.bin")
                files[each.piece] = stack.enter_context(open(source, "rb"))
            files[each.piece].seek(each.start)
            writer.write(files[each.piece].read(each.length))
    os.replace(temporary, path)


def file_sha256(path: Path) -> str:
    """Of a file of any size, read block by block; raises `OSError`."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()

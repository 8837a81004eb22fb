"""A shard of the corpus: its records of all pieces, by their hashes' order, copied one by one."""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path
from typing import BinaryIO, Iterator, NamedTuple, Optional

from albert_edge.errors import AlbertEdgeError
from albert_edge.files import atomic_file, atomic_write, file_sha256, read_json_object, reported_as
from albert_edge.training.corpus.pieces import records_of
from albert_edge.training.corpus.work import HELD_OUT, Work
from albert_edge.training.pretraining.records import Shard


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
    found = list(_found(work, part, index))
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
    """Under another name until it is whole: what a kill leaves half written must not lie among the shards."""
    from albert_edge.model.keras import tf

    with tempfile.TemporaryFile(dir=work.folder) as gathered, atomic_file(path, work.path("records", "")) as temporary:
        starts = list(_gather(work, found, gathered))
        with tf.io.TFRecordWriter(temporary) as writer:
            for each, start in sorted(zip(found, starts)):
                gathered.seek(start)
                writer.write(gathered.read(each.length))


def _gather(work: Work, found: list[_Found], into: BinaryIO) -> Iterator[int]:
    """Copy the records one after the other, and give where each begins.

    By their hashes neighbours come from any two pieces: read in that order, from more pieces than a process may have
    files open, nearly each record would open another.
    """
    for name, records in itertools.groupby(found, key=lambda each: each.piece):
        with open(work.path("records", f"{name}.bin"), "rb") as file:
            for each in records:
                file.seek(each.start)
                yield into.tell()
                into.write(file.read(each.length))

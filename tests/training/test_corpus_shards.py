"""A shard as it is written, from the records of many pieces, and as it is read, from whoever wrote it."""

import hashlib
import json

import numpy as np
import pytest

from albert_edge.training.corpus import shards
from albert_edge.training.corpus.pieces import RECORD
from albert_edge.training.corpus.settings import CorpusSettings
from albert_edge.training.corpus.work import Work
from albert_edge.training.pretraining.records import Record, encoded, read_records

PIECES, RECORDS = 70, 3


@pytest.fixture
def work(tmp_path):
    """`PIECES` pieces of `RECORDS` records, all of one shard."""
    work = Work(str(tmp_path / "work"), ("a.txt",), CorpusSettings(shards=1), "sentencepiece", {}, 1)
    work.prepare(b"")
    names = [f"00000-{piece:07d}" for piece in range(PIECES)]
    work.path("text", "00000.json").write_text(json.dumps({"pieces": [[name, 1] for name in names]}))
    for piece, name in enumerate(names):
        table, body = np.zeros(RECORDS, RECORD), b""
        for number, row in enumerate(table):
            ids = np.array([piece, number], np.int32)
            data = encoded(Record(f"document {piece}", number, np.array([2], np.int32), ids))
            key = hashlib.sha256(data).digest()
            row["key"], row["start"], row["length"], row["tokens"] = np.void(key), len(body), len(data), 2
            body += data
        work.path("records", f"{name}.bin").write_bytes(body)
        np.save(work.path("records", f"{name}.npy"), table)
    return work


def test_a_shard_has_its_records_in_the_order_of_their_hashes(work, monkeypatch):
    """Each piece's file is opened once, and none stays open: a process may have fewer files open than there are."""
    opened = []

    def counting(path, mode):
        assert all(file.closed for file in opened)
        opened.append(open(path, mode))  # noqa: SIM115 (what is tested closes it)
        return opened[-1]

    monkeypatch.setattr(shards, "open", counting, raising=False)
    shards.merge(work, "train", 0)
    (shard,) = shards.shard_facts(work, "train")
    assert len(opened) == PIECES
    path = work.path("out", "train") / shard.file
    found = [tuple(record.ids) for record in read_records(path)]
    keys = [hashlib.sha256(encoded(record)).digest() for record in read_records(path)]
    assert (shard.records, shard.tokens, keys) == (PIECES * RECORDS, 2 * PIECES * RECORDS, sorted(keys))
    assert set(found) == {(piece, number) for piece in range(PIECES) for number in range(RECORDS)}
    (work.path("out", "usual")).touch()
    assert path.stat().st_mode == work.path("out", "usual").stat().st_mode
    assert [each.name for each in path.parent.iterdir()] == [shard.file]

"""A shard as it is written, from the records of many pieces, and as it is read, from whoever wrote it."""

import hashlib
import json

import numpy as np
import pytest

from albert_edge.errors import DataError
from albert_edge.text.tokenizer import open_tokenizer
from albert_edge.training.corpus import shards
from albert_edge.training.corpus.pieces import RECORD
from albert_edge.training.corpus.settings import CorpusSettings
from albert_edge.training.corpus.work import Work
from albert_edge.training.pretraining.records import Corpus, Record, Shard, encoded, read_records
from albert_edge.training.pretraining.settings import PretrainingSettings
from albert_edge.training.pretraining.start import output_bias
from albert_edge.training.pretraining.stream import Examples

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


def record_of(ids, lengths=None):
    return encoded(Record("a", 0, [len(ids)] if lengths is None else lengths, ids))


def write_shard(path, *records):
    from albert_edge.model.keras import tf

    with tf.io.TFRecordWriter(str(path)) as writer:
        for each in records:
            writer.write(each)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (b"\xffno example", "must hold records of documents; received other bytes"),
        (b"", "received other bytes"),
        ([[5, 6], [3]], "lengths must sum to the ids; received 3 and 2"),
        ([[5, -1]], "ids must be from 0 and fit 32 bits; received -1 to 5"),
        ([[5, 2**32]], "ids must be from 0 and fit 32 bits; received 5 to 4294967296"),
    ],
    ids=["other bytes", "nothing", "other lengths", "negative", "large"],
)
def test_a_foreign_shard_of_other_things_is_one_line(tmp_path, record, message):
    raw = record if isinstance(record, bytes) else record_of(*record)
    write_shard(tmp_path / "a.tfrecord", record_of([5, 6]), raw)
    with pytest.raises(DataError, match=message) as caught:
        read_records(tmp_path / "a.tfrecord")
    assert str(caught.value).startswith(f"{tmp_path / 'a.tfrecord'}: a shard must")
    assert len(str(caught.value).splitlines()) == 1


def test_ids_of_no_piece_are_found_when_a_shard_is_read(tmp_path, vocab):
    tokenizer = open_tokenizer(vocab)
    size = tokenizer.vocab_size

    def inputs_and_bias(last):
        write_shard(tmp_path / "a.tfrecord", record_of([5, last]))
        digest = hashlib.sha256((tmp_path / "a.tfrecord").read_bytes()).hexdigest()
        corpus = Corpus(tmp_path, (Shard("a.tfrecord", digest, 1, 2),), 1, 1, "", {})
        examples = Examples(corpus, tokenizer, PretrainingSettings(steps=1, pair_objective="none"), 16)
        return (lambda: list(examples.once(1))), (lambda: output_bias(corpus, size))

    assert [len(read()) for read in inputs_and_bias(size - 1)] == [1, size]
    for read in inputs_and_bias(size):
        with pytest.raises(DataError, match=rf"a\.tfrecord: ids must be below {size}, .* received {size}"):
            read()

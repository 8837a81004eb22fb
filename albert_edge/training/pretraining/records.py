"""A corpus on disk: shards of TFRecords and a manifest, which any program that writes TFRecords can make.

    manifest.json             counts, hashes, the tokenizer's options
    spiece.model, vocab.txt   the vocabulary that the ids are of
    00000-of-00016.tfrecord   records, each a `tf.train.Example`

A record is a run of segments (sentences or paragraphs) of one document, in their order: `document`, which documents
with other text don't share; `part`, the record's place in the document, from 0; `lengths`, the pieces of each segment;
`ids`, the pieces of all of them in a row, without special ones. Parts of one document lie in different shards, so that
each shard is a sample of the whole corpus.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Optional

import numpy as np

from albert_edge.errors import DataError
from albert_edge.files import PathLike, file_sha256, read_json_object

if TYPE_CHECKING:
    from numpy.typing import NDArray

MANIFEST_FILE = "manifest.json"
SCHEMA_VERSION = 1


class Record(NamedTuple):
    """A run of segments of one document."""

    document: str
    part: int
    lengths: NDArray[np.int32]
    """int32 [S]: pieces of each segment, each at least 1."""
    ids: NDArray[np.int32]
    """int32 [sum of `lengths`]"""


@dataclasses.dataclass(frozen=True)
class Shard:
    """A file of records."""

    file: str
    sha256: str
    records: int
    tokens: int


@dataclasses.dataclass(frozen=True)
class Corpus:
    """A folder of shards, by its manifest."""

    folder: Path
    shards: tuple[Shard, ...]
    documents: int
    segments: int
    vocabulary_sha256: str
    tokenizer: Mapping[str, Any]
    """The options that the ids were made with."""
    build: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """How it was made, if its maker says so: inputs, settings, and counts of what was dropped and why."""

    @property
    def tokens(self) -> int:
        """Of all shards, without special pieces."""
        return sum(shard.tokens for shard in self.shards)

    def facts(self) -> dict[str, Any]:
        """What decides which ids a training sees, as JSON values."""
        return {
            "shards": [shard.sha256 for shard in self.shards],
            "documents": self.documents,
            "segments": self.segments,
            "tokens": self.tokens,
            "vocabulary_sha256": self.vocabulary_sha256,
        }

    def manifest(self) -> bytes:
        """The contents of `manifest.json`."""
        values = {
            "schema_version": SCHEMA_VERSION,
            **self.facts(),
            "tokenizer": dict(self.tokenizer),
            "shards": [dataclasses.asdict(shard) for shard in self.shards],
            **({"build": dict(self.build)} if self.build else {}),
        }
        return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode()

    def read(self, shard: int, vocab_size: Optional[int] = None) -> list[Record]:
        """The records of a shard; raises `DataError` if its bytes aren't those of the manifest, and for an id that a
        vocabulary of `vocab_size` pieces (None: any) doesn't have."""
        entry = self.shards[shard]
        path = self.folder / entry.file
        found = file_sha256(path, DataError)
        if found != entry.sha256:
            raise DataError(f"{path}: a shard must have the manifest's SHA-256, {entry.sha256}; received {found}")
        records = read_records(path)
        highest = max((int(record.ids.max()) for record in records), default=0)
        if vocab_size is not None and highest >= vocab_size:
            raise DataError(f"{path}: ids must be below {vocab_size}, the pieces of the vocabulary; received {highest}")
        return records


def open_corpus(folder: PathLike) -> Corpus:
    """The corpus in `folder`; raises `DataError` for a manifest that is missing or isn't one of this version."""
    path = Path(folder) / MANIFEST_FILE
    if not path.is_file():
        inside = [part for part in ("train", "held-out") if (Path(folder) / part / MANIFEST_FILE).is_file()]
        hint = f", did you mean {', '.join(str(Path(folder) / part) for part in inside)}?" if inside else ""
        raise DataError(
            f"a corpus must be a folder with {MANIFEST_FILE}, as `albert-edge corpus` writes; "
            f"received {str(folder)!r} without{hint}"
        )
    values = read_json_object(path, DataError)
    if values.get("schema_version") != SCHEMA_VERSION:
        raise DataError(f"{path}: schema_version must be {SCHEMA_VERSION}; received {values.get('schema_version')!r}")
    try:
        shards = tuple(Shard(**shard) for shard in values["shards"])
        counts = {name: values[name] for name in ("documents", "segments", "vocabulary_sha256", "tokenizer")}
        counts["build"] = values.get("build", {})
    except (KeyError, TypeError) as reason:
        raise DataError(f"{path}: a manifest must hold what a corpus has; received one without ({reason})") from reason
    if not shards:
        raise DataError(f"{path}: a corpus must have shards; received none")
    return Corpus(Path(folder), shards, **counts)


def encoded(record: Record) -> bytes:
    """The record as the bytes of a `tf.train.Example`."""
    from albert_edge.model.keras import tf

    def whole_numbers(values: Any) -> Any:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    document = tf.train.Feature(bytes_list=tf.train.BytesList(value=[record.document.encode()]))
    features = {
        "document": document,
        "part": whole_numbers([record.part]),
        "lengths": whole_numbers(record.lengths),
        "ids": whole_numbers(record.ids),
    }
    serialized: bytes = tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString(
        deterministic=True
    )
    return serialized


def read_records(path: PathLike) -> list[Record]:
    """Every record of a shard; raises `DataError` on a file that isn't TFRecords of such records."""
    from albert_edge.model.keras import tf

    try:
        return [_decoded(raw) for raw in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()]
    except (tf.errors.OpError, ValueError, KeyError, IndexError) as reason:
        raise DataError(f"{path}: a shard must hold records of documents; received other bytes ({reason})") from reason


def _decoded(raw: bytes) -> Record:
    from albert_edge.model.keras import tf

    try:
        features = tf.train.Example.FromString(raw).features.feature
    except Exception as reason:  # of protobuf, which only TensorFlow imports here
        raise ValueError(str(reason)) from reason
    lengths, ids = (np.array(features[name].int64_list.value, np.int64) for name in ("lengths", "ids"))
    if lengths.sum() != len(ids) or not len(ids) or lengths.min() < 1:
        raise ValueError(f"lengths must sum to the ids; received {lengths.sum()} and {len(ids)}")
    if ids.min() < 0 or ids.max() > np.iinfo(np.int32).max:
        raise ValueError(f"ids must be from 0 and fit 32 bits; received {ids.min()} to {ids.max()}")
    document = features["document"].bytes_list.value[0].decode()
    part = features["part"].int64_list.value[0]
    return Record(document, part, lengths.astype(np.int32), ids.astype(np.int32))

"""Writing a corpus from plain text on this machine: documents, segments, ids, shards.

A paragraph is a line, a blank line separates documents, `.gz` and `.xz` are unpacked. A document's hash decides
whether it is held out, so that the choice depends on its text alone. Only one document is in memory at a time. Leaves
out cleaning and near duplicates; an exact duplicate is dropped.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import lzma
import shutil
from pathlib import Path
from typing import IO, Any, Iterable, Iterator, Sequence

import numpy as np

from albert_edge.errors import ConfigError, DataError
from albert_edge.files import PathLike, atomic_write
from albert_edge.model.output import check_output_folder
from albert_edge.text.lines import read_lines
from albert_edge.text.tokenizer import Tokenizer, open_tokenizer
from albert_edge.training.pretraining.records import MANIFEST_FILE, Corpus, Record, Shard, encoded
from albert_edge.training.pretraining.sentences import sentences

RECORD_TOKENS = 4096
"""Pieces after which a record ends: passages are never joined across records."""

SEGMENTS = ("sentence", "paragraph")

TRAIN, HELD_OUT = "train", "held-out"
"""The folders of the two parts."""

_OPENERS: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open}


def write_corpus(
    inputs: Sequence[PathLike],
    vocab: PathLike,
    out: PathLike,
    *,
    held_out: float = 0.0,
    shards: int = 16,
    segments: str = "sentence",
    overwrite: bool = False,
) -> dict[str, Corpus]:
    """Write the corpora `out/train` and, with a share `held_out` of the documents, `out/held-out`; both by name.

    `inputs` are text files, `vocab` is a vocabulary as `open_tokenizer` takes it. Raises `DataError` for a file that
    can't be read or parts without a document, `ConfigError` for a share or a kind of segments that can't be.
    """
    if not 0 <= held_out < 1:
        raise ConfigError(f"held_out must be in [0, 1); received {held_out}")
    if segments not in SEGMENTS:
        raise ConfigError(f"segments must be one of {', '.join(SEGMENTS)}; received {segments!r}")
    check_output_folder(out, overwrite)
    tokenizer = open_tokenizer(vocab)
    names = [TRAIN, *([HELD_OUT] if held_out else [])]
    with contextlib.ExitStack() as stack:
        writers = {name: stack.enter_context(CorpusWriter(Path(out) / name, tokenizer, shards)) for name in names}
        seen: set[str] = set()
        for document in (document for path in inputs for document in documents(path)):
            name = hashlib.sha256("\n".join(document).encode()).hexdigest()
            if name not in seen:
                seen.add(name)
                part = HELD_OUT if int(name[:16], 16) / 16**16 < held_out else TRAIN
                writers[part].add(name, _segments(document, segments))
    return {name: writer.finish() for name, writer in writers.items()}


def documents(path: PathLike) -> Iterator[list[str]]:
    """The documents of the text file `path`, each a list of paragraphs; raises `DataError` as `read_lines` does."""
    opener = _OPENERS.get(Path(path).suffix.lower(), open)
    try:
        with opener(path, "rb") as file:
            yield from _documents(file, str(path))
    except (OSError, EOFError, lzma.LZMAError) as reason:
        raise DataError(f"the file must be readable; received {str(path)!r} ({reason})") from reason


def _documents(file: IO[bytes], name: str) -> Iterator[list[str]]:
    paragraphs: list[str] = []
    for line in read_lines(file, name):
        if line.strip():
            paragraphs.append(line.strip())
        elif paragraphs:
            yield paragraphs
            paragraphs = []
    if paragraphs:
        yield paragraphs


def _segments(document: Iterable[str], kind: str) -> Iterator[str]:
    return (part for text in document for part in (sentences(text) if kind == "sentence" else (text,)))


class CorpusWriter:
    """Writes documents into the shards of the folder `folder`, as a context that closes them."""

    def __init__(self, folder: Path, tokenizer: Tokenizer, shards: int) -> None:
        from albert_edge.model.keras import tf

        self._folder, self._tokenizer = folder, tokenizer
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._files = [f"{index:05d}-of-{shards:05d}.tfrecord" for index in range(shards)]
        self._writers = [tf.io.TFRecordWriter(str(folder / file)) for file in self._files]
        self._records, self._tokens = [0] * shards, [0] * shards
        self._documents = self._segments = 0

    def __enter__(self) -> CorpusWriter:
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers:
            writer.close()

    def add(self, name: str, segments: Iterable[str]) -> None:
        """A document called `name`, which has its text's hash in it."""
        self._documents += 1
        for part, pieces in enumerate(_runs(filter(None, map(self._tokenizer.ids, segments)))):
            lengths = np.array([len(each) for each in pieces], np.int32)
            record = Record(name, part, lengths, np.array([each for ids in pieces for each in ids], np.int32))
            # The hash sends parts of one document to different shards, the same ones whatever else is in the corpus.
            shard = int(hashlib.sha256(f"{name} {part}".encode()).hexdigest(), 16) % len(self._files)
            self._writers[shard].write(encoded(record))
            self._records[shard] += 1
            self._tokens[shard] += len(record.ids)
            self._segments += len(lengths)

    def finish(self) -> Corpus:
        """Write the manifest, after the context has closed the shards; raises `DataError` without any record."""
        counted = zip(self._files, self._records, self._tokens)
        shards = tuple(Shard(file, _sha256(self._folder / file), *counts) for file, *counts in counted if counts[0])
        if not shards:
            raise DataError(f"a corpus must have text; received none for {str(self._folder)!r}")
        tokenizer = self._tokenizer
        vocabulary = hashlib.sha256(tokenizer.model).hexdigest()
        options = tokenizer.options.to_dict()
        corpus = Corpus(self._folder, shards, self._documents, self._segments, vocabulary, options)
        atomic_write(self._folder / tokenizer.file_name, tokenizer.model)
        atomic_write(self._folder / MANIFEST_FILE, corpus.manifest())
        return corpus


def _runs(segments: Iterable[list[int]]) -> Iterator[list[list[int]]]:
    """Neighbouring segments of about `RECORD_TOKENS` pieces together."""
    run: list[list[int]] = []
    tokens = 0
    for ids in segments:
        run.append(ids)
        tokens += len(ids)
        if tokens >= RECORD_TOKENS:
            yield run
            run, tokens = [], 0
    if run:
        yield run


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

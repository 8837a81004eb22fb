"""The public `build_corpus`: from text files to the folders `out/train` and `out/held-out` that `pretrain` reads.

While it runs the folder `OUT.corpus` holds what is done; after a kill the same call goes on from there, and ends with
the same bytes, as it does with another number of workers or inputs in another order.
"""

from __future__ import annotations

import collections
import dataclasses
import hashlib
import importlib.util
import json
import os
import shutil
from pathlib import Path
from typing import Any, Optional, Sequence

import albert_edge
from albert_edge.errors import AlbertEdgeError, ConfigError, DataError, MissingPackageError
from albert_edge.files import PathLike, atomic_write, file_sha256, read_json_object, reported_as
from albert_edge.model.output import check_output_folder
from albert_edge.text.tokenizer import open_tokenizer
from albert_edge.training.corpus import pipeline
from albert_edge.training.corpus.inputs import PIECE_BYTES, expanded
from albert_edge.training.corpus.pieces import counts_of
from albert_edge.training.corpus.progress import watched
from albert_edge.training.corpus.settings import CorpusSettings
from albert_edge.training.corpus.shards import shard_facts
from albert_edge.training.corpus.work import FOLDERS, HELD_OUT, REQUEST_FILE, TRAIN, VOCABULARY_FILE, Work
from albert_edge.training.pretraining.records import MANIFEST_FILE, Corpus
from albert_edge.training.reporting import Reporter
from albert_edge.training.snapshot import check_same_request

_REPLACED = "old"
"""In the work folder: the corpus that the new one takes the place of."""


def build_corpus(
    inputs: Sequence[PathLike],
    vocab: PathLike,
    out: PathLike,
    *,
    overwrite: bool = False,
    restart: bool = False,
    runner: str = pipeline.LOCAL,
    workers: Optional[int] = None,
    beam_options: Sequence[str] = (),
    reporter: Optional[Reporter] = None,
    piece_bytes: int = PIECE_BYTES,
    **settings: Any,
) -> dict[str, Corpus]:
    """Write the corpora `out/train` and, with a share `held_out` of the documents, `out/held-out`; both by name.

    `inputs` are text files or patterns (see `inputs`), `vocab` is a vocabulary as `open_tokenizer` takes it, `settings`
    are those of `CorpusSettings`. `workers`: processes of the local runner, None for one a core. Another `runner` is
    one of Beam's, which `beam_options` configure. `piece_bytes`: of text, about, that a worker has in memory.

    Raises `DataError` (`path:line: ...`) for a file that can't be read or parts without a document, `ConfigError` for a
    setting that can't be, `MissingPackageError` without the extra `corpus`.
    """
    chosen = CorpusSettings.from_dict(settings)
    workers = workers if workers is not None else len(os.sched_getaffinity(0))
    _check_packages(chosen)
    pipeline.check_options(runner, workers, beam_options)
    check_output_folder(out, overwrite)
    _check_holds_alone(Path(out), (TRAIN, HELD_OUT), "a corpus")
    tokenizer = open_tokenizer(vocab)
    files = expanded(inputs)
    folder = work_folder(Path(out))
    options = tokenizer.options.to_dict()
    work = Work(str(folder), tuple(map(os.path.abspath, files)), chosen, tokenizer.kind, options, piece_bytes)
    facts = _facts(files, tokenizer.model, work)
    _go_on(folder, facts, restart)
    work.prepare(tokenizer.model)
    atomic_write(folder / REQUEST_FILE, json.dumps(facts).encode())
    _run(work, runner, workers, beam_options, reporter or Reporter())
    found = {part: _finished(work, part, facts) for part in work.parts}
    for part in found:
        atomic_write(work.path("out", part) / tokenizer.file_name, tokenizer.model)
    _move(work.path("out", ""), Path(out))
    _forget(folder)
    return {part: dataclasses.replace(corpus, folder=Path(out) / part) for part, corpus in found.items()}


def work_folder(out: Path) -> Path:
    """Where the call that will write `out` keeps what is done."""
    resolved = out.resolve()
    return resolved.with_name(f"{resolved.name}.corpus")


def _check_holds_alone(folder: Path, known: Sequence[str], what: str) -> None:
    found = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    # A kill may have left a file under the name that `atomic_write` gives it first.
    others = [name for name in found if not any(name == each or name.startswith(f".{each}.") for each in known)]
    if others:
        raise ConfigError(
            f"a folder that is replaced must hold {what} alone; received {others[0]!r} in {str(folder)!r}"
        )


def _check_packages(settings: CorpusSettings) -> None:
    for name in ("apache_beam", *(["datasketch"] if settings.near_duplicates else [])):
        if importlib.util.find_spec(name) is None:
            raise MissingPackageError(
                f"a corpus needs its extra's packages (pip install 'albert-edge[host,corpus]'); received no {name!r}"
            )


def _facts(files: Sequence[str], vocabulary: bytes, work: Work) -> dict[str, Any]:
    """Everything that decides the bytes, as JSON values."""
    return {
        "inputs": [{"file": Path(file).name, "sha256": file_sha256(file, DataError)} for file in files],
        "vocabulary_sha256": hashlib.sha256(vocabulary).hexdigest(),
        "tokenizer": work.tokenizer_options,
        "piece_bytes": work.piece_bytes,
        **work.settings.to_dict(),
        "project_version": albert_edge.__version__,
    }


def _go_on(folder: Path, facts: dict[str, Any], restart: bool) -> None:
    """Leave what an earlier call with these `facts` has done, and nothing else."""
    path = folder / REQUEST_FILE
    if path.exists() and not restart:
        check_same_request(path, read_json_object(path, AlbertEdgeError), facts)
    elif folder.exists():
        _check_holds_alone(folder, (REQUEST_FILE, VOCABULARY_FILE, *FOLDERS, _REPLACED), "the work on a corpus")
        _forget(folder)


def _forget(folder: Path) -> None:
    # The request goes first: a kill on the way must not leave finished steps that nothing says the inputs of.
    with reported_as(folder):
        (folder / REQUEST_FILE).unlink(missing_ok=True)
        shutil.rmtree(folder)


def _run(work: Work, runner: str, workers: int, options: Sequence[str], reporter: Reporter) -> None:
    try:
        with watched(work, reporter):
            pipeline.run(work, runner, workers, options)
    except Exception as reason:
        # Beam gives a worker's exception another class and a longer message.
        left = work.left_error()
        if left is None:
            raise
        raise left from reason


def _finished(work: Work, part: str, facts: dict[str, Any]) -> Corpus:
    """The part's corpus in the work folder, with its manifest."""
    counts: collections.Counter[str] = collections.Counter()
    for piece in work.all_pieces():
        for kind in ("documents", "records"):
            counts.update(counts_of(work, kind, piece.name))
    shards = shard_facts(work, part)
    if not shards:
        found = ", ".join(f"{name} {number:,}" for name, number in sorted(counts.items()))
        raise DataError(f"a corpus must have text; received none for {part!r} ({found})")
    built = {
        "counts": {name: number for name, number in sorted(counts.items()) if " " not in name},
        "settings": work.settings.to_dict(),
        "inputs": sorted(facts["inputs"], key=lambda each: (each["sha256"], each["file"])),
        "project_version": facts["project_version"],
    }
    corpus = Corpus(
        work.path("out", part),
        shards,
        counts[f"documents {part}"],
        counts[f"segments {part}"],
        facts["vocabulary_sha256"],
        work.tokenizer_options,
        built,
    )
    atomic_write(corpus.folder / MANIFEST_FILE, corpus.manifest())
    return corpus


def _move(made: Path, out: Path) -> None:
    """Put the folder in its place at once; an old one goes into the work folder first."""
    target = out.resolve()
    with reported_as(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            shutil.rmtree(made.parent / _REPLACED, ignore_errors=True)
            os.rename(target, made.parent / _REPLACED)
        os.rename(made, target)

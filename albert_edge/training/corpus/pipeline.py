"""The steps as a Beam pipeline, which any of its runners takes; the only file that names Beam.

What is grouped are keys of bands with places, places of copies, and a count: texts and records pass from step to step
through the folder `OUT.corpus`. Beam's local runner holds a group in memory, other runners send it through the network.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import shlex
import struct
import sys
import threading
from typing import Any, Iterable, Iterator, Sequence

from albert_edge.errors import AlbertEdgeError, ConfigError
from albert_edge.model.packages import host_package
from albert_edge.rules import is_count
from albert_edge.training.corpus import pieces, shards
from albert_edge.training.corpus.duplicates import copies
from albert_edge.training.corpus.inputs import Piece
from albert_edge.training.corpus.work import Work

LOCAL = "local"

_WAITING, _READING = "run_worker", "beam_control_read"
"""Beam's names for the threads that wait for its workers' processes, and for those that read what they say."""


def run(work: Work, runner: str, workers: int, options: Sequence[str]) -> None:
    """Do all steps that aren't done; raises what a step raises, or what Beam makes of it."""
    with _local_run() if runner == LOCAL else contextlib.nullcontext():
        beam = host_package("apache_beam")
        with beam.Pipeline(**_where(work, runner, workers, options)) as pipeline:
            _build(beam, pipeline, work)


def _where(work: Work, runner: str, workers: int, options: Sequence[str]) -> dict[str, Any]:
    if runner != LOCAL:
        return {"options": _parsed(_named_runner(runner, options))}
    # By its class: the name `DirectRunner` may try to fetch another program that runs pipelines.
    kind = host_package("apache_beam.runners.portability.fn_api_runner").FnApiRunner
    if workers == 1:
        return {"runner": kind(), "options": _parsed(options)}
    # Beam's own way to start processes (direct_running_mode=multi_processing) lets them write to standard error.
    python, log = shlex.quote(sys.executable), shlex.quote(str(work.path("errors", "workers.log")))
    command = f"exec {python} -m apache_beam.runners.worker.sdk_worker_main >>{log} 2>&1"
    environments = host_package("apache_beam.transforms.environments")
    started = environments.SubprocessSDKEnvironment.from_command_string(command)
    return {"runner": kind(started), "options": _parsed([f"--direct_num_workers={workers}", *options])}


def _parsed(options: Sequence[str]) -> Any:
    """Beam's own options."""
    return host_package("apache_beam.options.pipeline_options").PipelineOptions([*options])


@contextlib.contextmanager
def _local_run() -> Iterator[None]:
    with _without_logs(), _lost_workers():
        yield


@contextlib.contextmanager
def _without_logs() -> Iterator[None]:
    """Beam logs each error of a worker with its whole trace, and what it misses when it is imported."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


@contextlib.contextmanager
def _lost_workers() -> Iterator[None]:
    """A worker that was killed ends the run in one line; after Ctrl-C, which ends all of them, there is none.

    Beam has threads for each process that it started, which raise when that one fails: where nobody can catch it.
    """
    before, lost = threading.excepthook, []

    def note(thrown: threading.ExceptHookArgs) -> None:
        name = thrown.thread.name if thrown.thread is not None else ""
        if name == _WAITING:
            lost.append(thrown.exc_value)
        elif name != _READING:
            before(thrown)

    threading.excepthook = note
    try:
        yield
    except RuntimeError as reason:
        if not lost:
            raise
        raise AlbertEdgeError(
            "a worker must live until its work is done (fewer --workers need less memory; the same command goes on); "
            f"received {lost[0]}"
        ) from reason
    finally:
        threading.excepthook = before


def check_options(runner: str, workers: int, options: Sequence[str]) -> None:
    """Raises `ConfigError` for a number of workers, an option or a runner that Beam can't take."""
    if not is_count(workers):
        raise ConfigError(f"workers must be 1 or more; received {workers!r}")
    wrong = [option for option in options if not option.startswith("--")]
    if wrong:
        raise ConfigError(f"a Beam option must be written --name=value; received {wrong[0]!r}")
    if options:
        _check_values(runner, options)
    if runner != LOCAL:
        _check_runner(runner, options)


def _check_values(runner: str, options: Sequence[str]) -> None:
    """Beam ends the process for a value that it can't read, and lets an unknown name pass with a line in the log."""
    said = io.StringIO()
    try:
        with _without_logs(), contextlib.redirect_stderr(said):
            known = _parsed(options).get_all_options()
            given = _parsed(options).get_all_options(retain_unknown_options=True)
    except SystemExit as reason:
        why = said.getvalue().strip().rpartition("error: ")[2]
        raise ConfigError(f"a Beam option must have a value that Beam takes; received {why!r}") from reason
    unknown = sorted(given.keys() - known.keys())
    # A cluster's job server may have options of its own, which Beam hands on.
    if unknown and runner == LOCAL:
        raise ConfigError(f"a Beam option must be one that Beam knows; received --{unknown[0]}")


def _check_runner(runner: str, options: Sequence[str]) -> None:
    beam = host_package("apache_beam")
    try:
        beam.Pipeline(options=_parsed(_named_runner(runner, options)))
    except (ValueError, TypeError, ImportError, AttributeError) as reason:
        why = " ".join(str(reason).split())
        raise ConfigError(
            f"a runner must be {LOCAL} or one of Beam's with its options; received {runner!r} ({why})"
        ) from reason


def _named_runner(runner: str, options: Sequence[str]) -> list[str]:
    return [f"--runner={runner}", *options]


def _build(beam: Any, pipeline: Any, work: Work) -> None:
    found = (
        pipeline
        | "inputs" >> beam.Create(range(len(work.inputs)))
        | "spread inputs" >> beam.Reshuffle()
        | "cut" >> beam.FlatMap(functools.partial(_cut, work))
        | "spread pieces" >> beam.Reshuffle()
    )
    dropped = (
        found
        | "read" >> beam.FlatMap(functools.partial(_read, work))
        | "by bucket" >> beam.GroupByKey()
        | "copies" >> beam.FlatMap(functools.partial(_copies, work))
    )
    (
        (found | "names" >> beam.Map(_named), dropped)
        | "all" >> beam.Flatten()
        | "by piece" >> beam.GroupByKey()
        | "write" >> beam.Map(functools.partial(_write, work))
        | "wait" >> beam.combiners.Count.Globally()
        | "shards" >> beam.FlatMap(functools.partial(_shards, work))
        | "spread shards" >> beam.Reshuffle()
        | "merge" >> beam.Map(functools.partial(_merge, work))
    )


def _cut(work: Work, index: int) -> list[tuple[str, int]]:
    return [(piece.name, piece.first_line) for piece in work.checked(f"0-{index:05d}", lambda: pieces.cut(work, index))]


def _read(work: Work, piece: tuple[str, int]) -> list[tuple[int, bytes]]:
    name = f"1-{piece[0]}"
    return work.checked(name, lambda: list(pieces.read(work, Piece(*piece))))


def _named(piece: tuple[str, int]) -> tuple[str, bytes]:
    return piece[0], b""


def _copies(work: Work, bucket: tuple[int, Iterable[bytes]]) -> Iterator[tuple[str, bytes]]:
    @functools.lru_cache(maxsize=256)
    def read(index: int, number: int) -> Any:
        return pieces.documents_of(work, f"{index:05d}-{number:07d}")

    found: dict[str, list[bytes]] = {}
    for (index, number, document), reason in copies(bucket[1], read, work.settings.near_duplicates):
        found.setdefault(f"{index:05d}-{number:07d}", []).append(struct.pack("<II", document, reason))
    for name, places in found.items():
        yield name, b"".join(places)


def _write(work: Work, piece: tuple[str, Iterable[bytes]]) -> str:
    work.checked(f"2-{piece[0]}", lambda: pieces.write(work, *piece))
    return piece[0]


def _shards(work: Work, _: int) -> list[tuple[str, int]]:
    return [(part, index) for part in work.parts for index in range(work.settings.shards)]


def _merge(work: Work, shard: tuple[str, int]) -> None:
    work.checked(f"3-{shard[0]}-{shard[1]:05d}", lambda: shards.merge(work, *shard))

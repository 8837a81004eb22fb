"""Latency over the texts of a data file, as wall clock, of several files that take turns text by text in one process.

Where `harness.latency` measures one length, this measures a mix of lengths, and real texts: a file that may stop early
stops where they let it. Inside the timed region is the run of an input with its checks and copies, of a long text each
window; outside are clean-up, tokenization, packing and decoding. Before its timed runs each file runs each text once,
which fits the graph to its length. Leaves out loading and memory.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping, Optional, Sequence

from albert_edge.errors import ConfigError
from albert_edge.files import PathLike
from albert_edge.harness.evaluations import make_evaluation
from albert_edge.harness.evaluations.base import DataFile
from albert_edge.harness.latency import quantile
from albert_edge.harness.runners import Runner, open_runner

if TYPE_CHECKING:
    from albert_edge.text.packing import Packed
    from albert_edge.text.tables import Columns

Run = Callable[["Packed"], Any]
"""An input through a file, in one of the ways that it can be run."""

Raw = dict[str, list[list[float]]]
"""Name of a file -> for each text, shortest first, the milliseconds of each round; one index is one round."""


def walk(
    files: Mapping[str, PathLike],
    data: PathLike,
    columns: Optional[Columns] = None,
    runtime: Optional[str] = None,
    threads: int = 1,
    texts: int = 32,
    rounds: int = 9,
) -> Raw:
    """Run `files`, conversions of one model by their names, on requests of the data file `data`.

    `texts` requests are taken, or all if they are fewer, at even distances in the order of their lengths. Raises
    `ConfigError` on a number below 1, and what opening the files and reading the data raises.
    """
    for name, number in (("files", len(files)), ("texts", texts), ("rounds", rounds)):
        if number < 1:
            raise ConfigError(f"{name} must be at least 1; received {number}")
    with contextlib.ExitStack() as stack:
        runners = {
            name: stack.enter_context(open_runner(path, threads=threads, runtime=runtime))
            for name, path in files.items()
        }
        chosen = _requests(next(iter(runners.values())), DataFile(data, columns), texts)
        return in_turn({name: _run_of(runner) for name, runner in runners.items()}, chosen, rounds)


def in_turn(runs: Mapping[str, Run], texts: Iterable[Sequence[Packed]], rounds: int) -> Raw:
    """Name of a run -> for each of `texts`, which are cut into inputs already, the milliseconds of each round."""
    raw: Raw = {name: [] for name in runs}
    for inputs in texts:
        for name, values in _of_text(runs, inputs, rounds).items():
            raw[name].append(values)
    return raw


def mean_ms(texts_ms: Sequence[Sequence[float]]) -> float:
    """The mean over the texts of the fastest of their rounds.

    The files take turns at a text, each with few rounds, and what else runs on the machine only ever adds to them: of
    one file under two names the means of the medians were 35 % apart on a busy machine.
    """
    return sum(map(min, texts_ms)) / len(texts_ms)


def p50_ms(texts_ms: Sequence[Sequence[float]]) -> float:
    """The middle text's."""
    return quantile([min(rounds) for rounds in texts_ms], 0.5)


def _requests(runner: Runner, data: DataFile, count: int) -> list[Sequence[Packed]]:
    """The inputs of each chosen request."""
    evaluation = make_evaluation(runner.pipeline, data)
    asked = sorted(evaluation.asked, key=lambda each: each.size)
    chosen = [asked[(2 * place + 1) * len(asked) // (2 * count)] for place in range(count)]
    return [evaluation.inputs(runner.pipeline, each.request) for each in (chosen if count < len(asked) else asked)]


def _run_of(runner: Runner) -> Run:
    return lambda packed: runner.outputs([packed])


def _of_text(runs: Mapping[str, Run], inputs: Sequence[Packed], rounds: int) -> dict[str, list[float]]:
    values: dict[str, list[float]] = {name: [] for name in runs}
    names = list(runs)
    for number in range(1 + rounds):
        # Each round starts with another file: what ran before leaves its traces in the processor's caches.
        first = number % len(names)
        for name in (*names[first:], *names[:first]):
            values[name].append(_timed_ms(runs[name], inputs))
    return {name: each[1:] for name, each in values.items()}


def _timed_ms(run: Run, inputs: Sequence[Packed]) -> float:
    start = time.perf_counter_ns()
    for packed in inputs:
        run(packed)
    return (time.perf_counter_ns() - start) / 1e6

"""What is measured of the engines: latencies in turns, memory and load in fresh processes, and how far answers are off.

A turn of an engine is two calls of which the second counts: the first brings its weights back into the processor's
caches, where the engine before it left its own. Each round begins with another engine. All engines stay loaded
meanwhile, and the one whose turn it isn't waits for a message.
"""

import contextlib
from pathlib import Path
from typing import Any, Iterator, Mapping, Sequence

import click
import numpy as np

from albert_edge.harness.memory import resident_mb
from benchmarks.compare.engines import Engine, EngineError, EngineProcess

Raw = dict[str, list[list[float]]]
"""Engine -> for each request the milliseconds of its rounds; one index is one round."""

MEMORY_TOKENS = 128


class Running:
    """The engines that are loaded and still answer; one that fails leaves, with its reason in `errors`."""

    def __init__(self, python: str, errors: dict[str, str]) -> None:
        self.processes: dict[str, EngineProcess] = {}
        self.errors = errors
        self._python, self._stack = python, contextlib.ExitStack()

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def load(self, engine: Engine, folder: Path) -> None:
        process = self._stack.enter_context(EngineProcess(engine, self._python))
        with self.reported(engine.name):
            process.imports()
            process.load(folder)
            self.processes[engine.name] = process

    @contextlib.contextmanager
    def reported(self, name: str) -> Iterator[None]:
        try:
            yield
        except EngineError as error:
            click.echo(f"{name}: {error}", err=True)
            self.errors[name] = str(error)
            self.processes.pop(name, None)


def in_turns(
    running: Running, requests: Sequence[np.ndarray], rounds: int
) -> tuple[Raw, Raw, dict[str, list[np.ndarray]]]:
    """Each engine on each of `requests`, ids int64 [1, T], `rounds` times.

    Returns milliseconds that count, the first call of each request, and each request's logits, of engines that answered
    all of them.
    """
    raw: Raw = {name: [] for name in running.processes}
    first: Raw = {name: [] for name in running.processes}
    logits: dict[str, list[np.ndarray]] = {name: [] for name in running.processes}
    for ids in requests:
        for name, process in list(running.processes.items()):
            with running.reported(name):
                spent_ms, answer = process.run(ids, 2)
                first[name].append(spent_ms[:1])
                raw[name].append([])
                logits[name].append(answer)
        _rounds(running, ids, rounds, raw)
    alive = running.processes
    return (
        {name: raw[name] for name in alive},
        {name: first[name] for name in alive},
        {name: logits[name] for name in alive},
    )


def _rounds(running: Running, ids: np.ndarray, rounds: int, raw: Raw) -> None:
    for number in range(rounds):
        names = list(running.processes)
        start = number % max(1, len(names))
        for name in names[start:] + names[:start]:
            with running.reported(name):
                raw[name][-1].append(running.processes[name].run(ids, 2)[0][1])


def startup(engine: Engine, python: str, folder: Path, ids: np.ndarray, processes: int) -> dict[str, Any]:
    """`load_ms`, `check_ms`, and MB of resident memory of the imported engine and after one answer.

    Each list has a value a fresh process.
    """
    raw: dict[str, Any] = {"load_ms": [], "check_ms": [], "bare_rss_mb": [], "rss_mb": []}
    for _ in range(processes):
        with EngineProcess(engine, python) as process:
            versions = process.imports()
            raw["bare_rss_mb"].append(resident_mb(process.pid))
            for key, spent_ms in zip(("load_ms", "check_ms"), process.load(folder)):
                raw[key].append(spent_ms)
            process.run(ids)
            raw["rss_mb"].append(resident_mb(process.pid))
    return {**raw, "versions": versions}


def errors_of_logits(answers: Mapping[str, Sequence[np.ndarray]], reference: str, used: Mapping[str, Sequence[bool]]):
    """Engine -> `max_abs`, `mean_abs`, `top1_agreement` and `texts`, beside the answers of `reference`.

    `used`: which answers count, of each engine. An engine without any has none of these.
    """
    if reference not in answers:
        return {}
    expected = answers[reference]
    found = {}
    for name, given in answers.items():
        pairs = [(a, b) for a, b, counts in zip(given, expected, used[name]) if counts]
        if not pairs:
            continue
        differences = np.abs(np.array([a for a, _ in pairs]) - np.array([b for _, b in pairs]))
        found[name] = {
            "max_abs": float(differences.max()),
            "mean_abs": float(differences.mean()),
            "top1_agreement": float(np.mean([np.argmax(a) == np.argmax(b) for a, b in pairs])),
            "texts": len(pairs),
        }
    return found

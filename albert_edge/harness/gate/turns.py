"""Short turns: two things timed in alternation, so that whatever slows the machine for a while slows both.

A round gives each side one turn of a few runs and keeps the fastest: what else runs on a machine only ever adds. A pass
opens everything anew, since where an interpreter's memory happens to lie stays the same while it is open, and makes one
of two equal files faster throughout. The sides are two files (`--against`), or a file and the reference workload
(`--baseline`): then the pair says how the file does on a machine as fast as this one was just then. The workload is
longer than a small file's run and so is interrupted more often; on one thread that pair is of the processor's time.

Leaves out what the values mean: `gate.statistics`.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from typing import Any, Callable, Iterator, NamedTuple, Optional, Sequence

from albert_edge.artifact import Artifact
from albert_edge.harness.latency import request
from albert_edge.harness.workload import run_workload_ms
from albert_edge.runtime.interpreter import open_session

Run = Callable[[], float]
"""Does its work once and returns the milliseconds."""

Clock = Callable[[], int]
"""Nanoseconds since some point."""

REPEATS = 3
"""Runs of a turn, of which the fastest counts: the first finds the caches full of the other side's data."""

LEAST_ROUNDS, MOST_ROUNDS = 7, 40
PASS_SECONDS = 0.1
"""The processor's time for a pass at a length, so that a pass on a busy machine has as many rounds; slow files take
longer, for `LEAST_ROUNDS`."""


class Pass(NamedTuple):
    """The rounds of one pass, in milliseconds; values of one round have one index."""

    new_ms: tuple[float, ...]
    old_ms: tuple[float, ...]
    """The other file's, or the reference workload's."""
    is_sum: bool = False
    """Whether the values are parts of one whole, the texts of a mix, and not repetitions."""

    @property
    def ratio(self) -> float:
        """How many times as long the first side took: the median over the rounds, or of the sums."""
        if self.is_sum:
            return sum(self.new_ms) / sum(self.old_ms)
        return statistics.median(a / b for a, b in zip(self.new_ms, self.old_ms))

    def to_dict(self) -> dict[str, list[float]]:
        """Every value, to the nanosecond."""
        return {"new_ms": [round(ms, 6) for ms in self.new_ms], "old_ms": [round(ms, 6) for ms in self.old_ms]}


def alternate(new: Run, old: Run, repeats: int = REPEATS, seconds: float = PASS_SECONDS) -> Pass:
    """Rounds of one turn each, with the first side first in every second one."""
    best: dict[bool, list[float]] = {True: [], False: []}
    end = time.process_time() + seconds
    while len(best[True]) < LEAST_ROUNDS or (len(best[True]) < MOST_ROUNDS and time.process_time() < end):
        first = len(best[True]) % 2 == 0
        for is_new in (first, not first):
            best[is_new].append(min((new if is_new else old)() for _ in range(repeats)))
    return Pass(tuple(best[True]), tuple(best[False]))


class Files(NamedTuple):
    """What is run, and how."""

    new: Artifact
    old: Optional[Artifact]
    """None: the reference workload."""
    lengths: Sequence[int]
    threads: int = 1
    runtime: Optional[str] = None
    max_depth: Optional[int] = None

    def one_pass(self, number: int) -> dict[str, Pass]:
        """`latency_` and the tokens -> rounds of pass `number`; which side is opened first changes with it."""
        with contextlib.ExitStack() as stack:
            sides = [("new", self.new), ("old", self.old)]
            runs = {name: stack.enter_context(self._opened(side)) for name, side in sides[:: 1 - 2 * (number % 2)]}
            return {f"latency_{tokens}": alternate(runs["new"](tokens), runs["old"](tokens)) for tokens in self.lengths}

    @property
    def clock(self) -> Clock:
        """The thread's own time against the workload, if it does all the work; the wall's otherwise."""
        return time.thread_time_ns if self.old is None and self.threads == 1 else time.perf_counter_ns

    @contextlib.contextmanager
    def _opened(self, artifact: Optional[Artifact]) -> Iterator[Callable[[int], Run]]:
        """A function from a length to what runs once at it, warmed up."""
        if artifact is None:
            yield lambda _: lambda: timed_ms(run_workload_ms, self.clock)
            return
        with open_session(artifact, self.threads, self.runtime) as session:

            def at(tokens: int) -> Run:
                inputs = request(session, tokens, self.max_depth)
                session.run(inputs)
                return lambda: timed_ms(lambda: session.run(inputs), self.clock)

            yield at


def timed_ms(function: Callable[[], Any], clock: Clock = time.perf_counter_ns) -> float:
    """Call it and return how long that took by `clock`."""
    start = clock()
    function()
    return (clock() - start) / 1e6

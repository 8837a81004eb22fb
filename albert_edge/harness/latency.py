"""How long a session takes for one request, as raw values, and the quantiles that they are summed up in.

Inside the timed region is `Session.run`: its checks of the inputs, handing them to the interpreter, the invocation,
and the copies of the outputs, for batch 1 at the exact length (a file of one fixed length runs at that, with padding).
Outside are clean-up, tokenization, packing and decoding, which don't depend on the interpreter. The clock is
`time.perf_counter_ns`, monotonic.

The first run at a length also fits the graph to it. It and the other warm-ups are kept apart from the values, as
psf/pyperf does.
"""

from __future__ import annotations

import dataclasses
import math
import time
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Sequence

from albert_edge.artifact.exits import NEVER, check_threshold
from albert_edge.errors import ConfigError
from albert_edge.runtime.session import Session
from albert_edge.tasks import EXIT_THRESHOLD, MASKED_POSITIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[Any]]

MINIMUM_RUNS = 30
"""Without a given number of runs: the 90 % quantile then has three values above it."""

WARMUP = 3

BLOCK_MS = 250.0
"""Of timed runs, between two pieces of other work."""

Between = Callable[[], object]
"""Other work that is done in between, as `harness.workload`'s."""


@dataclasses.dataclass(frozen=True)
class Latency:
    """What the clock said at one length, in milliseconds, in the order of the runs."""

    tokens: int
    warmup_ms: tuple[float, ...]
    """Runs before the measurement; the first fits the graph to the length."""
    raw_ms: tuple[float, ...]

    def summary(self) -> dict[str, Any]:
        """`tokens, p50_ms, p90_ms, p99_ms, min_ms, runs` and `first_ms`, the first run at this length."""
        return {
            "tokens": self.tokens,
            **summed_up(self.raw_ms),
            "first_ms": self.warmup_ms[0],
        }

    def to_dict(self) -> dict[str, Any]:
        """`summary` and every value."""
        return {**self.summary(), "raw_ms": list(self.raw_ms), "warmup_ms": list(self.warmup_ms)}


def summed_up(raw_ms: Sequence[float]) -> dict[str, Any]:
    """`p50_ms, p90_ms, p99_ms, min_ms` and `runs` of raw values."""
    return {**quantiles(raw_ms), "min_ms": min(raw_ms), "runs": len(raw_ms)}


def quantiles(raw_ms: Sequence[float]) -> dict[str, float]:
    """`p50_ms, p90_ms, p99_ms` of raw values."""
    return {f"p{percent}_ms": quantile(raw_ms, percent / 100) for percent in (50, 90, 99)}


def measure_latency(
    session: Session,
    tokens: int,
    runs: Optional[int] = None,
    seconds: float = 1.0,
    warmup: int = WARMUP,
    max_depth: Optional[int] = None,
    exit_threshold: Optional[float] = None,
    minimum: int = MINIMUM_RUNS,
    between: Optional[Between] = None,
) -> Latency:
    """Run `session` again and again at one length.

    Arguments:
        tokens: length of the request, special pieces included.
        runs: how many timed runs; None: at least `minimum`, and as many as `seconds` of them take.
        warmup: untimed runs before, at least 1.
        max_depth: layers to apply, looped layout only; None: all.
        exit_threshold: as in `request`.
        between: called first and then every `BLOCK_MS`; the run after it, with the caches that it left, isn't timed.

    Raises `ConfigError` on a number below its least, or `tokens` that the model doesn't take.
    """
    _check_positive(runs=1 if runs is None else runs, warmup=warmup, seconds=seconds)
    inputs = request(session, tokens, max_depth, exit_threshold)
    warmup_ms = [_timed_ms(session, inputs) for _ in range(warmup)]
    raw_ms: list[float] = []
    spent_ms = next_ms = 0.0
    while len(raw_ms) < (minimum if runs is None else runs) or (runs is None and spent_ms < 1000 * seconds):
        if between is not None and spent_ms >= next_ms:
            between()
            session.run(inputs)
            next_ms = spent_ms + BLOCK_MS
        raw_ms.append(_timed_ms(session, inputs))
        spent_ms += raw_ms[-1]
    return Latency(tokens, tuple(warmup_ms), tuple(raw_ms))


def interleave(
    sessions: Mapping[str, Session],
    tokens: int,
    rounds: int,
    warmup: int = WARMUP,
    max_depth: Optional[int] = None,
    exit_threshold: Optional[float] = None,
) -> dict[str, list[float]]:
    """Run several sessions in turn, A B A B, so that whatever slows the machine for a while slows all of them.

    Returns name -> raw milliseconds of its `rounds` runs, after `warmup` rounds that are dropped; values of one round
    have one index. `max_depth` is for looped files alone, `exit_threshold` as in `request`. Raises `ConfigError` as
    `measure_latency` does.
    """
    _check_positive(sessions=len(sessions), rounds=rounds, warmup=warmup)
    inputs = {name: request(session, tokens, max_depth, exit_threshold) for name, session in sessions.items()}
    raw_ms: dict[str, list[float]] = {name: [] for name in sessions}
    for _ in range(warmup + rounds):
        for name, session in sessions.items():
            raw_ms[name].append(_timed_ms(session, inputs[name]))
    return {name: values[warmup:] for name, values in raw_ms.items()}


def quantile(values: Sequence[float], fraction: float) -> float:
    """The nearest-rank quantile: the least of the values that at least `fraction` of them don't exceed.

    Always one that was measured, never between two; with fewer than 100 values the 99 % quantile is their maximum.
    """
    if not values or not 0 < fraction <= 1:
        raise ConfigError(f"a quantile needs values and a fraction in (0, 1]; received {len(values)} and {fraction}")
    # Rounded first: 0.55 of 100 is 55.00000000000001 in floating point, and rank 55.
    return sorted(values)[math.ceil(round(fraction * len(values), 9)) - 1]


def request(
    session: Session, tokens: int, max_depth: Optional[int] = None, exit_threshold: Optional[float] = None
) -> Arrays:
    """Inputs for a request of `tokens` tokens: random ids, the same ones each time, within the vocabulary.

    A file of a fixed length gets them padded behind, one that fills masks gets one position, the middle. One that may
    stop early gets `exit_threshold`; None is never, since random ids say nothing about when texts would stop it. Raises
    `ConfigError` if `session` doesn't take that many tokens, a depth or a threshold that is given.
    """
    import numpy as np

    ids = session.inputs["input_ids"]
    shortest, longest = (1, ids.shape[1]) if ids.shape[1] >= 0 else ids.sizes
    if not shortest <= tokens <= longest:
        raise ConfigError(f"a length to measure must be from {shortest} to the file's {longest}; received {tokens}")
    size = tokens if ids.shape[1] < 0 else longest
    lowest, highest = map(int, ids.values or (0, 0))
    drawn = np.random.default_rng(tokens).integers(lowest, highest, size, np.int32, endpoint=True)
    is_token = np.arange(size) < tokens
    arrays = {
        "input_ids": np.where(is_token, drawn, 0).astype(np.int32)[np.newaxis],
        "token_type_ids": np.zeros((1, size), np.int32),
        "attention_mask": is_token.astype(np.int32)[np.newaxis],
        # The graph takes 0 for "all layers", and int32 at most.
        "max_depth": np.array([max(0, min(max_depth or 0, 2**31 - 1))], np.int32),
        MASKED_POSITIONS: np.array([[tokens // 2]], np.int32),
        EXIT_THRESHOLD: np.array([_threshold(session, exit_threshold)], np.float32),
    }
    if max_depth is not None and "max_depth" not in session.inputs:
        raise ConfigError(f"max_depth needs a file in the looped layout; received {max_depth} for an unrolled one")
    return {name: arrays[name] for name in session.inputs}


def _threshold(session: Session, exit_threshold: Optional[float]) -> float:
    if exit_threshold is None:
        return NEVER
    if EXIT_THRESHOLD not in session.inputs:
        raise ConfigError(f"exit_threshold needs a file with an exit; received {exit_threshold!r} for one without")
    check_threshold(exit_threshold)
    return exit_threshold


def _timed_ms(session: Session, inputs: Arrays) -> float:
    start = time.perf_counter_ns()
    session.run(inputs)
    return (time.perf_counter_ns() - start) / 1e6


def _check_positive(**numbers: float) -> None:
    for name, number in numbers.items():
        if not number > 0:
            raise ConfigError(f"{name} must be above 0; received {number}")

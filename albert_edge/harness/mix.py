"""Latency over the texts of a data file as a device gets them: one after another, of any length, in no order.

Where `harness.walks` compares files, each text in turn and fitted before, this is what a user of one file waits for:
inside the timed region is the run of every input of a text, of a long one each window, with fitting the graph to its
length where the last text had another; outside are clean-up, tokenization, packing and decoding. The texts are drawn at
random, always the same ones in the same order for one file of data, so that values of one place in two results are the
same text's.
"""

from __future__ import annotations

import dataclasses
import random
import statistics
import time
from typing import TYPE_CHECKING, Any, Iterator, Optional, Sequence

from albert_edge.harness.evaluation import inputs_of
from albert_edge.harness.latency import BLOCK_MS, MINIMUM_RUNS, WARMUP, Between, quantiles

if TYPE_CHECKING:
    from albert_edge.harness.evaluations.base import Evaluation
    from albert_edge.harness.presets import Preset
    from albert_edge.harness.runners import Runner
    from albert_edge.text.packing import Packed

TEXTS = 256
"""As many are drawn without a preset, or all if they are fewer."""

SEED = 1
"""Of the draw."""


@dataclasses.dataclass(frozen=True)
class Mix:
    """What the clock said, a value a query, in their order."""

    texts: int
    """Different ones; after the last the first comes again."""
    tokens: tuple[int, ...]
    """Of each query, over all its inputs."""
    raw_ms: tuple[float, ...]

    def summary(self) -> dict[str, Any]:
        """`texts, mean_ms, p50_ms, p90_ms, p99_ms, mean_tokens, raw_ms`."""
        return {
            "texts": self.texts,
            "mean_ms": statistics.fmean(self.raw_ms),
            **quantiles(self.raw_ms),
            "mean_tokens": statistics.fmean(self.tokens),
            "raw_ms": list(self.raw_ms),
        }


def measure_mix(
    runner: Runner, evaluation: Evaluation, preset: Optional[Preset] = None, between: Optional[Between] = None
) -> Mix:
    """Run drawn requests of `evaluation`, each once and at least `MINIMUM_RUNS`, or as long as `preset` wants.

    `between` is called every `BLOCK_MS`, outside the timed region; then the last query runs again, untimed, for what it
    left in the processor's caches.
    """
    queries = drawn(runner, evaluation, preset.queries if preset else TEXTS)
    least, seconds = (preset.queries, preset.seconds) if preset else (max(len(queries), MINIMUM_RUNS), 0.0)
    for inputs in queries[:WARMUP]:
        _timed_ms(runner, inputs)
    raw_ms: list[float] = []
    tokens: list[int] = []
    spent_ms, block_ms = 0.0, BLOCK_MS
    last = queries[0]
    for inputs in _endlessly(queries):
        if len(raw_ms) >= least and spent_ms >= 1000 * seconds:
            break
        if between is not None and block_ms >= BLOCK_MS:
            between()
            _timed_ms(runner, last)
            block_ms = 0.0
        raw_ms.append(_timed_ms(runner, inputs))
        tokens.append(sum(len(packed.input_ids) for packed in inputs))
        spent_ms, block_ms, last = spent_ms + raw_ms[-1], block_ms + raw_ms[-1], inputs
    return Mix(len(queries), tuple(tokens), tuple(raw_ms))


def drawn(runner: Runner, evaluation: Evaluation, count: int) -> list[Sequence[Packed]]:
    """The inputs of `count` requests, or of all if they are fewer, in the order of the draw.

    Raises `DataError`, with its line, for a request that can't be packed.
    """
    asked = evaluation.asked
    places = random.Random(SEED).sample(range(len(asked)), min(count, len(asked)))  # noqa: S311
    return [inputs_of(evaluation, runner, asked[place]) for place in places]


def _endlessly(queries: Sequence[Sequence[Packed]]) -> Iterator[Sequence[Packed]]:
    while True:
        yield from queries


def _timed_ms(runner: Runner, inputs: Sequence[Packed]) -> float:
    start = time.perf_counter_ns()
    for packed in inputs:
        runner.outputs([packed])
    return (time.perf_counter_ns() - start) / 1e6

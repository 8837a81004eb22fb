"""Latencies of several files in one process, in turn, and what their pairs say: the ratio holds on a noisy machine."""

import contextlib
from pathlib import Path
from typing import Mapping, Optional, Sequence

from albert_edge.harness.latency import interleave, quantile
from albert_edge.runtime import open_session

LENGTHS = (16, 64, 128)

Raw = dict[str, dict[str, list[float]]]
"""File -> tokens, written out as JSON has its keys -> milliseconds of each round."""


def latencies(
    files: Mapping[str, Path], rounds: int, lengths: Sequence[int] = LENGTHS, runtime: Optional[str] = None
) -> Raw:
    """Each file on one thread of `runtime` (None: the default one), the files taking turns at each of `lengths`."""
    raw_ms: Raw = {name: {} for name in files}
    with contextlib.ExitStack() as stack:
        sessions = {
            name: stack.enter_context(open_session(path, threads=1, runtime=runtime)) for name, path in files.items()
        }
        for tokens in lengths:
            for name, values in interleave(sessions, tokens, rounds).items():
                raw_ms[name][str(tokens)] = values
    return raw_ms


def median(values: Sequence[float]) -> float:
    """The nearest-rank median, a value that was measured."""
    return quantile(values, 0.5)


def ratio(raw_ms: Raw, name: str, reference: str, tokens: int) -> float:
    """The median over the rounds of how many times as long `name` took as `reference`."""
    pairs = zip(raw_ms[name][str(tokens)], raw_ms[reference][str(tokens)])
    return median([a / b for a, b in pairs])

"""Means over a set's dev rows as wall clock: ways to run each text that take turns, text by text, in one process.

As `albert_edge.harness.walks`, which compares files as they stand; here one file runs in several ways too, at each
depth say. Timed is the run of an interpreter; each text is cut into pieces before. A text's first round, which fits the
graph to its length, isn't timed, and each round starts with another way: the first one after a change pays for it.
"""

import time
from typing import Any, Callable, Mapping, Sequence

from albert_edge.harness.walks import Raw
from albert_edge.pipelines.base import TextRequest
from albert_edge.runtime.base import HeadPredictor
from albert_edge.text.packing import Packed

Run = Callable[[Packed], Any]
"""A packed text through a session."""


def packed_texts(predictor: HeadPredictor, texts: Sequence[str]) -> list[list[Packed]]:
    """Each text's windows, the shortest text first."""
    packed = [predictor.pipeline.inputs(TextRequest(text)) for text in texts]
    return sorted(packed, key=lambda windows: sum(len(each.input_ids) for each in windows))


def walk(runs: Mapping[str, Run], texts: Sequence[Sequence[Packed]], rounds: int) -> Raw:
    """Name of a run -> for each text the milliseconds of each round; one index is one round."""
    raw_ms: Raw = {name: [] for name in runs}
    names = list(runs)
    for windows in texts:
        for values in raw_ms.values():
            values.append([])
        for number in range(1 + rounds):
            first = number % len(names)
            for name in names[first:] + names[:first]:
                taken_ms = _timed_ms(runs[name], windows)
                if number:
                    raw_ms[name][-1].append(taken_ms)
    return raw_ms


def _timed_ms(run: Run, windows: Sequence[Packed]) -> float:
    start = time.perf_counter_ns()
    for packed in windows:
        run(packed)
    return round((time.perf_counter_ns() - start) / 1e6, 4)

"""Turns over the texts of a data file: two files, text by text, each with the inputs that its own tokenizer makes.

After `harness.walks`, which wants conversions of one model. A pass takes some texts at even distances in the order of
their lengths, the same ones each time; its ratio is that of the sums, so that a long text weighs what it takes.
"""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Mapping, Optional, Sequence

from albert_edge.artifact import Artifact
from albert_edge.files import PathLike
from albert_edge.harness.evaluations import make_evaluation
from albert_edge.harness.evaluations.base import DataFile
from albert_edge.harness.gate.turns import REPEATS, Pass, timed_ms
from albert_edge.harness.runners import open_runner
from albert_edge.runtime.interpreter import open_session
from albert_edge.runtime.running import run_packed

TEXTS = 24
METRIC = "latency_mix"


class Mix:
    """Two files on the same texts; a file with an exit stops at its own threshold."""

    def __init__(
        self,
        files: Mapping[str, tuple[PathLike, Artifact]],
        data: DataFile,
        threads: int,
        runtime: Optional[str],
        max_depth: Optional[int],
    ) -> None:
        """`files`: `new` and `old`, each a path and the artifact that was read from it."""
        self.artifacts = {name: artifact for name, (_, artifact) in files.items()}
        self.options = threads, runtime
        self.max_depth = max_depth
        self.inputs = {name: self._inputs(path, data) for name, (path, _) in files.items()}

    def _inputs(self, path: PathLike, data: DataFile) -> list[Sequence[Any]]:
        with open_runner(path, None, *self.options, self.max_depth) as runner:
            evaluation = make_evaluation(runner.pipeline, data)
            asked = sorted(evaluation.asked, key=lambda each: each.size)
            count = min(TEXTS, len(asked))
            chosen = [asked[(2 * place + 1) * len(asked) // (2 * count)] for place in range(count)]
            return [evaluation.inputs(runner.pipeline, each.request) for each in chosen]

    def one_pass(self, number: int) -> dict[str, Pass]:
        """The fastest of `REPEATS` rounds of each text, after one that fits the graphs to its length."""
        with contextlib.ExitStack() as stack:
            names = ("new", "old")[:: 1 - 2 * (number % 2)]
            runs = {name: self._run_of(name, stack) for name in names}
            best: dict[str, list[float]] = {name: [] for name in names}
            for place in range(len(self.inputs["new"])):
                for name, value in _of_text(runs, place).items():
                    best[name].append(value)
        return {METRIC: Pass(tuple(best["new"]), tuple(best["old"]), is_sum=True)}

    def _run_of(self, name: str, stack: contextlib.ExitStack) -> Callable[[int], float]:
        artifact = self.artifacts[name]
        session = stack.enter_context(open_session(artifact, *self.options))

        def run(place: int) -> None:
            for packed in self.inputs[name][place]:
                run_packed(session, artifact.manifest, packed, self.max_depth, None)

        return lambda place: timed_ms(lambda: run(place))


def _of_text(runs: Mapping[str, Callable[[int], float]], place: int) -> dict[str, float]:
    values: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(1 + REPEATS):
        for name in list(runs)[:: 1 - 2 * (number % 2)]:
            values[name].append(runs[name](place))
    return {name: min(each[1:]) for name, each in values.items()}

"""What a looped file answers after each of its layers, on a data file: the ground that an exit's threshold stands on.

`record` runs every text at every depth with the exit off, through the device's own code; `confidences` and `depths_at`
then say, in the graph's arithmetic, where a threshold would have stopped it. `depth_table` is the report of it: what
each fixed depth scores and costs. Leaves out choosing a threshold, which is `converters.exits`.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import time
from typing import TYPE_CHECKING, Any, Optional, Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.artifact import Artifact, Exit, Manifest, read_artifact
from albert_edge.artifact.exits import NEVER, is_multi_label
from albert_edge.errors import ConfigError, DataError
from albert_edge.files import PathLike
from albert_edge.harness.evaluations import make_evaluation
from albert_edge.harness.evaluations.base import Asked, DataFile, Evaluation
from albert_edge.harness.progress import with_progress
from albert_edge.pipelines import make_pipeline
from albert_edge.pipelines.base import Pipeline
from albert_edge.runtime import open_session
from albert_edge.runtime.running import run_packed
from albert_edge.runtime.session import Session
from converters.metric import first_metric

if TYPE_CHECKING:
    from albert_edge.text.packing import Packed
    from albert_edge.text.tables import Columns


@dataclasses.dataclass(frozen=True)
class Recording:
    """The logits of every input at every depth."""

    evaluation: Evaluation
    pipeline: Pipeline[Any, Any]
    requests: Sequence[Any]
    """Of the evaluation, to the pipeline."""
    inputs: Sequence[Sequence[Packed]]
    """Of each request, a window each of a long text."""
    logits: NDArray[np.float32]
    """[windows, layers, labels], the windows of all requests in their order."""
    seconds: tuple[float, ...]
    """Of each depth: the runs of all windows, the runtime's fitting to a new length left out."""

    @functools.cached_property
    def metric(self) -> str:
        """The figure that counts, as in `converters.metric`."""
        return first_metric(self.pipeline.task, self.evaluation.report(self._values(self.full_depths)))[0]

    @property
    def full_depths(self) -> NDArray[np.int64]:
        """The model's depth for each window."""
        windows, layers, _ = self.logits.shape
        return np.full(windows, layers)

    def score(self, depths: NDArray[np.int64]) -> float:
        """The metric if each window had stopped at its depth, int [windows] from 1."""
        return float(self.evaluation.report(self._values(depths))[self.metric])

    def _values(self, depths: NDArray[np.int64]) -> list[Any]:
        """Of each request, what the evaluation takes."""
        values, start = [], 0
        for number, windows in enumerate(self.inputs):
            end = start + len(windows)
            key = number, tuple(depths[start:end].tolist())
            # Most thresholds leave most texts where they were.
            if key not in self._known:
                self._known[key] = self._value(number, start, key[1])
            values.append(self._known[key])
            start = end
        return values

    def _value(self, number: int, start: int, depths: tuple[int, ...]) -> Any:
        """What the request's windows, from row `start` on, answer together when stopped at `depths`."""
        outputs = [{"logits": self.logits[start + row, depth - 1]} for row, depth in enumerate(depths)]
        prediction = self.evaluation.decode(self.pipeline, self.requests[number], self.inputs[number], outputs)
        return self.evaluation.value(prediction)

    @functools.cached_property
    def _known(self) -> dict[tuple[int, tuple[int, ...]], Any]:
        return {}


def record(session: Session, artifact: Artifact, data: PathLike, columns: Optional[Columns] = None) -> Recording:
    """Run every text of the file `data` at every depth of `artifact`, which `session` holds, with its exit off.

    The artifact is of one head with one answer a text, in the looped layout; an exit it need not have. Raises
    `ConfigError` for another, `DataError` with the line of an example that can't be used.
    """
    manifest = artifact.manifest
    if manifest.layout != "looped" or len(artifact.heads) != 1 or artifact.heads[0].task not in _TASKS:
        tasks = ", ".join(head.task for head in artifact.heads)
        raise ConfigError(
            f"answers at every depth need a looped file with one head, {' or '.join(_TASKS)}; "
            f"received {manifest.layout} with {tasks}"
        )
    head = artifact.heads[0]
    pipeline = make_pipeline(head.task, head.config, artifact.tokenizer(), manifest.lengths.maximum)
    evaluation = make_evaluation(pipeline, DataFile(data, columns))
    asked = evaluation.asked
    inputs = [_inputs(evaluation, pipeline, each) for each in asked]
    logits, seconds = run_at_depths(session, manifest, [packed for windows in inputs for packed in windows])
    return Recording(evaluation, pipeline, [each.request for each in asked], inputs, logits, seconds)


_TASKS = ("text-classification", "sentence-order")


def _inputs(evaluation: Evaluation, pipeline: Pipeline[Any, Any], asked: Asked) -> Sequence[Packed]:
    try:
        return evaluation.inputs(pipeline, asked.request)
    except DataError as error:
        raise DataError(f"{asked.where}: {error}") from error


def run_at_depths(
    session: Session, manifest: Manifest, windows: Sequence[Packed]
) -> tuple[NDArray[np.float32], tuple[float, ...]]:
    """The logits of `windows` at every depth, float32 [windows, layers, labels], and `Recording.seconds`."""
    layers = manifest.model_config.num_hidden_layers
    threshold = NEVER if manifest.exit else None
    logits = np.zeros((len(windows), layers, len(manifest.model_config.labels)), np.float32)
    seconds = [0.0] * layers
    # In order of their lengths: the runtime fits itself to each new one, in a run that isn't timed.
    order = sorted(range(len(windows)), key=lambda row: len(windows[row].input_ids))
    length = 0
    for row in with_progress(order, "depths"):
        if len(windows[row].input_ids) != length:
            length = len(windows[row].input_ids)
            run_packed(session, manifest, windows[row], 1, threshold)
        for depth in range(1, layers + 1):
            start = time.perf_counter()
            outputs = run_packed(session, manifest, windows[row], depth, threshold)
            seconds[depth - 1] += time.perf_counter() - start
            logits[row, depth - 1] = outputs[manifest.task]["logits"]
    return logits, tuple(seconds)


def confidences(manifest: Manifest, early_exit: Exit, logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """The graph's confidence after each layer, float32 [N, layers], of `logits` float32 [N, layers, labels].

    In float32 and in the order of the graph (`converters.graph.exits`), so that both differ by roundings alone.
    """
    (head,) = manifest.all_heads
    several = is_multi_label(head)
    if early_exit.kind == "entropy":
        return _certainty(logits, several)
    layers = logits.shape[1]
    if several:
        least = head.config.settings.label_threshold
        answers = logits >= np.float32(math.log(least / (1 - least)))
    else:
        answers = logits.argmax(axis=-1)[..., np.newaxis]
    counts = np.ones(logits.shape[:2], np.int64)
    for layer in range(1, layers):
        same = (answers[:, layer] == answers[:, layer - 1]).all(axis=-1)
        counts[:, layer] = np.where(same, counts[:, layer - 1] + 1, 1)
    shares: NDArray[np.float32] = (np.arange(layers + 1) / layers).astype(np.float32)
    return shares[counts]


def _certainty(logits: NDArray[np.float32], several: bool) -> NDArray[np.float32]:
    # A row a softmax: sigmoid(x) and 1 - sigmoid(x) are that of x and 0.
    logits = np.stack([logits, np.zeros_like(logits)], axis=-1) if several else logits[..., np.newaxis, :]
    shifted = logits - logits.max(axis=-1, keepdims=True)
    powers = np.exp(shifted)
    total = powers.sum(axis=-1, keepdims=True)
    entropy = -(powers / total * (shifted - np.log(total))).sum(axis=-1)
    share = entropy.mean(axis=-1) * np.float32(1 / math.log(logits.shape[-1]))
    certainty: NDArray[np.float32] = np.minimum(np.float32(1) - share, np.float32(1)).astype(np.float32)
    return certainty


def depths_at(confidence: NDArray[np.float32], threshold: float) -> NDArray[np.int64]:
    """Layers that the graph applies at `threshold`, int [N], of its confidences [N, layers]."""
    reached = confidence >= np.float32(threshold)
    reached[:, -1] = True
    depths: NDArray[np.int64] = reached.argmax(axis=1) + 1
    return depths


def depth_table(
    path: PathLike,
    data: PathLike,
    columns: Optional[Columns] = None,
    threads: int = 1,
    runtime: Optional[str] = None,
) -> list[dict[str, Any]]:
    """What each fixed depth of the looped artifact at `path` scores on the file `data`, and what it costs.

    Returns a dict a depth with `max_depth`, the task's first metric under its name (a fraction), and `time_share`: the
    time of all texts as a share of that at full depth, the runtime alone. Errors as in `record` and `load`.
    """
    artifact = read_artifact(path)
    with open_session(artifact, threads, runtime) as session:
        found = record(session, artifact, data, columns)
    return [
        {
            "max_depth": depth,
            found.metric: found.score(np.full_like(found.full_depths, depth)),
            "time_share": seconds / found.seconds[-1],
        }
        for depth, seconds in enumerate(found.seconds, start=1)
    ]

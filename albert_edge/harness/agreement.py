"""How far two models' outputs for the same texts lie apart: two arrays of logits, or two files on a data file."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Optional

from albert_edge.artifact import read_artifact
from albert_edge.artifact.exits import NEVER
from albert_edge.errors import ConfigError, DataError
from albert_edge.files import PathLike, read_bytes
from albert_edge.harness.evaluation import inputs_of
from albert_edge.harness.evaluations import make_evaluation
from albert_edge.harness.progress import with_progress
from albert_edge.harness.runners import Runner, open_runner
from albert_edge.runtime.interpreter import package_of
from albert_edge.tasks import task_named
from albert_edge.text.labels import SINGLE_LABEL, problem_type_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.harness.evaluations.base import DataFile
    from albert_edge.pipelines.base import Outputs


def measure_agreement(runner: Runner, reference: PathLike, data: DataFile, threads: int = 1) -> dict[str, Any]:
    """Hold `runner` against the `.tflite` at `reference`, usually its float32 conversion: a result's `agreement`.

    Both answer what `data` asks, each with its own tokenizer, the reference on the same runtime at full depth.
    `top1_agreement` and `kl` are means over the rows of logits: one a text, a token, a masked place, or the start and
    the end of an answer; None for outputs that aren't the scores of one choice (a vector, a number, several labels).
    The differences are over all values. Raises `ConfigError` for a reference of another task or other labels,
    `DataError` where the two see different tokens, and what opening the file and reading the data raise.
    """
    task = task_named(runner.pipeline.task)
    evaluation = make_evaluation(runner.pipeline, data)
    compared = _Compared()
    with open_reference(runner, reference, threads) as other:
        is_choice = task.alias != "classify" or problem_type_of(runner.pipeline.config) == SINGLE_LABEL
        for asked in with_progress(evaluation.asked, "agreement"):
            pairs = [_answers(each, inputs_of(evaluation, each, asked)) for each in (other, runner)]
            try:
                compared.add(task.outputs, is_choice, *pairs)
            except DataError as error:
                raise DataError(f"{asked.where}: {error}") from error
    return {
        "reference": Path(reference).name,
        "reference_sha256": hashlib.sha256(read_bytes(reference)).hexdigest(),
        "examples": len(evaluation.asked),
        **compared.summary(),
    }


@contextlib.contextmanager
def open_reference(runner: Runner, reference: PathLike, threads: int = 1) -> Iterator[Runner]:
    """The `.tflite` at `reference` on the runtime of `runner`, at full depth; raises as `measure_agreement` does."""
    path = Path(reference)
    if path.is_dir():
        raise ConfigError(f"reference must be a .tflite; received the folder {str(path)!r}, which `verify` compares")
    threshold = NEVER if read_artifact(path).manifest.exit else None
    runtime, _ = package_of(runner.runtime)
    with open_runner(path, runner.pipeline.task, threads, runtime, exit_threshold=threshold) as other:
        labels, found = runner.pipeline.config.labels, other.pipeline.config.labels
        if found != labels:
            raise ConfigError(
                f"reference must have the file's labels, {', '.join(labels)}; "
                f"received {', '.join(found)} in {str(path)!r}"
            )
        yield other


class _Compared:
    """Sums over all rows so far."""

    def __init__(self) -> None:
        self.rows, self.same, self.kl = 0, 0.0, 0.0
        self.values, self.difference, self.largest = 0, 0.0, 0.0

    def add(
        self, outputs: Mapping[str, tuple[str, ...]], is_choice: bool, reference: list[Outputs], other: list[Outputs]
    ) -> None:
        if len(reference) != len(other):
            raise DataError(f"both files must cut a text alike; received {len(reference)} and {len(other)} inputs")
        for a, b in zip(reference, other):
            for name, axes in outputs.items():
                found = compare_logits(*_rows(a[name], b[name]))
                rows, values = max(1, a[name].size // a[name].shape[-1]), a[name].size
                if is_choice and axes[-1] != "hidden":
                    self.rows += rows
                    self.same += rows * found["top1_agreement"]
                    self.kl += rows * found["kl"]
                self.values += values
                self.difference += values * found["mean_abs_difference"]
                self.largest = max(self.largest, found["max_abs_difference"])

    def summary(self) -> dict[str, Optional[float]]:
        """The keys of `compare_logits`."""
        return {
            "top1_agreement": self.same / self.rows if self.rows else None,
            "max_abs_difference": self.largest,
            "mean_abs_difference": self.difference / self.values,
            "kl": self.kl / self.rows if self.rows else None,
        }


def _answers(runner: Runner, inputs: Any) -> list[Outputs]:
    return [runner.outputs([packed])[0] for packed in inputs]


def _rows(*arrays: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """As [rows, values of one]."""
    return (array.reshape(-1, array.shape[-1]) for array in arrays)


def compare_logits(a: NDArray[Any], b: NDArray[Any]) -> dict[str, float]:
    """Compare `b` with the reference `a`.

    Arguments:
        a: float [N, labels], logits of the reference; N and labels are at least 1.
        b: float [N, labels], logits of the other model for the same texts in the same order.

    Returns `top1_agreement` (fraction of the rows whose largest logit is the same label; the first of equals),
    `max_abs_difference` and `mean_abs_difference` over all logits, and `kl`: the mean over the rows of
    KL(softmax(a) || softmax(b)) in nats.

    Raises `DataError` if the shapes differ or are not [N, labels], or if a value is NaN or infinite: a difference to
    NaN would pass every `difference > limit`.
    """
    import numpy as np

    reference, other = (_checked(name, values) for name, values in (("a", a), ("b", b)))
    if reference.shape != other.shape:
        raise DataError(f"both logits must have one shape; received {list(reference.shape)} and {list(other.shape)}")
    difference = np.abs(reference - other)
    log_p, log_q = _log_softmax(reference), _log_softmax(other)
    kl = np.sum(np.exp(log_p) * (log_p - log_q), axis=1)
    return {
        "top1_agreement": float(np.mean(reference.argmax(axis=1) == other.argmax(axis=1))),
        "max_abs_difference": float(difference.max()),
        "mean_abs_difference": float(difference.mean()),
        "kl": float(kl.mean()),
    }


def _checked(name: str, values: NDArray[Any]) -> NDArray[np.float64]:
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or not array.size:
        raise DataError(f"logits {name} must have the shape [examples, labels]; received {list(array.shape)}")
    if not np.isfinite(array).all():
        row = int(np.argwhere(~np.isfinite(array))[0][0])
        raise DataError(f"logits {name} must be finite; received {array[row].tolist()} for example {row}")
    return array


def _log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    shifted = logits - logits.max(axis=1, keepdims=True)
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result

"""How far a deployed file's outputs are from the model's, and whether its scheme allows that.

Every output of every head is compared on its own. A row is what an answer is taken from: the labels of a text or of a
token, the pieces at a masked position, the tokens among which an answer starts, the numbers of an embedding.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, Optional, Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.errors import DataError
from albert_edge.harness.agreement import compare_logits
from albert_edge.tasks import Task
from converters.reference import Answers
from converters.schemes import Tolerance

FloatArray = NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two models' values of one output for the same inputs."""

    rows: int
    relative_error: float
    """Root-mean-square of the differences over the root-mean-square of the reference's deviations from its mean: of
    each column over the rows, or of each row where rows differ in length."""
    max_abs_difference: float
    mean_abs_difference: float
    top1_agreement: Optional[float]
    """Share of the rows whose largest value is the same; None where that says nothing: of an embedding, and of rows of
    one number, as a regression has them."""
    kl: Optional[float]
    """Mean of KL(reference || other) over the rows' softmax, in nats; None where `top1_agreement` is."""
    cosine: Optional[float] = None
    """Least cosine between two embeddings of one text; None of other outputs."""

    def allowed_by(self, tolerance: Tolerance) -> bool:
        """Whether the difference lies within `tolerance`."""
        return self.relative_error <= tolerance.relative or self.max_abs_difference <= tolerance.absolute

    def to_dict(self) -> dict[str, Any]:
        """The figures by name."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Comparisons:
    """All outputs of all heads, by their names in the signature."""

    texts: int
    outputs: Mapping[str, Comparison]

    def worst(self) -> dict[str, Any]:
        """For each figure the output's that is furthest off; None where no output has it."""
        outputs = self.outputs.values()
        shares = [each.top1_agreement for each in outputs if each.top1_agreement is not None]
        divergences = [each.kl for each in outputs if each.kl is not None]
        return {
            "relative_error": max(each.relative_error for each in outputs),
            "max_abs_difference": max(each.max_abs_difference for each in outputs),
            "mean_abs_difference": max(each.mean_abs_difference for each in outputs),
            "top1_agreement": min(shares, default=None),
            "kl": max(divergences, default=None),
            "cosine": min((each.cosine for each in outputs if each.cosine is not None), default=None),
        }

    def to_dict(self) -> dict[str, Any]:
        """`texts`, the worst figures, and `outputs` with those of each."""
        outputs = {name: comparison.to_dict() for name, comparison in self.outputs.items()}
        return {"texts": self.texts, **self.worst(), "outputs": outputs}


def compare_outputs(
    task: Task, names: Mapping[str, str], reference: Answers, received: Answers
) -> dict[str, Comparison]:
    """Compare each output of `task` for the same texts; `names`: the task's name of it -> its name in the signature.

    Raises `DataError` if a value is not finite or the shapes differ.
    """
    compared = {}
    for name, axes in task.outputs.items():
        rows, others = (_rows([answer[name] for answer in answers], axes) for answers in (reference, received))
        compared[names[name]] = compare(rows, others, is_vector=axes[-1] == "hidden")
    return compared


def _rows(values: Sequence[FloatArray], axes: tuple[str, ...]) -> Sequence[FloatArray]:
    """Rows from the values of each text: of one length unless an axis of tokens is the last one."""
    if axes[-1] == "tokens":
        return values
    return np.concatenate([np.atleast_2d(value) for value in values])  # type: ignore[return-value]


def compare(reference: Sequence[FloatArray], received: Sequence[FloatArray], is_vector: bool = False) -> Comparison:
    """Compare the rows of `received` with those of `reference`, float [N, size] or N rows of any lengths.

    `is_vector`: a row is an embedding, whose direction counts. Raises `DataError` if a value is not finite or the
    shapes differ.
    """
    if len(reference) != len(received):
        raise DataError(f"both models must answer for the same rows; received {len(reference)} and {len(received)}")
    if isinstance(reference, np.ndarray) and isinstance(received, np.ndarray):
        figures = compare_logits(reference, received)
        deviation = reference - reference.mean(axis=0)
    else:
        each = [compare_logits(*both) for both in zip(map(np.atleast_2d, reference), map(np.atleast_2d, received))]
        sizes = [len(row) for row in reference]
        figures = {
            "max_abs_difference": max(one["max_abs_difference"] for one in each),
            "mean_abs_difference": float(np.average([one["mean_abs_difference"] for one in each], weights=sizes)),
            "top1_agreement": float(np.mean([one["top1_agreement"] for one in each])),
            "kl": float(np.mean([one["kl"] for one in each])),
        }
        deviation = np.concatenate([row - row.mean() for row in reference])
    difference = np.concatenate([np.ravel(b) - np.ravel(a).astype(np.float64) for a, b in zip(reference, received)])
    is_choice = not is_vector and any(len(row) > 1 for row in reference)
    spread, error = (float(np.sqrt(np.mean(values**2))) for values in (deviation, difference))
    return Comparison(
        rows=len(reference),
        relative_error=error / spread if spread else (0.0 if not error else float("inf")),
        max_abs_difference=figures["max_abs_difference"],
        mean_abs_difference=figures["mean_abs_difference"],
        top1_agreement=figures["top1_agreement"] if is_choice else None,
        kl=figures["kl"] if is_choice else None,
        cosine=_least_cosine(reference, received) if is_vector else None,
    )


def _least_cosine(reference: Sequence[FloatArray], received: Sequence[FloatArray]) -> float:
    """0 where a vector has no direction."""
    cosines = []
    for a, b in zip(reference, received):
        lengths = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
        cosines.append(float(np.dot(a, b)) / lengths if lengths else 0.0)
    return min(cosines)

"""How far a deployed file's logits are from the model's, and whether its scheme allows that."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from albert_edge.harness.agreement import compare_logits
from converters.schemes import Scheme

FloatArray = NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two models' logits for the same inputs."""

    texts: int
    relative_error: float
    """Root-mean-square of the differences over the root-mean-square of the reference's deviations from its mean."""
    max_abs_difference: float
    mean_abs_difference: float
    top1_agreement: float
    kl: float
    """Mean of KL(reference || other) over the texts, in nats."""

    def allowed_by(self, scheme: Scheme) -> bool:
        """Whether the difference lies within the scheme's tolerance."""
        return self.relative_error <= scheme.relative_tolerance or self.max_abs_difference <= scheme.absolute_tolerance

    def to_dict(self) -> dict[str, Any]:
        """The figures by name."""
        return dataclasses.asdict(self)


def compare(reference: FloatArray, received: FloatArray) -> Comparison:
    """Compare `received` with `reference`, both float [N, labels].

    Raises `DataError` if a logit is not finite or the shapes differ.
    """
    figures = compare_logits(reference, received)
    difference = received.astype(np.float64) - reference
    spread = float(np.sqrt(np.mean((reference - reference.mean(axis=0)) ** 2)))
    error = float(np.sqrt(np.mean(difference**2)))
    return Comparison(
        texts=len(reference),
        relative_error=error / spread if spread else (0.0 if not error else float("inf")),
        max_abs_difference=figures["max_abs_difference"],
        mean_abs_difference=figures["mean_abs_difference"],
        top1_agreement=figures["top1_agreement"],
        kl=figures["kl"],
    )

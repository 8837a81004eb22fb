"""Logits back to labels: single-label classification.

Leaves out multi-label classification and regression, whose scores are no distribution.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.errors import CheckFailedError, ConfigError


@dataclasses.dataclass(frozen=True)
class Classification:
    """The answer for one text; scores are fractions."""

    label: str
    score: float
    """Of `label`."""
    scores: Mapping[str, float]
    """Of every label, in the model's order; they add up to 1."""


def softmax(logits: Any) -> NDArray[np.float64]:
    """exp(x) / sum(exp(x)) over the last axis, in float64 of the same shape.

    The largest logit is subtracted first: the result is the same and no exponential overflows.
    """
    values = np.asarray(logits, dtype=np.float64)
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    softened: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return softened


def decode_classification(logits: Any, labels: Sequence[str]) -> Classification:
    """The answer that `logits`, [len(labels)] numbers, give; of equal logits the first label wins.

    Raises `ConfigError` if there is not one logit a label, and `CheckFailedError` if a logit is not finite.
    """
    values = np.asarray(logits, dtype=np.float64)
    if values.shape != (len(labels),):
        raise ConfigError(f"logits must be one a label, of shape ({len(labels)},); received shape {values.shape}")
    if not np.isfinite(values).all():
        raise CheckFailedError(f"a model's logits must be finite; received {values.tolist()}")
    scores = softmax(values).tolist()
    best = int(values.argmax())
    return Classification(labels[best], scores[best], dict(zip(labels, scores)))

"""Logits to labels: one label a text, several labels a text, or numbers.

    single_label_classification   softmax    one label, scores that add up to 1
    multi_label_classification    sigmoid    every label whose score reaches a threshold, scores of their own
    regression                    identity   a number an output

The names are those of `problem_type` in Hugging Face's `config.json`, and so is the rule without one: a single output
is a regression, more are single labels. Leaves out targets for training, which `tables` makes of a file's rows.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.errors import CheckFailedError, ConfigError

if TYPE_CHECKING:
    from albert_edge.config import AlbertConfig

SINGLE_LABEL = "single_label_classification"
MULTI_LABEL = "multi_label_classification"
REGRESSION = "regression"


@dataclasses.dataclass(frozen=True)
class Classification:
    """The answer for one text; scores are fractions."""

    label: str
    score: float
    """Of `label`."""
    scores: Mapping[str, float]
    """Of every label, in the model's order; they add up to 1."""


def problem_type_of(config: AlbertConfig) -> str:
    """`config.problem_type`, or what its absence means: `regression` for one label, else single labels."""
    if config.problem_type is not None:
        return config.problem_type
    return REGRESSION if len(config.labels) == 1 else SINGLE_LABEL


def softmax(logits: Any) -> NDArray[np.float64]:
    """exp(x) / sum(exp(x)) over the last axis, in float64 of the same shape.

    The largest logit is subtracted first: the result is the same and no exponential overflows.
    """
    values = np.asarray(logits, dtype=np.float64)
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    softened: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return softened


def log_softmax(logits: Any) -> NDArray[np.float64]:
    """The logarithm of `softmax`, finite for every finite logit."""
    values = np.asarray(logits, dtype=np.float64)
    shifted = values - values.max(axis=-1, keepdims=True)
    logarithms: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return logarithms


def sigmoid(logits: Any) -> NDArray[np.float64]:
    """1 / (1 + exp(-x)) in float64 of the same shape, as (1 + tanh(x / 2)) / 2, which can't overflow."""
    values: NDArray[np.float64] = (1 + np.tanh(np.asarray(logits, dtype=np.float64) / 2)) / 2
    return values


def decode_classification(logits: Any, labels: Sequence[str]) -> Classification:
    """The answer that `logits`, [len(labels)] numbers, give; of equal logits the first label wins.

    Raises `ConfigError` if there is not one logit a label, and `CheckFailedError` if a logit is not finite.
    """
    values = np.asarray(logits, dtype=np.float64)
    if values.shape != (len(labels),):
        raise ConfigError(f"logits must be one a label, of shape ({len(labels)},); received shape {values.shape}")
    if not np.isfinite(values).all():
        raise CheckFailedError(f"a model's logits must be finite; received {values.tolist()}")
    return best_label(softmax(values), labels)


def best_label(scores: NDArray[np.float64], labels: Sequence[str]) -> Classification:
    """The label of the highest of `scores`, float64 [len(labels)] that add up to 1; the first of equals."""
    best = int(scores.argmax())
    values = scores.tolist()
    return Classification(labels[best], values[best], dict(zip(labels, values)))


def merge_windows(logits: NDArray[np.float64], problem_type: str, merge: str) -> NDArray[np.float64]:
    """Scores of a text, float64 [labels], from the `logits` of its windows, [windows, labels].

    Merged are scores (softmax, sigmoid) or, of a regression, values: by their mean, or each label by its highest.
    The highest scores of single labels are divided by their sum, so that they again add up to 1.
    """
    scores = softmax(logits) if problem_type == SINGLE_LABEL else logits
    if problem_type == MULTI_LABEL:
        scores = sigmoid(logits)
    if merge == "mean":
        mean: NDArray[np.float64] = scores.mean(axis=0)
        return mean
    highest: NDArray[np.float64] = scores.max(axis=0)
    return highest / highest.sum() if problem_type == SINGLE_LABEL else highest


def labels_above(scores: NDArray[np.float64], labels: Sequence[str], threshold: float) -> tuple[str, ...]:
    """The labels whose score is at least `threshold`, in the model's order; there may be none."""
    return tuple(label for label, score in zip(labels, scores.tolist()) if score >= threshold)

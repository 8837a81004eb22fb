"""`TrainingSettings`: every choice of a training that changes the weights, frozen and checked.

The defaults follow fine-tuning as in Devlin et al. 2018, appendix A.3 and Lan et al. 2019, appendix A.4 where a
checkpoint is the start; those for a start from random weights are measured (docs/training.md has the figures).
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from typing import Any, Callable, Mapping, Optional

from albert_edge.errors import ConfigError

METRICS = ("accuracy", "macro_f1", "loss")
"""What decides which epoch was the best one; `loss` is the cross-entropy on the development set."""

CLASS_WEIGHTS = ("none", "balanced")


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """How a model is trained. The fields without a default have two, one a start: see `from_dict`."""

    epochs: Optional[int]
    """Passes over the training set, at most: `patience` may end them earlier. None: `epochs_for` its size."""
    learning_rate: float
    """The highest one, reached after the warm-up."""
    dropout: Optional[float]
    """Of embeddings, attention, hidden states and the classifier. None: what the checkpoint's config says."""
    word_dropout: float
    """Share of the pieces of a training text that are replaced by `[MASK]`, other ones in each epoch."""
    word_vectors: bool
    """The word embeddings start from counts of which pieces stand near each other in the training texts."""
    batch_size: int = 32
    """Texts a step."""
    warmup: float = 0.1
    """Share of all steps over which the learning rate rises to its highest; it then falls in a line to the end."""
    weight_decay: float = 0.01
    """Share of each weight that goes in a step at learning rate 1. Biases and LayerNorm keep theirs."""
    max_gradient_norm: float = 1.0
    """Gradients whose common Euclidean norm is larger are scaled down to it."""
    label_smoothing: float = 0.0
    """Share of the target that is spread evenly over all labels."""
    class_weights: str = "none"
    """`balanced`: a text of a rare label counts more, as many times as the label is rarer than the average one."""
    max_length: Optional[int] = None
    """Tokens of a packed text, special pieces included; longer ones lose their end. None: 128, or all positions that
    the model has if they are fewer."""
    metric: str = "accuracy"
    """One of `METRICS`."""
    patience: Optional[int] = None
    """Epochs without a better `metric` after which the training stops. None: a quarter of all, at least 3."""
    seed: int = 1
    """Of initial weights, order of the texts, dropout. One seed, one result on one machine."""

    def __post_init__(self) -> None:
        for name, (rule, holds) in _RULES.items():
            value = getattr(self, name)
            if not holds(value):
                raise ConfigError(f"{name} must be {rule}; received {value!r}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], from_checkpoint: bool) -> TrainingSettings:
        """`values` over the defaults of a training that starts from a checkpoint, or from random weights.

        A value None counts as not given. Raises `ConfigError` for a name that isn't a setting, and says which one it
        resembles.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in names:
                close = difflib.get_close_matches(name, names, n=1)
                hint = f", did you mean {close[0]!r}?" if close else ""
                raise ConfigError(f"a setting must be one of {', '.join(names)}; received {name!r}{hint}")
        given = {name: value for name, value in values.items() if value is not None}
        return cls(**{**(FROM_CHECKPOINT if from_checkpoint else FROM_SCRATCH), **given})

    def epochs_for(self, texts: int) -> int:
        """Passes over so many texts: if none are chosen, as many as show the model `TEXTS_SEEN` texts, from 3 to 40."""
        return self.epochs or min(40, max(3, math.ceil(TEXTS_SEEN / texts)))

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return dataclasses.asdict(self)


TEXTS_SEEN = 45_000
"""How many texts, the same ones again and again, a small model needs from random weights (measured)."""

FROM_SCRATCH: dict[str, Any] = {
    "epochs": None,
    "learning_rate": 1e-3,
    "dropout": 0.2,
    "word_dropout": 0.3,
    "word_vectors": True,
}
"""Defaults where the weights are random."""

FROM_CHECKPOINT: dict[str, Any] = {
    "epochs": 3,
    "learning_rate": 5e-5,
    "dropout": None,
    "word_dropout": 0.0,
    "word_vectors": False,
}
"""Defaults where the weights are a checkpoint's."""

_Check = Callable[[Any], bool]


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 <= value < 1


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_seed(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


_COUNT = ("a positive integer", _is_count)
_OPTIONAL_COUNT = ("a positive integer", lambda value: value is None or _is_count(value))
_SHARE = ("in [0, 1)", _is_share)
_POSITIVE = ("a positive number", _is_positive)

_RULES: dict[str, tuple[str, _Check]] = {
    "epochs": _OPTIONAL_COUNT,
    "batch_size": _COUNT,
    "learning_rate": _POSITIVE,
    "warmup": _SHARE,
    "weight_decay": ("a number that is not negative", lambda value: _is_number(value) and value >= 0),
    "max_gradient_norm": _POSITIVE,
    "label_smoothing": _SHARE,
    "dropout": ("in [0, 1)", lambda value: value is None or _is_share(value)),
    "word_dropout": _SHARE,
    "word_vectors": ("true or false", lambda value: isinstance(value, bool)),
    "class_weights": (f"one of {', '.join(CLASS_WEIGHTS)}", lambda value: value in CLASS_WEIGHTS),
    "max_length": ("an integer of at least 3", lambda value: value is None or (_is_count(value) and value >= 3)),
    "metric": (f"one of {', '.join(METRICS)}", lambda value: value in METRICS),
    "patience": _OPTIONAL_COUNT,
    "seed": ("an integer from 0 to 2147483647", _is_seed),
}
"""Setting -> the rule in words and as a function."""

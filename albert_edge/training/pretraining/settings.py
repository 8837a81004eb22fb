"""`PretrainingSettings`: every choice of a pretraining that changes the weights, frozen and checked."""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, Optional

from albert_edge.errors import ConfigError
from albert_edge.rules import Rules, check_rules, is_count, is_number, is_seed, refuse_unknown

OPTIMIZERS = ("adamw", "lamb")

PAIR_OBJECTIVES = ("sop", "nsp", "none")

PRECISIONS = ("float32", "bfloat16")

OF_A_FURTHER: dict[str, Any] = {"learning_rate": 1e-4}
"""Defaults that differ where a pretraining goes on: weights that know something are changed in smaller steps."""

REPLAY_SHARE = 0.2
"""Of a batch's inputs, where another corpus is replayed and nothing else is chosen."""


@dataclasses.dataclass(frozen=True)
class PretrainingSettings:
    """How a model is pretrained."""

    steps: int
    """Updates."""
    batch_size: int = 32
    """Inputs an update at the first length; at a longer one fewer, so that the tokens stay the same."""
    accumulate: int = 1
    """Parts of a batch that are computed one after another: less memory, the same update."""
    lengths: str = "128"
    """Tokens of an input, in stages: `128:0.9,512:0.1` is nine tenths of the updates at 128, then the rest at 512."""
    depths: Optional[str] = None
    """Layers that are applied, in stages: `2:0.5,6:0.5`. All share their weights, so that a few teach the others, for
    less an update (progressive stacking, Gong et al. 2019). None: all of the model's."""
    optimizer: str = "adamw"
    learning_rate: float = 1e-3
    """The highest one, reached after the warm-up."""
    warmup: float = 0.05
    """Share of all updates over which the learning rate rises; it then falls to 0."""
    decay_power: float = 1.0
    """It falls as (share of the updates left) to this power."""
    weight_decay: float = 0.01
    """Share of each weight that goes in an update at learning rate 1. Biases and LayerNorm keep theirs."""
    max_gradient_norm: float = 1.0
    """Gradients whose common Euclidean norm is larger are scaled down to it."""
    beta_2: float = 0.98
    """Share of the old mean of squared gradients that stays in an update. 0.999 remembers longer than the first updates
    of a short pretraining last."""
    ema: float = 0.0
    """Share of the old mean of the weights that stays in an update; 0: the weights themselves are saved."""
    dropout: float = 0.0
    """Of embeddings, attention and hidden states."""
    mask_share: float = 0.15
    """Share of the pieces that are asked for."""
    ngram: int = 3
    """Pieces, or words, of the longest span that is asked for together."""
    whole_words: bool = False
    """Spans are of words, with all of their pieces."""
    max_predictions: Optional[int] = None
    """Pieces of an input that are asked for, at most. None: what the share makes of its length, and room for a span."""
    pair_objective: str = "sop"
    """`sop`: the order of two passages; `nsp`: whether the second follows; `none`: masked pieces alone."""
    word_vectors: bool = False
    """The word embeddings start from counts of which pieces stand near each other."""
    local_start: bool = False
    """Positions start as waves, and two heads by looking at the neighbours."""
    precision: str = "float32"
    """What the model computes in: `bfloat16` keeps weights, LayerNorm, softmax, losses and the update in float32."""
    jit: bool = True
    """XLA compiles an update. Its numbers differ in the last digits."""
    seed: int = 1
    """Of initial weights, order, passages, masks and dropout."""

    def __post_init__(self) -> None:
        check_rules(self, _RULES)
        length_stages(self.lengths, self.steps)
        if self.depths is not None:
            depth_stages(self.depths, self.steps)
        if self.batch_size % self.accumulate:
            raise ConfigError(
                f"batch_size must be a multiple of accumulate; received {self.batch_size} and {self.accumulate}"
            )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> PretrainingSettings:
        """`values` over the defaults; None counts as not given. Raises `ConfigError` for a name that isn't a setting,
        and says which one it resembles."""
        given = {name: value for name, value in values.items() if value is not None}
        refuse_unknown(given, [field.name for field in dataclasses.fields(cls)], "a setting of a pretraining")
        if "steps" not in given:
            raise ConfigError("steps must be given; received none")
        return cls(**given)

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return dataclasses.asdict(self)

    def length_at(self, step: int) -> int:
        """Tokens of an input in the update after `step` ones."""
        return _at(step, length_stages(self.lengths, self.steps))

    def depth_at(self, step: int) -> Optional[int]:
        """Layers that are applied in the update after `step` ones; None: all."""
        return _at(step, depth_stages(self.depths, self.steps)) if self.depths else None

    @property
    def longest(self) -> int:
        """Tokens of the longest input of any stage."""
        return max(length for length, _ in length_stages(self.lengths, self.steps))

    @property
    def deepest(self) -> Optional[int]:
        """Layers that the last stage applies; None: all."""
        return self.depth_at(self.steps - 1)

    @property
    def measured_length(self) -> int:
        """Tokens of a held-out input, in all stages alike: that of most updates."""
        stages = length_stages(self.lengths, self.steps)
        ends = [0, *(last for _, last in stages)]
        return max(zip(stages, ends), key=lambda each: each[0][1] - each[1])[0][0]

    def inputs_at(self, length: int) -> int:
        """Inputs a batch of that length: as many tokens as at the first one, in whole parts."""
        first = length_stages(self.lengths, self.steps)[0][0]
        parts = max(1, round(self.batch_size * first / length / self.accumulate))
        return parts * self.accumulate

    def predictions_at(self, length: int) -> int:
        """Pieces that an input of that length may be asked for."""
        return self.max_predictions or round(self.mask_share * length) + self.ngram


def length_stages(lengths: str, steps: int) -> list[tuple[int, int]]:
    """(tokens, updates made at the stage's end) of `128:0.9,512:0.1`; raises `ConfigError` for what isn't such."""
    rule = "lengths must be tokens (8 at least) with shares that sum to 1, as 128:0.9,512:0.1, an update each at least"
    return _stages(lengths, steps, 8, rule)


def depth_stages(depths: str, steps: int) -> list[tuple[int, int]]:
    """(layers, updates made at the stage's end) of `2:0.5,6:0.5`; raises `ConfigError` for what isn't such."""
    rule = "depths must be layers with shares that sum to 1, as 2:0.5,6:0.5, an update each at least"
    return _stages(depths, steps, 1, rule)


def _stages(text: str, steps: int, least: int, rule: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    total = 0.0
    for part in str(text).split(","):
        first, _, share = part.partition(":")
        try:
            value, total = int(first), total + float(share or 1)
            last = round(total * steps)
        except (OverflowError, ValueError):
            raise ConfigError(f"{rule}; received {text!r}") from None
        if value < least or last <= (found[-1][1] if found else 0):
            raise ConfigError(f"{rule}; received {text!r}")
        found.append((value, last))
    if abs(total - 1) > 1e-6:
        raise ConfigError(f"{rule}; received {text!r}")
    return found


def _at(step: int, stages: list[tuple[int, int]]) -> int:
    return next(value for value, last in stages if step < last)


def _share(value: Any) -> bool:
    return is_number(value) and 0 <= value < 1


def _positive(value: Any) -> bool:
    return is_number(value) and value > 0


_COUNT = ("a positive integer", is_count)
_SHARE = ("in [0, 1)", _share)
_POSITIVE = ("a positive number", _positive)
_FLAG = ("true or false", lambda value: isinstance(value, bool))

_RULES: Rules = {
    "steps": _COUNT,
    "batch_size": _COUNT,
    "accumulate": _COUNT,
    "optimizer": (f"one of {', '.join(OPTIMIZERS)}", lambda value: value in OPTIMIZERS),
    "learning_rate": _POSITIVE,
    "warmup": _SHARE,
    "decay_power": _POSITIVE,
    "weight_decay": ("a number that is not negative", lambda value: is_number(value) and value >= 0),
    "max_gradient_norm": _POSITIVE,
    "beta_2": _SHARE,
    "ema": _SHARE,
    "dropout": _SHARE,
    "mask_share": ("in (0, 1)", lambda value: _share(value) and value > 0),
    "ngram": _COUNT,
    "whole_words": _FLAG,
    "max_predictions": ("a positive integer", lambda value: value is None or is_count(value)),
    "pair_objective": (f"one of {', '.join(PAIR_OBJECTIVES)}", lambda value: value in PAIR_OBJECTIVES),
    "word_vectors": _FLAG,
    "local_start": _FLAG,
    "precision": (f"one of {', '.join(PRECISIONS)}", lambda value: value in PRECISIONS),
    "jit": _FLAG,
    "seed": ("an integer from 0 to 2147483647", is_seed),
}

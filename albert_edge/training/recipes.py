"""What differs between the tasks in how they are trained: metrics, settings of their own, defaults. Plain values.

The command line reads its choices and defaults from here too, so this file imports nothing heavy. Where a default has
a figure behind it, docs/training.md has the figure.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, Optional

from albert_edge.config import PROBLEM_TYPES
from albert_edge.errors import ConfigError
from albert_edge.tasks import task_named

SINGLE_LABEL, MULTI_LABEL, REGRESSION = PROBLEM_TYPES

LOSS = "loss"
"""The metric that every task has: the mean loss on the development set, without dropout."""

LOWER_IS_BETTER = (LOSS, "mse")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How one task is trained."""

    kind_setting: Optional[str]
    """The setting that decides what is learnt, where a task has several kinds."""
    scores: Mapping[Optional[str], tuple[str, ...]]
    """Kind -> the scores in an epoch's record, each of which may choose the best epoch as `LOSS` may; the default
    first. A task of one kind has the key None."""
    own_settings: tuple[str, ...] = ()
    """Settings that only some tasks have, this one among them."""
    lower_case: bool = True
    """A vocabulary trained for this task is one of lower-case texts, if nothing else is chosen."""
    in_percent: bool = False
    """The task's scores are percentages (as SQuAD's official script gives them) rather than fractions."""
    texts_seen: int = 45_000
    """Inputs, the same ones again and again, that a small model needs from random weights."""
    max_length: int = 128
    """Tokens of an input if the settings don't say, or all positions that the model has if they are fewer."""
    scratch: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Defaults that differ from `settings.FROM_SCRATCH`."""
    checkpoint: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Defaults that differ from `settings.FROM_CHECKPOINT`."""

    @property
    def kinds(self) -> tuple[Optional[str], ...]:
        """The values of `kind_setting`, the default first."""
        return tuple(self.scores)

    def kind(self, settings: Mapping[str, Any]) -> Optional[str]:
        """What `settings` choose to be learnt; raises `ConfigError` for what can't be."""
        if self.kind_setting is None:
            return None
        kind: Optional[str] = settings[self.kind_setting]
        if kind not in self.kinds:
            names = ", ".join(str(name) for name in self.kinds)
            raise ConfigError(f"{self.kind_setting} must be one of {names}; received {kind!r}")
        return kind

    def metrics(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """What may choose the best epoch, the default first."""
        return (*self.scores[self.kind(settings)], LOSS)


PRIVATE_SETTINGS = ("dp_noise_multiplier", "dp_epsilon", "dp_clip", "dp_delta")
"""Of a private training, which is one where each row is one input with a loss of its own."""

RECIPES: dict[str, Recipe] = {
    "text-classification": Recipe(
        "problem_type",
        {
            SINGLE_LABEL: ("accuracy", "macro_f1"),
            MULTI_LABEL: ("micro_f1", "macro_f1"),
            REGRESSION: ("pearson", "spearman", "mse"),
        },
        own_settings=("problem_type", "label_smoothing", "class_weights", "keep_labels", *PRIVATE_SETTINGS),
    ),
    "token-classification": Recipe(
        None,
        {None: ("f1",)},
        own_settings=("label_smoothing", "class_weights", "stride", "keep_labels"),
        lower_case=False,
        texts_seen=20_000,
        # Nine words in ten are no entity: without weights a small model says `O` for many epochs, and nothing else.
        scratch={"class_weights": "square-root", "word_dropout": 0.1, "batch_size": 16},
    ),
    "question-answering": Recipe(
        None,
        {None: ("f1", "exact_match")},
        own_settings=("stride",),
        in_percent=True,
        max_length=384,
    ),
    "feature-extraction": Recipe(
        "pair_objective",
        {"ranking": ("recall_at_1",), "cosine": ("spearman", "pearson")},
        own_settings=("pair_objective", "pooling", "normalize"),
    ),
    "fill-mask": Recipe(
        None,
        {None: ("accuracy",)},
        own_settings=("mask_share",),
        # Guessing the most frequent piece is the best accuracy for many epochs in which the loss falls. Pieces that are
        # dropped would be masks that nothing is asked for.
        scratch={"word_dropout": 0.0, "metric": LOSS},
        checkpoint={"metric": LOSS},
    ),
    "sentence-order": Recipe(
        "pair_objective", {"sop": ("accuracy",), "nsp": ("accuracy",)}, own_settings=("pair_objective",)
    ),
}
"""Hugging Face's name of a task -> its recipe."""

OWN_SETTINGS = tuple(dict.fromkeys(name for recipe in RECIPES.values() for name in recipe.own_settings))
"""Every setting that not all tasks have."""


def recipe_of(task: str) -> Recipe:
    """The recipe of a task, by its long or short name; raises `ConfigError` for a name that isn't one."""
    return RECIPES[task_named(task).name]


_NOT_SHARES = (LOSS, "mse", "pearson", "spearman")


def shown(task: str, name: str, value: Optional[float]) -> str:
    """A score in words: `macro F1 83.5%`, `pearson 0.712`."""
    words = name.replace("_", " ").replace("f1", "F1")
    if value is None:
        return f"{words} none"
    if name in _NOT_SHARES:
        return f"{words} {value:.3f}"
    return f"{words} {value / 100 if recipe_of(task).in_percent else value:.1%}"

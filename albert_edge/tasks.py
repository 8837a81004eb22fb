"""The tasks: their names, what a deployed graph gives for each, and how the outputs of several heads are told apart.

The names are Hugging Face's, the short ones are accepted wherever a task is named. A graph has one signature; with one
head its outputs have the names below, with several each name starts with the head's short one (`tag_logits`), since two
heads may both give `logits`.
"""

from __future__ import annotations

import dataclasses
from typing import Mapping

from albert_edge.errors import ConfigError

MASKED_POSITIONS = "masked_positions"
"""The further input of `fill-mask`: int32 [1, K], positions in `input_ids`."""

EXIT_THRESHOLD = "exit_threshold"
"""The further input of a graph that may stop early: float32 [1], the confidence that it stops at; above 1: never."""

DEPTH_USED = "depth_used"
"""The further output of such a graph: int32 [1], the layers that were applied."""


@dataclasses.dataclass(frozen=True)
class Task:
    """What a head answers."""

    name: str
    """Hugging Face's name."""
    alias: str
    """The short name, also a verb."""
    outputs: Mapping[str, tuple[str, ...]]
    """Output -> what its axes behind the first (one text) count: `tokens`, `labels`, `masks`, `pieces` or `hidden`."""

    @property
    def has_labels(self) -> bool:
        """Whether an output has an entry a label of `config.labels`."""
        return any("labels" in axes for axes in self.outputs.values())

    @property
    def takes_masks(self) -> bool:
        """Whether an output has a row a masked position, which the graph then takes as an input."""
        return any("masks" in axes for axes in self.outputs.values())

    @property
    def is_pooled(self) -> bool:
        """Whether the answer is one of the whole text rather than one a token."""
        return not any({"tokens", "masks"} & set(axes) for axes in self.outputs.values())


TASKS = (
    Task("text-classification", "classify", {"logits": ("labels",)}),
    Task("token-classification", "tag", {"logits": ("tokens", "labels")}),
    Task("question-answering", "answer", {"start_logits": ("tokens",), "end_logits": ("tokens",)}),
    Task("feature-extraction", "embed", {"embedding": ("hidden",)}),
    Task("fill-mask", "fill", {"logits": ("masks", "pieces")}),
    Task("sentence-order", "order", {"logits": ("labels",)}),
)

TASK_NAMES = tuple(task.name for task in TASKS)

ORDER_LABELS = {"sop": ("in_order", "swapped"), "nsp": ("next", "random")}
"""Objective of sentence-order -> the model's labels; the first means that the passages are in order."""


def task_named(name: str) -> Task:
    """The task of that name, long or short; raises `ConfigError` listing them."""
    for task in TASKS:
        if name in (task.name, task.alias):
            return task
    known = ", ".join(f"{task.name} ({task.alias})" for task in TASKS)
    raise ConfigError(f"task must be one of {known}; received {name!r}")


def output_names(task: Task, heads: int) -> dict[str, str]:
    """Name of each output of `task` -> its name in the signature of a graph with so many `heads`."""
    return {name: name if heads == 1 else f"{task.alias}_{name}" for name in task.outputs}

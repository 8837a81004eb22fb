"""A trained model that a training learns from: its folder, read and held against the student before TensorFlow starts.

Any folder will do that has a head of the task, the student's labels and the student's vocabulary: what both see has to
be the same pieces, and what both answer has to mean the same. Its size, depth, heads and widths are its own.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Mapping, Optional

import numpy as np

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.model.folder import read_checkpoint
from albert_edge.model.hub import resolve_folder
from albert_edge.training.start import is_of_task, longest_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.text.tokenizer import Tokenizer
    from albert_edge.training.objectives.base import Objective
    from albert_edge.training.start import Start


@dataclasses.dataclass(frozen=True)
class Teacher:
    """A teacher that isn't built yet."""

    folder: str
    """As it was named."""
    config: AlbertConfig
    tensors: Mapping[str, NDArray[np.float32]]
    """Every parameter; numbers that it answers with are those that the objective learns (`Objective.scale`)."""
    label_places: Optional[NDArray[np.int64]]
    """Where the student's first, second, ... label stands among the teacher's, of those that it knows; None of a task
    without labels."""
    known_labels: Optional[NDArray[np.int64]] = None
    """Which of the student's labels it knows; None: all."""

    def facts(self) -> dict[str, Any]:
        """Its shape, for the report."""
        return {
            "folder": self.folder,
            "layers": self.config.num_hidden_layers,
            "hidden_size": self.config.hidden_size,
            "parameters": sum(int(values.size) for values in self.tensors.values()),
        }


def read_teacher(objective: Objective, start: Start) -> Optional[Teacher]:
    """The teacher that the objective's settings name, None without one.

    Raises `ConfigError` for one that can't teach the model of `start`, and what reading a folder raises.
    """
    name = objective.settings.teacher
    if name is None:
        return None
    _check_task(name, objective)
    found = read_checkpoint(name, objective.request.task)
    _check_inputs(found.config, found.tokenizer, objective, start)
    known = _known_labels(found.config, objective)
    places = _label_places(found.config, objective, known)
    return Teacher(name, found.config, objective.scale(found.tensors), places, known)


def _check_task(name: str, objective: Objective) -> None:
    config, task = AlbertConfig.load(resolve_folder(name)), objective.request.task
    if not is_of_task(config, task):
        known = config.settings.task or ", ".join(config.architectures)
        raise ConfigError(f"a teacher must have the student's task, {task}; received {name!r} ({known})")
    kind = objective.settings.problem_type
    if kind is not None and config.problem_type not in (None, kind):
        raise ConfigError(f"a teacher must have the student's problem type, {kind}; received {config.problem_type}")


def _check_inputs(config: AlbertConfig, tokenizer: Tokenizer, objective: Objective, start: Start) -> None:
    own = start.tokenizer
    if (tokenizer.model, tokenizer.options) != (own.model, own.options):
        raise ConfigError(
            f"a teacher must have the student's vocabulary and tokenizer options, {own.vocab_size} pieces (a student "
            f"of a --size takes the teacher's if no --vocab is given); received others, {tokenizer.vocab_size} pieces"
        )
    length = longest_text(start.config, objective.request)
    if config.max_position_embeddings < length:
        raise ConfigError(
            f"a teacher must have a position for each of a text's {length} tokens (--max-length); "
            f"received {config.max_position_embeddings}"
        )
    if config.type_vocab_size < start.config.type_vocab_size:
        raise ConfigError(
            f"a teacher must have the student's {start.config.type_vocab_size} segments; "
            f"received {config.type_vocab_size}"
        )


def _known_labels(config: AlbertConfig, objective: Objective) -> Optional[NDArray[np.int64]]:
    """The places of the labels that a student's teacher knows, where the student keeps a checkpoint's and adds some
    that are new: there the teacher says how the old ones are told apart (Li and Hoiem 2016, *Learning without
    Forgetting*)."""
    labels, known = objective.labels, config.labels
    if not objective.request.keeps_labels or len(known) < 2 or not set(known) < set(labels):
        return None
    return np.array([index for index, label in enumerate(labels) if label in known], np.int64)


def _label_places(
    config: AlbertConfig, objective: Objective, known_labels: Optional[NDArray[np.int64]]
) -> Optional[NDArray[np.int64]]:
    if not objective.labels:
        return None
    labels, known = objective.labels, config.labels
    if known_labels is not None:
        labels = tuple(labels[index] for index in known_labels)
    if objective.settings.problem_type == "regression":
        if len(known) != 1:
            raise ConfigError(f"a teacher of numbers must have one output; received {len(known)}: {', '.join(known)}")
        return np.zeros(1, np.int64)
    if sorted(labels) != sorted(known):
        raise ConfigError(f"a teacher must have the student's labels, {', '.join(labels)}; received {', '.join(known)}")
    return np.array([known.index(label) for label in labels], np.int64)

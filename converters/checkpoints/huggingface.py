"""A folder of Hugging Face's with everything that its class has, pretraining and multiple choice too."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Mapping, Optional, Sequence

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.model.checkpoint import read_tensors, weights_file
from albert_edge.model.loading import collect, plan_load
from albert_edge.model.tensors import HEADS, head_of_task, task_of_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True)
class Found:
    """A checkpoint in Hugging Face's terms."""

    config: AlbertConfig
    task: str
    tensors: Mapping[str, NDArray[np.float32]]
    """Every parameter of the class of `task`, by its name."""
    dropped: Mapping[str, str]
    """Name in the checkpoint -> why it isn't in `tensors`."""
    made: tuple[str, ...]
    """Tensors that the checkpoint has nothing for: a pooler that nothing reads, a mapping of a width to itself."""
    weights: Path
    """The file that the weights came from; of a TensorFlow checkpoint its prefix."""


def read_huggingface(folder: Path, task: Optional[str] = None, labels: Optional[Sequence[str]] = None) -> Found:
    """Read `folder` as the class of `task` (None: its own), with the outputs named `labels` (None: as they are).

    Raises `FolderError` or `ConfigError` naming what is missing, unknown or misshapen.
    """
    config = AlbertConfig.load(folder)
    task = task or task_of_class(config)
    if labels is not None:
        config = with_labels(config, labels, len(config.labels))
    tensors = read_tensors(folder)
    plan = plan_load(tensors, config, config, task)
    collected = collect(plan, tensors, config, task, seed=1)
    reason = f"not of {head_of_task(task).architecture}"
    return Found(config, task, collected, dict.fromkeys(plan.dropped, reason), plan.initialised, weights_file(folder))


def task_of_class(config: AlbertConfig) -> str:
    """The task that keeps everything which the class in `config` has; raises `ConfigError` if it names none."""
    if config.settings.task is not None:
        return config.settings.task
    for head in HEADS:
        if head.architecture in config.architectures:
            return head.task
    return task_of_folder(config)


def with_labels(config: AlbertConfig, labels: Optional[Sequence[str]], outputs: int) -> AlbertConfig:
    """`config` with a label an output: those given, its own if they are as many, else LABEL_0, LABEL_1...

    Raises `ConfigError` if `labels` are of another number.
    """
    if labels is not None:
        if len(labels) != outputs:
            raise ConfigError(f"labels must be as many as the head has outputs, {outputs}; received {list(labels)}")
        return config.replace(labels=tuple(labels))
    if len(config.labels) == outputs:
        return config
    return config.replace(labels=tuple(f"LABEL_{index}" for index in range(outputs)))

"""Which heads go into one file: the model's own, and those of further folders on the same trunk.

A head is asked for as `FOLDER` or `FOLDER=TASK`. One folder may give two of them: an `AlbertForPreTraining` has a
fill-mask and a sentence-order head. A task comes once in a file, since its outputs are named by it.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, Optional, Sequence

from albert_edge.artifact import Head
from albert_edge.artifact.heads import check_heads
from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError, FolderError
from albert_edge.files import PathLike
from albert_edge.model.folder import Checkpoint, read_checkpoint
from albert_edge.model.trunk import first_difference
from albert_edge.tasks import TASKS
from albert_edge.text.windows import window_room

_TASK_OF_SETTING = {
    "pooling": "feature-extraction",
    "normalize": "feature-extraction",
    "no_answer_threshold": "question-answering",
}
"""Setting -> the only task that it means something for."""


def split_request(text: PathLike) -> tuple[PathLike, Optional[str]]:
    """`FOLDER=TASK` as folder and task; without a task behind the last `=` the whole is the folder."""
    if isinstance(text, str):
        folder, _, task = text.rpartition("=")
        if folder and any(task in (known.name, known.alias) for known in TASKS):
            return folder, task
    return text, None


def read_heads(
    model: PathLike, task: Optional[str], others: Sequence[PathLike], settings: Mapping[str, Any]
) -> tuple[Checkpoint, ...]:
    """The checkpoint of each head, the first one's trunk that of all.

    Args:
      model: the folder of the first head.
      task: its task; None is the folder's own.
      others: further heads, each `FOLDER` or `FOLDER=TASK`.
      settings: fields of `DeviceSettings` to replace; None leaves the folder's.

    Raises `ConfigError` for a setting that no head has a use for or that its positions have no room for,
    `ArtifactError` for a task that comes twice or a trunk of another shape, `FolderError` for one with other weights or
    another tokenizer.
    """
    checkpoints = [read_checkpoint(model, task), *(read_checkpoint(*split_request(other)) for other in others)]
    check_heads([Head(checkpoint.task, checkpoint.config) for checkpoint in checkpoints])
    for checkpoint in checkpoints[1:]:
        check_same_trunk(checkpoints[0], checkpoint)
    changes = {name: value for name, value in settings.items() if value is not None}
    _check_use(checkpoints, changes)
    changed = tuple(_with_settings(checkpoint, changes) for checkpoint in checkpoints)
    for checkpoint in changed if {"max_length", "stride"} & changes.keys() else ():
        _check_windows(checkpoint.config)
    return changed


def _check_use(checkpoints: Sequence[Checkpoint], changes: Mapping[str, Any]) -> None:
    for name in changes:
        wanted = _TASK_OF_SETTING.get(name)
        if wanted is not None and wanted not in [checkpoint.task for checkpoint in checkpoints]:
            raise ConfigError(f"{name} belongs to {wanted}; received it for {checkpoints[0].task}")


def _check_windows(config: AlbertConfig) -> None:
    """What is asked for must be possible: a device would shorten the windows silently, and refuse every long text."""
    positions, settings = config.max_position_embeddings, config.settings
    longest = positions if settings.max_length is None else settings.max_length
    if longest > positions:
        raise ConfigError(f"max_length must be at most the model's {positions} positions; received {longest}")
    room = window_room(longest)
    if settings.stride is not None and settings.stride > room:
        raise ConfigError(f"stride must be from 1 to a window's room of {room} pieces; received {settings.stride}")


def _with_settings(checkpoint: Checkpoint, changes: Mapping[str, Any]) -> Checkpoint:
    own = {name: value for name, value in changes.items() if _TASK_OF_SETTING.get(name) in (None, checkpoint.task)}
    return dataclasses.replace(checkpoint, config=checkpoint.config.with_settings(**own)) if own else checkpoint


def check_same_trunk(first: Checkpoint, other: Checkpoint) -> None:
    """Raise `FolderError`, naming the first difference, unless both have one tokenizer and every bit of one encoder."""
    if (first.tokenizer.kind, first.tokenizer.model) != (other.tokenizer.kind, other.tokenizer.model):
        raise FolderError(
            f"heads of one file must share the vocabulary; "
            f"received another {other.tokenizer.file_name} for {other.task}"
        )
    options = first.tokenizer.options.to_dict(), other.tokenizer.options.to_dict()
    if options[0] != options[1]:
        raise FolderError(f"heads of one file must share the tokenizer's options; received {options[0]}, {options[1]}")
    name = first_difference(first.config, first.tensors, other.tensors)
    if name is not None:
        raise FolderError(
            f"heads of one file must share every tensor of the encoder (train them with the trunk frozen); "
            f"received another {name} for {other.task}"
        )

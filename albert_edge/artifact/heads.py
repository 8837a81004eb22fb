"""`Head`: one task of an artifact, and how the manifest holds those beside the first.

All heads of a file stand on one trunk and share its tokenizer, so the manifest has one whole `config.json`, the first
head's, and of each further head only what is its own: labels, problem type and device settings.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, Sequence

from albert_edge.config import SHAPE_FIELDS, AlbertConfig
from albert_edge.errors import ArtifactError, ConfigError
from albert_edge.settings import DeviceSettings
from albert_edge.tasks import TASK_NAMES, task_named

TRUNK_FIELDS = (*SHAPE_FIELDS, "attention_head_size", "hidden_act", "layer_norm_eps", "pad_token_id")
"""What of a configuration the trunk's answers depend on, and so is equal in all heads of a file."""


@dataclasses.dataclass(frozen=True)
class Head:
    """A task and the configuration that its answers are read with."""

    task: str
    """Hugging Face's name, one of `tasks.TASK_NAMES`."""
    config: AlbertConfig
    """The trunk's shape with this head's labels, problem type and device settings."""


def labels_of(head: Head) -> tuple[str, ...]:
    """The head's labels in order of its logits; none for a task whose outputs have no axis of labels.

    Every `config.json` has labels, a fill-mask model's too, where they name nothing.
    """
    return head.config.labels if task_named(head.task).has_labels else ()


def values_of(head: Head) -> dict[str, Any]:
    """The manifest's object of a further head."""
    return {
        "task": head.task,
        "labels": list(labels_of(head)),
        "problem_type": head.config.problem_type,
        "settings": head.config.settings.to_dict(),
    }


def head_of(values: object, first: AlbertConfig) -> Head:
    """The head that a manifest's object describes, on the trunk of `first`; raises `ArtifactError`."""
    if not isinstance(values, Mapping) or set(values) != {"task", "labels", "problem_type", "settings"}:
        shown = sorted(values) if isinstance(values, Mapping) else values
        raise ArtifactError(f"a head must have the keys task, labels, problem_type, settings; received {shown}")
    task, labels, settings = check_task(values["task"]), values["labels"], values["settings"]
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise ArtifactError(f"a head's labels must be a list of strings; received {str(labels)[:200]}")
    if bool(labels) != task_named(task).has_labels:
        raise ArtifactError(f"a {task} head must have {'' if not labels else 'no '}labels; received {len(labels)}")
    own: dict[str, Any] = {"labels": tuple(labels)} if labels else {}
    try:
        # From the default settings, so that none of the first head's is taken over.
        checked = dataclasses.asdict(DeviceSettings.from_dict(settings))
        return Head(task, first.replace(problem_type=values["problem_type"], **own).with_settings(**checked))
    except (ConfigError, TypeError, ValueError) as reason:
        raise ArtifactError(f"a {task} head must be described as in config.json; received {reason}") from reason


def check_task(task: object) -> str:
    """The name of a task of this version; raises `ArtifactError` for any other."""
    if task not in TASK_NAMES:
        raise ArtifactError(f"task must be one of {', '.join(TASK_NAMES)}; received {task!r}")
    return str(task)


def check_heads(heads: Sequence[Head]) -> None:
    """Raise `ArtifactError` unless there is a head, each has its own task, and all have one trunk."""
    if not heads:
        raise ArtifactError("an artifact must have a head; received none")
    tasks = [check_task(head.task) for head in heads]
    if len(set(tasks)) != len(tasks):
        raise ArtifactError(f"each head of one file must have a task of its own; received {', '.join(tasks)}")
    for head in heads[1:]:
        for field in TRUNK_FIELDS:
            values = getattr(heads[0].config, field), getattr(head.config, field)
            if values[0] != values[1]:
                raise ArtifactError(f"heads of one file must share {field}; received {values[0]!r} and {values[1]!r}")

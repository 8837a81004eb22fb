"""A TensorFlow checkpoint as one of Hugging Face's classes: which naming, which head, then one variable at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Mapping, Optional, Sequence

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.files import PathLike
from albert_edge.model.formats import SAVED_MODEL
from albert_edge.model.tensors import DEFAULT_LABELS, head_of_task, tensor_table
from albert_edge.tasks import ORDER_LABELS
from albert_edge.text.tokenizer import Tokenizer
from converters.checkpoints.google_config import read_google_config
from converters.checkpoints.huggingface import Found, task_of_class, with_labels
from converters.checkpoints.keras_config import config_of_encoder
from converters.checkpoints.keras_names import KERAS
from converters.checkpoints.naming import MAPPING, Naming, Shape, count_outputs, plan_import, stored_task, to_torch
from converters.checkpoints.sources import Source, find_config
from converters.checkpoints.tf1_names import TF1
from converters.checkpoints.tf_variables import Variables

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def read_tensorflow(
    source: Source,
    words: Tokenizer,
    task: Optional[str] = None,
    labels: Optional[Sequence[str]] = None,
    config_path: Optional[PathLike] = None,
) -> Found:
    """Read a checkpoint or SavedModel as the class of `task` (None: of the head that is there).

    `words` is its vocabulary, whose special pieces the configuration names; `labels` are names for a classifier's
    outputs; `config_path` is an `albert_config.json` in place of the source's own. Raises `FolderError` or
    `ConfigError` naming what is missing, unknown or misshapen.
    """
    assert source.prefix is not None
    variables = Variables(source.prefix)
    naming = _naming(variables)
    shapes = variables.shapes
    config = _config(source, config_path, naming, shapes)
    config = config.replace(pad_token_id=words.pad_id, bos_token_id=words.cls_id, eos_token_id=words.sep_id)
    if task is None:
        preferred = task_of_class(config) if config.architectures or config.settings.task else None
        task = stored_task(naming, shapes, preferred)
    if task not in naming.heads:
        raise ConfigError(f"task must be one of {', '.join(naming.heads)} for a {naming.title}; received {task!r}")
    config = _labelled(config, naming, shapes, task, labels)
    plan = plan_import(naming, shapes, config, task)
    table = tensor_table(config, task)
    tensors = {
        name: to_torch(variables.read(variable), table[name].shape, stored)
        for name, (variable, stored) in plan.used.items()
    }
    made = _identity(config) if f"{MAPPING}.weight" not in tensors else {}
    tensors.update(made)
    dropped = {**plan.dropped, **dict.fromkeys(variables.slots, "a slot of the optimizer")}
    return Found(config, task, {name: tensors[name] for name in table}, dropped, tuple(made), variables.prefix)


def _naming(variables: Variables) -> Naming:
    """TensorFlow 1's names occur in both kinds of checkpoint, the Keras encoder's in one with objects only."""
    old = any(TF1.plain(name).startswith("bert/embeddings/") for name in variables.shapes)
    return KERAS if variables.has_objects and not old else TF1


def _config(source: Source, given: Optional[PathLike], naming: Naming, shapes: Mapping[str, Shape]) -> AlbertConfig:
    path = find_config(source.folder) if given is None else Path(given)
    if path is not None:
        return read_google_config(path)
    if naming is KERAS and source.format == SAVED_MODEL:
        return config_of_encoder(source.folder, {naming.plain(name): shape for name, shape in shapes.items()})
    raise ConfigError(
        f"a TensorFlow checkpoint must come with its albert_config.json, in its folder or as --config; "
        f"received {str(source.folder)!r} without one"
    )


def _labelled(
    config: AlbertConfig,
    naming: Naming,
    shapes: Mapping[str, Shape],
    task: str,
    labels: Optional[Sequence[str]],
) -> AlbertConfig:
    if not head_of_task(task).has_labels:
        if labels is not None:
            raise ConfigError(f"labels may be given for a head that has some; received {list(labels)} for {task}")
        return config
    # A head that is missing is the plan's to name.
    config = with_labels(config, labels, count_outputs(naming, shapes, task) or len(config.labels))
    unnamed = config.labels == DEFAULT_LABELS
    is_order = task == "sentence-order" and labels is None and unnamed
    return config.replace(labels=ORDER_LABELS["sop"]) if is_order else config


def _identity(config: AlbertConfig) -> dict[str, NDArray[np.float32]]:
    """The mapping from embeddings to hidden layers that Hugging Face has even where both are of one width."""
    import numpy as np

    size = config.hidden_size
    return {f"{MAPPING}.weight": np.eye(size, dtype=np.float32), f"{MAPPING}.bias": np.zeros(size, np.float32)}

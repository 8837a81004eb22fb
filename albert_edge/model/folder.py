"""A trained model is a Hugging Face folder: reading one, checked in every part, and writing one.

    config.json              the configuration, labels and class
    model.safetensors        the weights, float32 (written on request, and read in any case: float16)
    spiece.model             the SentencePiece vocabulary, or vocab.txt, a WordPiece one
    tokenizer_config.json    lower-casing and accents, and what makes transformers' AutoTokenizer load the vocabulary
    special_tokens_map.json  the special pieces, for older transformers
    training.json            the record of its training, if it was trained here

What is written opens in transformers with equal logits (but for a model whose attention heads were pruned, which
`albert-edge export` makes ready for it), and what transformers wrote opens here: of its
`tokenizer.json`, which version 5 writes in place of the vocabulary, the vocabulary is made again.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence

from albert_edge.config import CONFIG_FILE, AlbertConfig
from albert_edge.errors import ConfigError, FolderError
from albert_edge.files import PathLike
from albert_edge.model.checkpoint import WEIGHTS_FILE, WEIGHTS_FILES, read_tensors, tensors_to_bytes
from albert_edge.model.hub import resolve_folder
from albert_edge.model.loading import check_complete, collect, plan_load
from albert_edge.model.output import check_output_folder, write_files
from albert_edge.model.tensors import DEFAULT_LABELS, config_for_task, head_of_task, task_of_folder
from albert_edge.tasks import ORDER_LABELS
from albert_edge.text.tokenizer import CONFIG_FILE as TOKENIZER_CONFIG_FILE
from albert_edge.text.tokenizer import TOKENIZER_FILES, Tokenizer, read_tokenizer, tokenizer_files

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.model.heads import TaskModel

__all__ = [
    "Checkpoint",
    "LoadedModel",
    "check_output_folder",
    "read_checkpoint",
    "read_folder",
    "read_tensors",
    "task_of_folder",
    "write_folder",
]

TRAINING_FILE = "training.json"
_SPECIAL_TOKENS = "special_tokens_map.json"

_OWNED = frozenset((CONFIG_FILE, *WEIGHTS_FILES, *TOKENIZER_FILES, _SPECIAL_TOKENS, TRAINING_FILE))
"""Files that a new model replaces. In transformers an old `tokenizer.json` would win over the new `spiece.model`."""


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A model folder's contents: no TensorFlow in it."""

    config: AlbertConfig
    task: str
    tensors: Mapping[str, NDArray[np.float32]]
    """Every parameter: Hugging Face's name -> float32 array in Hugging Face's layout."""
    tokenizer: Tokenizer
    dropped: tuple[str, ...]
    """Names in the file that the model has no use for: other heads, constants."""
    initialised: tuple[str, ...]
    """Parameters of a new head, which hold random values."""


@dataclasses.dataclass(frozen=True)
class LoadedModel:
    """A Keras model read from a folder."""

    config: AlbertConfig
    task: str
    model: TaskModel
    tokenizer: Tokenizer
    dropped: tuple[str, ...]
    initialised: tuple[str, ...]


# === Reading ===


def read_checkpoint(
    path: PathLike,
    task: Optional[str] = None,
    *,
    new_head: bool = False,
    labels: Optional[Sequence[str]] = None,
    seed: int = 1,
) -> Checkpoint:
    """Read and check a folder, or `hf:owner/name@revision`, for the head of `task` (None: the folder's own).

    `new_head`: a head that the folder lacks, or has for other labels, starts from random values drawn with `seed`;
    `labels` are those of the new head (None: the folder's own), of a task that has labels. Raises `ConfigError`,
    `FolderError` or `TokenizerError` with the rule broken and the value received.
    """
    if labels is not None and not new_head:
        raise ConfigError(f"labels may be given with new_head only; received {list(labels)}")
    folder = resolve_folder(path)
    config = AlbertConfig.load(folder)
    head = head_of_task(task_of_folder(config) if task is None else task)
    if labels is not None and not head.has_labels:
        raise ConfigError(f"labels may be given for a task that has some; received {list(labels)} for {head.task}")
    if head.task == "sentence-order" and config.labels == DEFAULT_LABELS:
        config = config.replace(labels=ORDER_LABELS["sop"])
    tokenizer = _read_tokenizer(folder, config)
    stored = read_tensors(folder)
    wanted = config if labels is None else config.replace(labels=tuple(labels))
    plan = plan_load(stored, config, wanted, head.task, new_head)
    wanted = config_for_task(wanted, head.task)
    tensors = collect(plan, stored, wanted, head.task, seed)
    return Checkpoint(wanted, head.task, tensors, tokenizer, plan.dropped, plan.initialised)


def read_folder(
    path: PathLike,
    task: Optional[str] = None,
    *,
    new_head: bool = False,
    labels: Optional[Sequence[str]] = None,
    seed: int = 1,
) -> LoadedModel:
    """As `read_checkpoint`, with the tensors in a Keras model."""
    from albert_edge.model.heads import build_model
    from albert_edge.model.weights import load_state_dict

    found = read_checkpoint(path, task, new_head=new_head, labels=labels, seed=seed)
    model = build_model(found.config, found.task)
    load_state_dict(model, found.tensors)
    return LoadedModel(found.config, found.task, model, found.tokenizer, found.dropped, found.initialised)


def _read_tokenizer(folder: Path, config: AlbertConfig) -> Tokenizer:
    tokenizer = read_tokenizer(folder)
    _check_vocabulary(tokenizer, config)
    return tokenizer


def _check_vocabulary(tokenizer: Tokenizer, config: AlbertConfig) -> None:
    if tokenizer.vocab_size != config.vocab_size:
        raise FolderError(
            f"the pieces of {tokenizer.file_name} must be as many as vocab_size in {CONFIG_FILE}; "
            f"received {tokenizer.vocab_size} and {config.vocab_size}"
        )


# === Writing ===


def write_folder(
    path: PathLike,
    config: AlbertConfig,
    tensors: Mapping[str, NDArray[np.float32]],
    tokenizer: Tokenizer,
    *,
    task: str = "text-classification",
    training: Optional[Mapping[str, Any]] = None,
    overwrite: bool = False,
    dtype: str = "float32",
) -> None:
    """Write the folder `path`, all or nothing; the same contents give the same bytes.

    `tensors`: exactly the parameters of the model with the head of `task`, Hugging Face's names and layouts;
    `training`: the record of the training that made them; `dtype`: what they are stored in. A folder that exists is
    replaced only with `overwrite`, and files in it that are not the model's stay.
    Raises `FolderError` for a tensor too many, missing or misshapen, or a vocabulary of another size than the model's,
    and `ConfigError` for a number that `dtype` can't hold.
    """
    check_complete(tensors, config, task)
    _check_vocabulary(tokenizer, config)
    files = {
        CONFIG_FILE: _json(_published_config(config, task, dtype)),
        WEIGHTS_FILE: tensors_to_bytes(tensors, dtype),
        **tokenizer_files(tokenizer),
        TOKENIZER_CONFIG_FILE: _json(_tokenizer_config(config, tokenizer)),
        _SPECIAL_TOKENS: _json(tokenizer.special_pieces),
    }
    if training is not None:
        files[TRAINING_FILE] = _json(training)
    write_files(path, files, _OWNED, overwrite)


def _published_config(config: AlbertConfig, task: str, dtype: str) -> dict[str, Any]:
    values = config_for_task(config, task).to_dict()
    # transformers loads weights in the type that the config names, whatever the file holds: a checkpoint that came in
    # as bfloat16 would be rounded back to it.
    values.pop("torch_dtype", None)
    return {**values, "dtype": dtype}


def _tokenizer_config(config: AlbertConfig, tokenizer: Tokenizer) -> dict[str, Any]:
    return {
        "tokenizer_class": tokenizer.transformers_class,
        **tokenizer.options.to_dict(),
        "model_max_length": config.max_position_embeddings,
        # Without this, version 5 gives no segments, and the second text of a pair counts as the first.
        "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
        **tokenizer.special_pieces,
    }


def _json(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(values, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()

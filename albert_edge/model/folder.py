"""A trained model is a Hugging Face folder: reading one, checked in every part, and writing one.

    config.json              the configuration, labels and class
    model.safetensors        the weights, float32
    spiece.model             the SentencePiece vocabulary
    tokenizer_config.json    lower-casing and accents, and what makes transformers' AutoTokenizer load the vocabulary
    special_tokens_map.json  the special pieces, for older transformers
    training.json            the record of its training, if it was trained here

What is written opens in transformers with equal logits; what transformers wrote opens here if `spiece.model` is
beside it (version 5 writes `tokenizer.json` in its place, which can't be turned back).
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence

from albert_edge.config import CONFIG_FILE, AlbertConfig
from albert_edge.errors import ConfigError, FolderError
from albert_edge.files import PathLike
from albert_edge.model.checkpoint import WEIGHTS_FILE, read_tensors, tensors_to_bytes
from albert_edge.model.hub import resolve_folder
from albert_edge.model.loading import check_complete, collect, plan_load
from albert_edge.model.output import check_output_folder, write_files
from albert_edge.model.tensors import head_of_task
from albert_edge.text.tokenizer import CONFIG_FILE as TOKENIZER_CONFIG_FILE
from albert_edge.text.tokenizer import MODEL_FILE as VOCABULARY_FILE
from albert_edge.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.model.heads import AlbertClassifier

__all__ = [
    "Checkpoint",
    "LoadedModel",
    "check_output_folder",
    "read_checkpoint",
    "read_folder",
    "read_tensors",
    "write_folder",
]

TRAINING_FILE = "training.json"
_SPECIAL_TOKENS = "special_tokens_map.json"

_OWNED = frozenset(
    (
        CONFIG_FILE,
        WEIGHTS_FILE,
        VOCABULARY_FILE,
        TOKENIZER_CONFIG_FILE,
        _SPECIAL_TOKENS,
        TRAINING_FILE,
        "tokenizer.json",
    )
)
"""Files that a new model replaces. A `tokenizer.json` of the old one would win over the new `spiece.model`."""


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
    model: AlbertClassifier
    tokenizer: Tokenizer
    dropped: tuple[str, ...]
    initialised: tuple[str, ...]


# === Reading ===


def read_checkpoint(
    path: PathLike,
    task: str = "text-classification",
    *,
    new_head: bool = False,
    labels: Optional[Sequence[str]] = None,
    seed: int = 1,
) -> Checkpoint:
    """Read and check a folder, or `hf:owner/name@revision`, for the head of `task`.

    `new_head`: a head that the folder lacks, or has for other labels, starts from random values drawn with `seed`;
    `labels` are those of the new head (None: the folder's own). Raises `ConfigError`, `FolderError` or
    `TokenizerError` with the rule broken and the value received.
    """
    if labels is not None and not new_head:
        raise ConfigError(f"labels may be given with new_head only; received {list(labels)}")
    folder = resolve_folder(path)
    config = AlbertConfig.load(folder)
    tokenizer = _read_tokenizer(folder, config)
    stored = read_tensors(folder)
    wanted = config if labels is None else config.replace(labels=tuple(labels))
    plan = plan_load(stored, config, wanted, task, new_head)
    wanted = wanted.replace(architectures=(head_of_task(task).architecture,))
    tensors = collect(plan, stored, wanted, task, seed)
    return Checkpoint(wanted, task, tensors, tokenizer, plan.dropped, plan.initialised)


def read_folder(
    path: PathLike,
    task: str = "text-classification",
    *,
    new_head: bool = False,
    labels: Optional[Sequence[str]] = None,
    seed: int = 1,
) -> LoadedModel:
    """As `read_checkpoint`, with the tensors in a Keras model."""
    from albert_edge.model.heads import build_model
    from albert_edge.model.weights import load_state_dict

    found = read_checkpoint(path, task, new_head=new_head, labels=labels, seed=seed)
    model = build_model(found.config, task)
    load_state_dict(model, found.tensors)
    return LoadedModel(found.config, task, model, found.tokenizer, found.dropped, found.initialised)


def _read_tokenizer(folder: Path, config: AlbertConfig) -> Tokenizer:
    if not (folder / VOCABULARY_FILE).is_file():
        raise FolderError(f"a model folder must hold {VOCABULARY_FILE}; received {str(folder)!r} without it")
    tokenizer = Tokenizer.from_folder(folder)
    _check_vocabulary(tokenizer, config)
    return tokenizer


def _check_vocabulary(tokenizer: Tokenizer, config: AlbertConfig) -> None:
    if tokenizer.vocab_size != config.vocab_size:
        raise FolderError(
            f"the pieces of {VOCABULARY_FILE} must be as many as vocab_size in {CONFIG_FILE}; "
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
) -> None:
    """Write the folder `path`, all or nothing; the same contents give the same bytes.

    `tensors`: exactly the parameters of the model with the head of `task`, Hugging Face's names and layouts;
    `training`: the record of the training that made them. A folder that exists is replaced only with `overwrite`, and
    files in it that are not the model's stay.
    Raises `FolderError` for a tensor too many, missing or misshapen, or a vocabulary of another size than the model's.
    """
    check_complete(tensors, config, task)
    _check_vocabulary(tokenizer, config)
    files = {
        CONFIG_FILE: _json(_published_config(config, task)),
        WEIGHTS_FILE: tensors_to_bytes(tensors),
        VOCABULARY_FILE: tokenizer.model,
        TOKENIZER_CONFIG_FILE: _json(_tokenizer_config(config, tokenizer)),
        _SPECIAL_TOKENS: _json(_SPECIAL_PIECES),
    }
    if training is not None:
        files[TRAINING_FILE] = _json(training)
    write_files(path, files, _OWNED, overwrite)


_SPECIAL_PIECES = {
    "bos_token": "[CLS]",
    "cls_token": "[CLS]",
    "eos_token": "[SEP]",
    "mask_token": "[MASK]",
    "pad_token": "<pad>",
    "sep_token": "[SEP]",
    "unk_token": "<unk>",
}


def _published_config(config: AlbertConfig, task: str) -> dict[str, Any]:
    values = config.replace(architectures=(head_of_task(task).architecture,)).to_dict()
    # transformers loads weights in the type that the config names, whatever the file holds: a checkpoint that came in
    # as bfloat16 would be rounded back to it.
    values.pop("torch_dtype", None)
    return {**values, "dtype": "float32"}


def _tokenizer_config(config: AlbertConfig, tokenizer: Tokenizer) -> dict[str, Any]:
    return {
        "tokenizer_class": "AlbertTokenizer",
        **tokenizer.options.to_dict(),
        "model_max_length": config.max_position_embeddings,
        # Without this, version 5 gives no segments, and the second text of a pair counts as the first.
        "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
        **_SPECIAL_PIECES,
    }


def _json(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(values, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()

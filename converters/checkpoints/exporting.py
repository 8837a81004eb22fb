"""`export_checkpoint`: a model folder to the formats of other programs.

    google-tf1   albert_config.json, model.ckpt-best.*, checkpoint, and the vocabulary (30k-clean.model or vocab.txt)
                 with its options in tokenizer_config.json
    huggingface  a folder of the class that the model has, from whichever file its weights lie in

What the importer makes of either is bit for bit the model that was exported; of one whose attention heads were
pruned it is that model with heads of zeros in their place (padding.py).
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from albert_edge.errors import ConfigError, FolderError
from albert_edge.files import PathLike
from albert_edge.model.folder import write_folder
from albert_edge.model.formats import EXPORT_FORMATS, HUGGINGFACE, WEIGHT_TYPES
from albert_edge.model.hub import resolve_folder
from albert_edge.model.output import check_output_folder, write_files
from albert_edge.model.tensors import head_of_task
from albert_edge.text.tokenizer import CONFIG_FILE as TOKENIZER_CONFIG_FILE
from albert_edge.text.tokenizer import Tokenizer, read_tokenizer
from converters.checkpoints.google_config import to_google
from converters.checkpoints.huggingface import Found, read_huggingface
from converters.checkpoints.naming import MAPPING, Row, from_torch
from converters.checkpoints.padding import missing_heads, padded_config, padded_tensors
from converters.checkpoints.tf1_names import TF1
from converters.checkpoints.tf_variables import write_variables

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CHECKPOINT = "model.ckpt-best"
_VOCABULARY = {"sentencepiece": "30k-clean.model", "wordpiece": "vocab.txt"}
"""Kind of tokenizer -> what google-research/albert calls its file."""
_OWNED = frozenset(
    (
        "albert_config.json",
        "checkpoint",
        f"{_CHECKPOINT}.index",
        f"{_CHECKPOINT}.data-00000-of-00001",
        TOKENIZER_CONFIG_FILE,
        *_VOCABULARY.values(),
    )
)


def export_checkpoint(
    model: PathLike, out: PathLike, checkpoint_format: str, *, dtype: str = "float32", overwrite: bool = False
) -> dict[str, Any]:
    """Write the model folder `model` to the folder `out` in `checkpoint_format`, one of `EXPORT_FORMATS`.

    `dtype`: float32, or float16 for half the bytes, which Hugging Face's format alone has.
    Returns what was written. Raises `ConfigError` for a head or a setting that the format has no counterpart for,
    naming it, and `FolderError` or `TokenizerError` if the model can't be read.
    """
    if checkpoint_format not in EXPORT_FORMATS:
        raise ConfigError(f"--format must be one of {', '.join(EXPORT_FORMATS)}; received {checkpoint_format!r}")
    types = WEIGHT_TYPES if checkpoint_format == HUGGINGFACE else WEIGHT_TYPES[:1]
    if dtype not in types:
        raise ConfigError(f"--dtype must be {' or '.join(types)} for {checkpoint_format}; received {dtype!r}")
    folder = resolve_folder(model)
    check_output_folder(out, overwrite)
    tokenizer = read_tokenizer(folder)
    pruned = read_huggingface(folder)
    tensors = padded_tensors(pruned.config, pruned.tensors)
    found = dataclasses.replace(pruned, config=padded_config(pruned.config), tensors=tensors)
    if checkpoint_format == HUGGINGFACE:
        write_folder(out, found.config, found.tensors, tokenizer, task=found.task, overwrite=overwrite, dtype=dtype)
        written = len(found.tensors)
    else:
        variables = _variables(found)
        write_files(out, _google_files(found, tokenizer, variables), _OWNED, overwrite)
        written = len(variables)
    return {
        "folder": str(out),
        "format": checkpoint_format,
        "task": found.task,
        "class": head_of_task(found.task).architecture,
        "tensors": written,
        "zero_heads": missing_heads(pruned.config),
        "dropped": [{"name": name, "reason": reason} for name, reason in found.dropped.items()],
    }


def _variables(found: Found) -> dict[str, NDArray[Any]]:
    """The model's tensors under TensorFlow 1's names and in its layouts."""
    import numpy as np

    rows = _rows(found)
    tensors = dict(found.tensors)
    if found.config.embedding_size == found.config.hidden_size:
        _take_identity(tensors)
    variables: dict[str, NDArray[Any]] = {
        row.variable: from_torch(tensors.pop(row.tensor), row.stored) for row in rows if row.tensor in tensors
    }
    if tensors:
        raise FolderError(f"each tensor must have a place in the checkpoint; received {sorted(tensors)[0]!r}")
    # An Estimator restores its counter together with the weights.
    variables["global_step"] = np.asarray(0, np.int64)
    return variables


def _rows(found: Found) -> tuple[Row, ...]:
    if found.task not in TF1.heads:
        raise ConfigError(
            f"a head must be one of {', '.join(TF1.heads)} for a TensorFlow 1 checkpoint; "
            f"received {found.task} ({head_of_task(found.task).architecture})"
        )
    labels = len(found.config.labels)
    if found.task in ("pretraining", "sentence-order") and labels != 2:
        raise ConfigError(f"a sentence-order head must have 2 outputs for a TensorFlow 1 checkpoint; received {labels}")
    return (*TF1.trunk(found.config), *TF1.heads[found.task])


def _take_identity(tensors: dict[str, NDArray[np.float32]]) -> None:
    """Their network has no layer where embeddings and hidden layers are of one width: it must do nothing."""
    import numpy as np

    weight, bias = tensors.pop(f"{MAPPING}.weight"), tensors.pop(f"{MAPPING}.bias")
    if (weight != np.eye(len(weight))).any() or bias.any():
        raise ConfigError(
            f"{MAPPING} must be the identity for a TensorFlow 1 checkpoint of embedding_size equal to hidden_size; "
            "received another matrix"
        )


def _google_files(found: Found, tokenizer: Tokenizer, variables: dict[str, NDArray[Any]]) -> dict[str, bytes]:
    config = found.config.replace(architectures=(head_of_task(found.task).architecture,))
    files = {
        "albert_config.json": to_google(config),
        "checkpoint": f'model_checkpoint_path: "{_CHECKPOINT}"\nall_model_checkpoint_paths: "{_CHECKPOINT}"\n'.encode(),
        _VOCABULARY[tokenizer.kind]: tokenizer.model,
        TOKENIZER_CONFIG_FILE: (json.dumps(tokenizer.options.to_dict(), indent=2, sort_keys=True) + "\n").encode(),
    }
    with tempfile.TemporaryDirectory() as folder:
        write_variables(Path(folder) / _CHECKPOINT, variables)
        return {**files, **{path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}}

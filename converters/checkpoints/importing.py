"""`import_checkpoint`: any checkpoint of ALBERT to a model folder, and an account of every variable in it."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from albert_edge.errors import ConfigError
from albert_edge.files import PathLike
from albert_edge.model.folder import write_folder
from albert_edge.model.formats import HUGGINGFACE
from albert_edge.model.output import check_output_folder
from albert_edge.model.tensors import head_of_task
from albert_edge.text.tokenizer import Tokenizer, open_tokenizer, read_tokenizer
from converters.checkpoints.huggingface import Found, read_huggingface
from converters.checkpoints.sources import Source, find_vocabulary, recognize
from converters.checkpoints.tf_checkpoint import read_tensorflow


def import_checkpoint(
    path: PathLike,
    out: PathLike,
    *,
    checkpoint_format: Optional[str] = None,
    task: Optional[str] = None,
    labels: Optional[Sequence[str]] = None,
    vocab: Optional[PathLike] = None,
    config: Optional[PathLike] = None,
    tokenizer_rules: Optional[str] = None,
    lower_case: Optional[bool] = None,
    keep_accents: Optional[bool] = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Read the checkpoint at `path` and write it as the model folder `out`.

    `checkpoint_format` is recognized if it isn't given. `task` (None: the head that the checkpoint has) names the class
    to write: `feature-extraction` takes the trunk alone, `pretraining` and `multiple-choice` are known here too.
    `labels` are names for a classifier's outputs; `vocab` and `config` (an `albert_config.json`) are files in place of
    the checkpoint's own; the other options replace the tokenizer's. Returns what was written and what was dropped, each
    with its reason. Raises `FolderError`, `ConfigError` or `TokenizerError` naming what does not fit.
    """
    source = recognize(path, checkpoint_format)
    check_output_folder(out, overwrite)
    task = None if task is None else head_of_task(task).task
    tokenizer = _tokenizer(source, vocab, tokenizer_rules, lower_case, keep_accents)
    if source.format == HUGGINGFACE:
        if config is not None:
            raise ConfigError(f"--config may be given for a TensorFlow checkpoint; received {str(config)!r}")
        found = read_huggingface(source.folder, task, labels)
    else:
        found = read_tensorflow(source, tokenizer, task, labels, config)
    write_folder(out, found.config, found.tensors, tokenizer, task=found.task, overwrite=overwrite)
    return _report(out, source, found, tokenizer)


def _tokenizer(
    source: Source,
    vocab: Optional[PathLike],
    rules: Optional[str],
    lower_case: Optional[bool],
    keep_accents: Optional[bool],
) -> Tokenizer:
    if vocab is not None:
        tokenizer = open_tokenizer(vocab)
    elif source.format == HUGGINGFACE:
        tokenizer = read_tokenizer(source.folder)
    else:
        tokenizer = open_tokenizer(find_vocabulary(source.folder))
    asked = {"rules": rules, "lower_case": lower_case, "keep_accents": keep_accents}
    changes = {name: value for name, value in asked.items() if value is not None}
    return tokenizer.with_options(**changes) if changes else tokenizer


# === The account ===


def _report(out: PathLike, source: Source, found: Found, tokenizer: Tokenizer) -> dict[str, Any]:
    return {
        "folder": str(out),
        "format": source.format,
        "weights": found.weights.name,
        "task": found.task,
        "class": head_of_task(found.task).architecture,
        "labels": list(found.config.labels) if head_of_task(found.task).has_labels else [],
        "tensors": len(found.tensors),
        "parameters": sum(values.size for values in found.tensors.values()),
        "made": list(found.made),
        "dropped": [{"name": name, "reason": reason} for name, reason in found.dropped.items()],
        "tokenizer": {"file": tokenizer.file_name, "pieces": tokenizer.vocab_size, "rules": tokenizer.options.rules},
    }

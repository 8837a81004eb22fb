"""A model with random weights, for measuring: latency and memory depend on a model's shape, not on what it learned."""

from __future__ import annotations

import dataclasses
from typing import Any, Optional, Sequence

from albert_edge.errors import ConfigError
from albert_edge.files import PathLike
from albert_edge.model.folder import check_output_folder, write_folder
from albert_edge.model.initial import initial_tensors
from albert_edge.model.sizes import size_config
from albert_edge.text.tokenizer import Tokenizer, open_tokenizer

TASK = "text-classification"


def create(
    out: PathLike,
    size: str,
    vocab: PathLike,
    labels: Sequence[str],
    *,
    layers: Optional[int] = None,
    seed: int = 1,
    lower_case: Optional[bool] = None,
    keep_accents: Optional[bool] = None,
    problem_type: Optional[str] = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Write the folder `out`: a classifier of the named `size` with random weights; one seed, one result.

    `vocab` is a SentencePiece model, whose number of pieces is the model's vocabulary (a folder or `.tflite` with one
    will do); `layers` replaces the size's depth; `lower_case` and `keep_accents` replace the tokenizer's options, which
    else are those found beside the vocabulary. Returns the folder and the model's shape. Raises `ConfigError`,
    `TokenizerError`, or `FolderError` if `out` can't be written.
    """
    if not all(labels):
        raise ConfigError(f"labels must not be empty; received {list(labels)}")
    check_output_folder(out, overwrite)
    tokenizer = _with_options(open_tokenizer(vocab), lower_case, keep_accents)
    config = size_config(
        size,
        layers,
        tokenizer.vocab_size,
        labels=tuple(labels),
        problem_type=problem_type,
        pad_token_id=tokenizer.pad_id,
        bos_token_id=tokenizer.cls_id,
        eos_token_id=tokenizer.sep_id,
    )
    tensors = initial_tensors(config, TASK, seed)
    write_folder(out, config, tensors, tokenizer, task=TASK, overwrite=overwrite)
    return {
        "folder": str(out),
        "task": TASK,
        "size": size,
        "layers": config.num_hidden_layers,
        "vocab_size": config.vocab_size,
        "labels": list(config.labels),
        "parameters": sum(values.size for values in tensors.values()),
        "seed": seed,
    }


def _with_options(tokenizer: Tokenizer, lower_case: Optional[bool], keep_accents: Optional[bool]) -> Tokenizer:
    asked = {"lower_case": lower_case, "keep_accents": keep_accents}
    changes = {name: value for name, value in asked.items() if value is not None}
    return Tokenizer(tokenizer.model, dataclasses.replace(tokenizer.options, **changes)) if changes else tokenizer

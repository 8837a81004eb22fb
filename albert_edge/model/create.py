"""A model with random weights, for measuring: latency and memory depend on a model's shape, not on what it learned."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from albert_edge.errors import ConfigError
from albert_edge.files import PathLike
from albert_edge.model.folder import check_output_folder, write_folder
from albert_edge.model.initial import initial_tensors
from albert_edge.model.sizes import config_for_vocabulary
from albert_edge.model.tensors import DEFAULT_LABELS, Head, head_of_task
from albert_edge.tasks import ORDER_LABELS
from albert_edge.text.tokenizer import Tokenizer, open_tokenizer


def create(
    out: PathLike,
    size: str,
    vocab: PathLike,
    labels: Optional[Sequence[str]] = None,
    *,
    task: str = "text-classification",
    layers: Optional[int] = None,
    seed: int = 1,
    lower_case: Optional[bool] = None,
    keep_accents: Optional[bool] = None,
    problem_type: Optional[str] = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Write the folder `out`: a model of the named `size` for `task` with random weights; one seed, one result.

    `vocab` is a vocabulary as `open_tokenizer` takes it, whose number of pieces is the model's; `labels` are those of a
    task that has labels (None: of sentence-order `in_order` and `swapped`); `layers` replaces the size's depth;
    `lower_case` and `keep_accents` replace the tokenizer's options, which else are those found beside the vocabulary.
    Returns the folder and the model's shape. Raises `ConfigError`,
    `TokenizerError`, or `FolderError` if `out` can't be written.
    """
    head = head_of_task(task)
    names = _labels(head, labels)
    check_output_folder(out, overwrite)
    tokenizer = _with_options(open_tokenizer(vocab), lower_case, keep_accents)
    config = config_for_vocabulary(size, layers, tokenizer, labels=names, problem_type=problem_type)
    tensors = initial_tensors(config, head.task, seed)
    write_folder(out, config, tensors, tokenizer, task=head.task, overwrite=overwrite)
    return {
        "folder": str(out),
        "task": head.task,
        "size": size,
        "layers": config.num_hidden_layers,
        "vocab_size": config.vocab_size,
        "labels": list(config.labels) if head.has_labels else [],
        "parameters": sum(values.size for values in tensors.values()),
        "seed": seed,
    }


def _labels(head: Head, labels: Optional[Sequence[str]]) -> tuple[str, ...]:
    if labels is not None and not head.has_labels:
        raise ConfigError(f"labels may be given for a task that has some; received {list(labels)} for {head.task}")
    if labels is None and head.has_labels and head.task != "sentence-order":
        raise ConfigError(f"labels must be given for {head.task}; received none")
    if labels is None:
        return ORDER_LABELS["sop"] if head.has_labels else DEFAULT_LABELS
    if not all(labels):
        raise ConfigError(f"labels must not be empty; received {list(labels)}")
    return tuple(labels)


def _with_options(tokenizer: Tokenizer, lower_case: Optional[bool], keep_accents: Optional[bool]) -> Tokenizer:
    asked = {"lower_case": lower_case, "keep_accents": keep_accents}
    changes = {name: value for name, value in asked.items() if value is not None}
    return tokenizer.with_options(**changes) if changes else tokenizer

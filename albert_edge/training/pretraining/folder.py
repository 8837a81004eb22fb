"""A model folder as the beginning of a further pretraining: its trunk, and the heads of both objectives.

Any folder will do that has the corpus's vocabulary. Of the two heads each comes from the folder if it has it: both of a
pretrained model, that of the masked pieces of a fill-mask model, that of the order of a sentence-order model. A head
that it lacks starts anew, the output's table being the word embeddings as ever; what the folder's head was for (topics,
entities) is dropped.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from typing import TYPE_CHECKING, Mapping

import numpy as np

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.files import PathLike
from albert_edge.model.folder import Checkpoint, read_checkpoint
from albert_edge.model.hub import resolve_folder
from albert_edge.model.tensors import DEFAULT_LABELS, PRETRAINING, head_of_task
from albert_edge.settings import DeviceSettings
from albert_edge.tasks import ORDER_LABELS
from albert_edge.training.pretraining.start import OUTPUT_BIAS, TASK, Beginning, fitted, output_bias
from albert_edge.training.request import checkpoint_facts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.text.tokenizer import Tokenizer
    from albert_edge.training.pretraining.records import Corpus
    from albert_edge.training.pretraining.settings import PretrainingSettings

ORDER_HEAD, MASKED_HEAD = "sop_classifier.", "predictions."


def from_folder(folder: PathLike, corpus: Corpus, settings: PretrainingSettings) -> Beginning:
    """The model in `folder`, to learn from `corpus`.

    Raises `ConfigError` for a corpus of another vocabulary, inputs longer than the model's positions, settings of a
    new model's weights, and what reading a folder raises.
    """
    for name in ("word_vectors", "local_start"):
        if getattr(settings, name):
            raise ConfigError(f"{name} must be false for a folder, whose weights are trained; received true")
    pair = "sop" if settings.pair_objective == "none" else settings.pair_objective
    found = read_checkpoint(folder, TASK, new_head=True, labels=ORDER_LABELS[pair], seed=settings.seed)
    _check_vocabulary(folder, found.tokenizer, corpus)
    # What the folder's task was answered with says nothing about this one; the trunk's shape is the same.
    kept = DeviceSettings(attention_head_size=found.config.settings.attention_head_size)
    config = found.config.replace(problem_type=None).with_settings(**dataclasses.asdict(kept))
    known = _known_heads(folder, ORDER_LABELS[pair])
    facts = {"folder": str(folder), **checkpoint_facts("folder", folder)}
    new_head = tuple(name for name in found.initialised if name not in known)
    tensors = functools.partial(_tensors, found, known, new_head, corpus)
    return Beginning(fitted(config, settings), found.tokenizer, facts, tensors, new_head)


def _check_vocabulary(folder: PathLike, tokenizer: Tokenizer, corpus: Corpus) -> None:
    own = hashlib.sha256(tokenizer.model).hexdigest(), tokenizer.options.to_dict()
    if own != (corpus.vocabulary_sha256, dict(corpus.tokenizer)):
        raise ConfigError(
            f"a corpus must have the vocabulary and the tokenizer options of the folder that learns from it, "
            f"{str(folder)!r}; received others in {str(corpus.folder)!r}"
        )


def _known_heads(folder: PathLike, labels: tuple[str, ...]) -> dict[str, NDArray[np.float32]]:
    """The tensors of both heads that `folder` has, by their names in a pretrained model.

    A head of the order is one whose labels are `labels`, or that was given none.
    """
    config = AlbertConfig.load(resolve_folder(folder))
    classes, heads = set(config.architectures), {}
    if classes & set(head_of_task("fill-mask").classes):
        masked = read_checkpoint(folder, "fill-mask").tensors
        heads.update({name: values for name, values in masked.items() if name.startswith(MASKED_HEAD)})
    is_of_order = PRETRAINING in classes or config.settings.task == "sentence-order"
    if is_of_order and config.labels in (DEFAULT_LABELS, labels):
        order = read_checkpoint(folder, "sentence-order").tensors
        heads.update({f"{ORDER_HEAD}{name}": order[name] for name in ("classifier.weight", "classifier.bias")})
    return heads


def _tensors(
    found: Checkpoint, known: Mapping[str, NDArray[np.float32]], new_head: tuple[str, ...], corpus: Corpus
) -> dict[str, NDArray[np.float32]]:
    tensors = {**found.tensors, **known}
    if OUTPUT_BIAS in new_head:
        tensors[OUTPUT_BIAS] = output_bias(corpus, found.config.vocab_size)
    return tensors

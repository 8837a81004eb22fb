"""The model before the first step: of a named size with random weights, or a checkpoint's with the head that fits."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Collection, Iterable, Mapping, Optional, Sequence

import numpy as np

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.files import PathLike
from albert_edge.model.folder import Checkpoint, read_checkpoint
from albert_edge.model.hub import resolve_folder
from albert_edge.model.initial import initial_tensors
from albert_edge.model.sizes import config_for_vocabulary
from albert_edge.model.tensors import (
    BASE_PREFIX,
    WORD_EMBEDDINGS,
    config_for_task,
    head_of_task,
    pooler_tensors,
    tensor_table,
)
from albert_edge.settings import DeviceSettings
from albert_edge.text.options import TokenizerOptions
from albert_edge.text.tokenizer import SentencePieceTokenizer, Tokenizer, open_tokenizer
from albert_edge.text.vocabulary import train_vocabulary
from albert_edge.training.objectives.base import Objective
from albert_edge.training.request import Request
from albert_edge.training.word_vectors import cooccurrence_embeddings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.text.packing import Packed


@dataclasses.dataclass(frozen=True)
class Start:
    """A model that is not built yet."""

    config: AlbertConfig
    tokenizer: Tokenizer
    tensors: Mapping[str, NDArray[np.float32]]
    """Every parameter, Hugging Face's names and layouts."""
    trained: tuple[str, ...]
    """Names of the tensors that learn; the others stay as they are."""
    dropped: tuple[str, ...] = ()
    """Tensors of the checkpoint that the model has no use for."""
    initialised: tuple[str, ...] = ()
    """Tensors of a new head on a checkpoint: they hold random values."""


def known_labels(request: Request) -> Optional[tuple[str, ...]]:
    """The labels of a checkpoint whose head is one of the task; None of any other, and without a checkpoint.

    Raises `ConfigError` for a checkpoint of another task whose labels are to be kept.
    """
    if request.source.from_ is None:
        return None
    config = AlbertConfig.load(resolve_folder(request.source.from_))
    if is_of_task(config, request.task):
        return config.labels
    if request.settings.keep_labels:
        raise ConfigError(
            f"keep_labels needs a checkpoint that has learnt {request.task}; received {str(request.source.from_)!r}"
        )
    return None


def is_of_task(config: AlbertConfig, task: str) -> bool:
    """Whether the folder of `config` has the task's head; one that names no class may have any."""
    stated = config.settings.task
    classes = config.architectures
    return stated in (None, task) and (not classes or bool(set(classes) & set(head_of_task(task).classes)))


def make_start(objective: Objective, vocabulary: Optional[bytes] = None) -> Start:
    """The start that the objective's request asks for; `vocabulary` is that of a session before."""
    if objective.request.source.from_ is not None:
        return _from_checkpoint(objective, objective.request.source.from_)
    request = objective.request
    tokenizer = _tokenizer(objective, vocabulary)
    labels = {"labels": objective.labels} if objective.labels else {}
    config = config_for_vocabulary(str(request.source.size), request.source.layers, tokenizer, **labels)
    config = config.replace(initializer_range=initializer_range(config.hidden_size))
    config = _with_settings(config_for_task(config, request.task), objective)
    tensors = initial_tensors(config, request.task, request.settings.seed)
    return Start(config, tokenizer, tensors, trained_tensors(config, request))


def _from_checkpoint(objective: Objective, path: PathLike) -> Start:
    request = objective.request
    labels = objective.labels or None
    found = read_checkpoint(path, request.task, new_head=True, labels=labels, seed=request.settings.seed)
    if request.keeps_labels:
        found = _with_known_rows(found, known_labels(request), path)
    config = found.config
    if not is_of_task(AlbertConfig.load(resolve_folder(path)), request.task):
        # How another task's answers are decoded says nothing about this one's; the trunk's shape is the same.
        kept = DeviceSettings(attention_head_size=config.settings.attention_head_size)
        config = config_for_task(config.with_settings(**dataclasses.asdict(kept)), request.task)
    # A head that has learnt numbers gives them as they are; a new one is small whatever they are.
    tensors = found.tensors if found.initialised else objective.scale(found.tensors)
    trained = trained_tensors(config, request, found.initialised)
    return Start(_with_settings(config, objective), found.tokenizer, tensors, trained, found.dropped, found.initialised)


def _with_known_rows(found: Checkpoint, known: Optional[tuple[str, ...]], path: PathLike) -> Checkpoint:
    """`found`, whose new head keeps the rows of the `known` labels where its own only add to them."""
    labels = found.config.labels
    if not known or labels == known or labels[: len(known)] != known:
        return found
    old = read_checkpoint(path, found.task).tensors
    head = [spec.name for spec in head_of_task(found.task).tensors(found.config)]
    rows = {name: np.concatenate([old[name], found.tensors[name][len(known) :]]) for name in head}
    initialised = tuple(name for name in found.initialised if name not in head)
    return dataclasses.replace(found, tensors={**found.tensors, **rows}, initialised=initialised)


def trained_tensors(config: AlbertConfig, request: Request, initialised: Collection[str] = ()) -> tuple[str, ...]:
    """The names of the tensors that learn: those that the task's answers depend on, or with `freeze_encoder` those of
    the head and of a pooler that is new.

    Raises `ConfigError` if a frozen encoder leaves nothing to learn.
    """
    head = head_of_task(request.task)
    idle = {spec.name for spec in pooler_tensors(config)} if head.pooler_use == "kept" else set()
    names = [name for name in tensor_table(config, request.task) if name not in idle]
    if request.settings.freeze_encoder:
        names = [name for name in names if not name.startswith(BASE_PREFIX) or name in initialised]
    if not names:
        raise ConfigError(f"freeze_encoder must be false for {request.task}, which has no head; received true")
    return tuple(names)


def initializer_range(hidden_size: int) -> float:
    """The standard deviation of the first weights: BERT's 0.02, which is for 768 inputs, made good for other widths.

    A sum over H inputs grows with the square root of H: with 0.02 everywhere a small model starts too quiet to learn.
    """
    return 0.02 * math.sqrt(768 / hidden_size)


def with_word_vectors(start: Start, texts: Sequence[Packed]) -> Start:
    """`start` with word embeddings counted from the training `texts`."""
    tokenizer = start.tokenizer
    special_ids = (tokenizer.pad_id, tokenizer.unk_id, tokenizer.cls_id, tokenizer.sep_id)
    ids = [packed.input_ids for packed in texts]
    table = cooccurrence_embeddings(ids, special_ids, start.tensors[WORD_EMBEDDINGS])
    return dataclasses.replace(start, tensors={**start.tensors, WORD_EMBEDDINGS: table})


def _tokenizer(objective: Objective, vocabulary: Optional[bytes]) -> Tokenizer:
    source = objective.request.source
    if source.vocab is not None:
        return open_tokenizer(source.vocab)
    lower_case = objective.request.recipe.lower_case if source.lower_case is None else source.lower_case
    options = TokenizerOptions(lower_case, source.keep_accents)
    if vocabulary is None:
        size = source.vocab_size or vocabulary_size(objective.texts())
        vocabulary = train_vocabulary(objective.texts(), size, options, at_most=True)
    return SentencePieceTokenizer(vocabulary, options)


def vocabulary_size(texts: Iterable[str]) -> int:
    """Pieces for a vocabulary of `texts`: one for every 100 characters, from 1,000 to 8,000.

    A piece that comes only a few times is a row of the table that learns nothing. Scripts with many characters get
    twice as many pieces as there are characters.
    """
    characters: set[str] = set()
    length = 0
    for text in texts:
        characters.update(text)
        length += len(text)
    return max(min(8000, max(1000, length // 100)), 2 * len(characters))


def longest_text(config: AlbertConfig, request: Request) -> int:
    """Tokens that a text may have; raises `ConfigError` if the model has too few positions for the settings' choice."""
    positions, chosen = config.max_position_embeddings, request.settings.max_length
    if chosen is None:
        return min(request.recipe.max_length, positions)
    if chosen > positions:
        raise ConfigError(f"max_length must be at most the model's {positions} positions; received {chosen}")
    return chosen


def _with_settings(config: AlbertConfig, objective: Objective) -> AlbertConfig:
    """`config` with the training's dropout, its longest text, and what the objective adds."""
    dropout = objective.settings.dropout
    if dropout is not None:
        config = config.replace(
            hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout, classifier_dropout_prob=dropout
        )
    length, multi_exit = longest_text(config, objective.request), objective.settings.multi_exit
    # Ranges of weights that are about to change say nothing.
    return objective.adapt(config.with_settings(max_length=length, multi_exit=multi_exit, activation_ranges=None))

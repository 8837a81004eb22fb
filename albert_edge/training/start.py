"""The model before the first step: of a named size with random weights, or a checkpoint's with the head that fits."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Iterable, Iterator, Mapping, Optional, Sequence

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.model.folder import read_checkpoint
from albert_edge.model.hub import resolve_folder
from albert_edge.model.initial import initial_tensors
from albert_edge.model.sizes import size_config
from albert_edge.model.tensors import WORD_EMBEDDINGS
from albert_edge.text.normalization import TokenizerOptions
from albert_edge.text.tokenizer import Tokenizer, open_tokenizer
from albert_edge.text.vocabulary import train_vocabulary
from albert_edge.training.request import Request, Source
from albert_edge.training.settings import TrainingSettings
from albert_edge.training.word_vectors import cooccurrence_embeddings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.text.packing import Packed
    from albert_edge.text.tables import Example

DEFAULT_MAX_LENGTH = 128

PROBLEM_TYPE = "single_label_classification"


@dataclasses.dataclass(frozen=True)
class Start:
    """A model that is not built yet."""

    config: AlbertConfig
    tokenizer: Tokenizer
    tensors: Mapping[str, NDArray[np.float32]]
    """Every parameter, Hugging Face's names and layouts."""
    dropped: tuple[str, ...] = ()
    """Tensors of the checkpoint that the model has no use for."""
    initialised: tuple[str, ...] = ()
    """Tensors of a new head on a checkpoint: they hold random values."""


def known_labels(source: Source) -> Optional[tuple[str, ...]]:
    """The checkpoint's labels, None without a checkpoint."""
    return None if source.from_ is None else AlbertConfig.load(resolve_folder(source.from_)).labels


def make_start(
    request: Request, labels: Sequence[str], examples: Sequence[Example], vocabulary: Optional[bytes] = None
) -> Start:
    """The start that `request` asks for, with `labels`.

    `examples` are the training texts, for a vocabulary that is to be trained; `vocabulary` is that of a session before.
    """
    source, settings = request.source, request.settings
    if source.from_ is not None:
        found = read_checkpoint(source.from_, request.task, new_head=True, labels=labels, seed=settings.seed)
        config = _with_settings(found.config.replace(problem_type=PROBLEM_TYPE), settings)
        return Start(config, found.tokenizer, found.tensors, found.dropped, found.initialised)
    tokenizer = _tokenizer(source, examples, vocabulary)
    config = size_config(
        str(source.size),
        source.layers,
        tokenizer.vocab_size,
        labels=tuple(labels),
        problem_type=PROBLEM_TYPE,
        pad_token_id=tokenizer.pad_id,
        bos_token_id=tokenizer.cls_id,
        eos_token_id=tokenizer.sep_id,
    )
    config = config.replace(initializer_range=initializer_range(config.hidden_size))
    return Start(_with_settings(config, settings), tokenizer, initial_tensors(config, request.task, settings.seed))


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


def _tokenizer(source: Source, examples: Sequence[Example], vocabulary: Optional[bytes]) -> Tokenizer:
    if source.vocab is not None:
        return open_tokenizer(source.vocab)
    options = TokenizerOptions(source.lower_case, source.keep_accents)
    if vocabulary is None:
        size = source.vocab_size or vocabulary_size(_texts(examples))
        vocabulary = train_vocabulary(_texts(examples), size, options, at_most=True)
    return Tokenizer(vocabulary, options)


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


def _texts(examples: Sequence[Example]) -> Iterator[str]:
    for example in examples:
        yield example.text
        if example.text_pair is not None:
            yield example.text_pair


def longest_text(config: AlbertConfig, settings: TrainingSettings) -> int:
    """Tokens that a text may have; raises `ConfigError` if the model has too few positions for the settings' choice."""
    positions = config.max_position_embeddings
    if settings.max_length is None:
        return min(DEFAULT_MAX_LENGTH, positions)
    if settings.max_length > positions:
        raise ConfigError(
            f"max_length must be at most the model's {positions} positions; received {settings.max_length}"
        )
    return settings.max_length


def _with_settings(config: AlbertConfig, settings: TrainingSettings) -> AlbertConfig:
    if settings.dropout is None:
        return config
    return config.replace(
        hidden_dropout_prob=settings.dropout,
        attention_probs_dropout_prob=settings.dropout,
        classifier_dropout_prob=settings.dropout,
    )

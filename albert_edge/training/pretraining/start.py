"""The model before the first update: a named size with random weights, or a folder whose pretraining goes on."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional

import numpy as np

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.model.initial import initial_tensors
from albert_edge.model.sizes import config_for_vocabulary
from albert_edge.model.tensors import WORD_EMBEDDINGS, config_for_task
from albert_edge.tasks import ORDER_LABELS
from albert_edge.text.tokenizer import Tokenizer, make_tokenizer
from albert_edge.training.pretraining.local_start import start_locally
from albert_edge.training.pretraining.settings import depth_stages
from albert_edge.training.start import initializer_range
from albert_edge.training.word_vectors import cooccurrence_embeddings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.training.pretraining.records import Corpus
    from albert_edge.training.pretraining.settings import PretrainingSettings

TASK = "pretraining"

OUTPUT_BIAS = "predictions.bias"

COUNTED_TOKENS = 4_000_000
"""Of the corpus, for frequencies and neighbours: more of them change little."""


def tokenizer_of(corpus: Corpus) -> Tokenizer:
    """The tokenizer that the ids of `corpus` are of; raises `ConfigError` if the vocabulary beside them is another."""
    import hashlib

    from albert_edge.text.options import VOCABULARY_FILES

    found = [(kind, Path(corpus.folder) / name) for kind, name in VOCABULARY_FILES.items()]
    for kind, path in found:
        if path.is_file():
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() != corpus.vocabulary_sha256:
                raise ConfigError(f"{path}: the vocabulary must be the manifest's; received another one")
            return make_tokenizer(kind, data, dict(corpus.tokenizer))
    raise ConfigError(f"a corpus must have its vocabulary beside it; received {str(corpus.folder)!r} without one")


@dataclasses.dataclass(frozen=True)
class Beginning:
    """A model that isn't built yet."""

    config: AlbertConfig
    tokenizer: Tokenizer
    facts: Mapping[str, Any]
    """What decides its weights beside settings and corpus, as JSON values."""
    tensors: Callable[[], Mapping[str, NDArray[np.float32]]]
    """Every parameter; counting frequencies takes a while."""
    new_head: tuple[str, ...] = ()
    """Of a folder that lacks them: the tensors that hold random values."""


def from_size(size: str, layers: Optional[int], corpus: Corpus, settings: PretrainingSettings) -> Beginning:
    """A named size, with the vocabulary of `corpus`; raises `ConfigError` as `tokenizer_of` and `new_config` do."""
    tokenizer = tokenizer_of(corpus)
    config = new_config(size, layers, tokenizer, settings)
    tensors = functools.partial(first_tensors, config, tokenizer, corpus, settings)
    return Beginning(config, tokenizer, {"size": size, "layers": layers}, tensors)


def new_config(size: str, layers: Optional[int], tokenizer: Tokenizer, settings: PretrainingSettings) -> AlbertConfig:
    """The shape of the model; raises `ConfigError` for an unknown size or inputs longer than its positions."""
    pair = "sop" if settings.pair_objective == "none" else settings.pair_objective
    config = config_for_vocabulary(size, layers, tokenizer, labels=ORDER_LABELS[pair])
    return fitted(config.replace(initializer_range=initializer_range(config.hidden_size)), settings)


def fitted(config: AlbertConfig, settings: PretrainingSettings) -> AlbertConfig:
    """`config` with the class of the pretraining; raises `ConfigError` for inputs longer than its
    positions and for stages of other depths than its own."""
    if settings.longest > config.max_position_embeddings:
        raise ConfigError(
            f"lengths must be at most the model's {config.max_position_embeddings} positions; "
            f"received {settings.longest}"
        )
    check_depth(config, settings)
    return config_for_task(config, TASK)


def check_depth(config: AlbertConfig, settings: PretrainingSettings) -> None:
    """Raise `ConfigError` unless the last stage of depths is all of the model's layers, which the folder will have."""
    layers = config.num_hidden_layers
    if settings.deepest not in (None, layers):
        raise ConfigError(f"the last of depths must be the model's {layers} layers; received {settings.deepest}")
    for depth, _ in depth_stages(settings.depths, settings.steps) if settings.depths else []:
        if depth > layers:
            raise ConfigError(f"depths must be at most the model's {layers} layers; received {depth}")


def first_tensors(
    config: AlbertConfig, tokenizer: Tokenizer, corpus: Corpus, settings: PretrainingSettings
) -> dict[str, NDArray[np.float32]]:
    """Random tensors, but for the output's bias, with `word_vectors` for the word embeddings, and with `local_start`
    for the positions and two heads; raises `ConfigError` as `start_locally` does.

    The bias is the logarithm of each piece's frequency: a model would else need its first updates to learn that alone.
    """
    tensors = initial_tensors(config, TASK, settings.seed)
    texts = _sample(corpus, config.vocab_size)
    tensors[OUTPUT_BIAS] = _log_frequencies(texts, config.vocab_size)
    if settings.word_vectors:
        special = (tokenizer.pad_id, tokenizer.unk_id, tokenizer.cls_id, tokenizer.sep_id)
        tensors[WORD_EMBEDDINGS] = cooccurrence_embeddings(texts, special, tensors[WORD_EMBEDDINGS])
    if settings.local_start:
        start_locally(config, tensors)
    return tensors


def output_bias(corpus: Corpus, vocab_size: int) -> NDArray[np.float32]:
    """The logarithm of each piece's frequency in `corpus`, float32 [vocab_size]."""
    return _log_frequencies(_sample(corpus, vocab_size), vocab_size)


def _log_frequencies(texts: list[NDArray[np.int32]], vocab_size: int) -> NDArray[np.float32]:
    counts = np.bincount(np.concatenate(texts), minlength=vocab_size).astype(np.float64)
    logs: NDArray[np.float32] = np.log((counts + 0.5) / (counts.sum() + 0.5 * vocab_size)).astype(np.float32)
    return logs


def _sample(corpus: Corpus, vocab_size: int) -> list[NDArray[np.int32]]:
    texts: list[NDArray[np.int32]] = []
    tokens = 0
    shards = (corpus.read(shard, vocab_size) for shard in range(len(corpus.shards)))
    for record in itertools.chain.from_iterable(shards):
        if tokens >= COUNTED_TOKENS:
            break
        texts.append(record.ids)
        tokens += len(record.ids)
    return texts

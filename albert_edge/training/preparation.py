"""Everything of a training that comes before TensorFlow: data files, labels, vocabulary, the model's first weights.

Whatever can be wrong with what was asked for comes to light here, in seconds.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence

from albert_edge.errors import ConfigError, DataError
from albert_edge.text.tables import read_examples
from albert_edge.training.data import Encoded, choose_labels, encode, label_ids
from albert_edge.training.reporting import Reporter
from albert_edge.training.request import Request
from albert_edge.training.start import Start, known_labels, longest_text, make_start, with_word_vectors

if TYPE_CHECKING:
    from albert_edge.text.tables import Example


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A training that can begin."""

    request: Request
    facts: Mapping[str, Any]
    """The request as JSON values, with the SHA-256 of each file and of the vocabulary: what a snapshot is kept with."""
    start: Start
    train: Encoded
    dev: Encoded


def prepare(request: Request, vocabulary: Optional[bytes], reporter: Reporter) -> Prepared:
    """Read the files of `request` and make its start.

    `vocabulary` is that of a session before, whose weights will replace the first ones: they need no word vectors.
    Raises `DataError`, `ConfigError`, `FolderError` or `TokenizerError` for what can't be used.
    """
    train_examples = read_examples(request.train, request.columns)
    dev_examples = read_examples(request.dev, request.columns)
    _check_pairs(request, train_examples, dev_examples)
    labels = choose_labels(request.train, train_examples, known_labels(request.source))
    train_ids = label_ids(request.train, train_examples, labels)
    dev_ids = label_ids(request.dev, dev_examples, labels)
    if request.source.trains_vocabulary and vocabulary is None:
        reporter.note(f"training a vocabulary on {len(train_examples):,} examples")
    start = make_start(request, labels, train_examples, vocabulary)
    if train_examples[0].text_pair is not None and start.config.type_vocab_size < 2:
        raise ConfigError(f"a model of pairs must have type_vocab_size 2; received {start.config.type_vocab_size}")
    max_length = longest_text(start.config, request.settings)
    train = encode(train_examples, train_ids, start.tokenizer, max_length)
    if train.truncated:
        reporter.note(
            f"{train.truncated:,} of {len(train_examples):,} training examples have more than {max_length} tokens "
            f"and lose their end (--max-length)"
        )
    if request.settings.word_vectors and vocabulary is None:
        start = with_word_vectors(start, train.texts)
    dev = encode(dev_examples, dev_ids, start.tokenizer, max_length)
    facts = {**request.facts(), "vocabulary_sha256": hashlib.sha256(start.tokenizer.model).hexdigest()}
    return Prepared(request, facts, start, train, dev)


def _check_pairs(request: Request, train_examples: Sequence[Example], dev_examples: Sequence[Example]) -> None:
    pairs = [examples[0].text_pair is not None for examples in (train_examples, dev_examples)]
    if pairs[0] != pairs[1]:
        kinds = ["pairs" if pair else "single texts" for pair in pairs]
        raise DataError(
            f"both data files must hold pairs, or both single texts; "
            f"received {kinds[0]} in {str(request.train)!r} and {kinds[1]} in {str(request.dev)!r}"
        )

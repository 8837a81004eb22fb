"""What a step sees, from the shards of a corpus: batches of masked pairs, and the place behind each.

Everything follows from the seed and the place: which shards come first in an epoch, where its texts are cut, which
pieces are masked. So a pretraining goes on at its place having read one shard, and never sees the same masks twice.
One shard is in memory at a time.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Iterator, NamedTuple

import numpy as np

from albert_edge.errors import DataError
from albert_edge.text.masks import mask_id_of, special_ids
from albert_edge.training.masking import hidden, ordinary_ids
from albert_edge.training.pretraining.pairs import SPECIALS, Packing, Pair, check_strangers, pairs
from albert_edge.training.pretraining.spans import SpanRule, choose_spans, continues_word, units_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.text.tokenizer import Tokenizer
    from albert_edge.training.pretraining.records import Corpus
    from albert_edge.training.pretraining.settings import PretrainingSettings

_SHARDS, _PAIRS, _MASKS = 1, 2, 3
"""Keep the random numbers of an epoch's order, a shard's pairs and an input's masks apart."""


class Place(NamedTuple):
    """Where in the corpus a pretraining is: what it sees next."""

    epoch: int = 0
    shard: int = 0
    """Of the epoch's order."""
    item: int = 0
    """Of the shard's pairs, in their order."""


class Example(NamedTuple):
    """An input of T tokens with its targets; or a batch of B, with an axis before the others."""

    input_ids: NDArray[np.int32]
    """[T], masked"""
    attention_mask: NDArray[np.int32]
    """[T]: 1 a token, 0 padding."""
    token_type_ids: NDArray[np.int32]
    """[T]"""
    masked_positions: NDArray[np.int32]
    """[K], 0 where fewer are asked for."""
    masked_ids: NDArray[np.int32]
    """[K]: what stood there."""
    weights: NDArray[np.float32]
    """[K]: 1 a position that is asked for, 0 none."""
    label: NDArray[np.int32]
    """[]: see `Pair`."""


class Examples:
    """The examples of one corpus at one length."""

    def __init__(self, corpus: Corpus, tokenizer: Tokenizer, settings: PretrainingSettings, length: int) -> None:
        self._corpus, self._seed, self._mask_id = corpus, settings.seed, mask_id_of(tokenizer)
        self._objective = settings.pair_objective
        self._packing = Packing(length, tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id)
        most = settings.predictions_at(length)
        self._rule = SpanRule(settings.mask_share, settings.ngram, most, settings.whole_words)
        self._others = ordinary_ids(tokenizer)
        self._is_special = np.zeros(tokenizer.vocab_size, bool)
        self._is_special[special_ids(tokenizer)] = True
        self._continues = continues_word(tokenizer) if settings.whole_words else None

    def batches(self, place: Place, size: int, worker: int = 0, workers: int = 1) -> Iterator[tuple[Example, Place]]:
        """Full batches of `size` from `place` on, without end, each with the place behind it.

        Of each batch the `worker` gets its rows, every `workers`th one: all workers together have each row once. Only
        those are masked and packed.
        """
        kept: list[Example] = []
        for row, (pair, key, behind) in zip(itertools.cycle(range(size)), self._without_end(place)):
            if row % workers == worker:
                kept.append(self._example(pair, key))
            if row == size - 1:
                yield stacked(kept), behind
                kept = []

    def once(self, most: int) -> Iterator[Example]:
        """Each shard's examples in the file's order, the same ones every time, at most `most` of them altogether."""
        # A share of each shard: all of them are samples of the corpus, the first documents alone would not be.
        shards = len(self._corpus.shards)
        for shard in range(min(shards, most)):
            found = self._shuffled_pairs(0, shard)[: most // shards + (shard < most % shards)]
            yield from (self._example(pair, (0, shard, item)) for item, pair in enumerate(found))

    def _without_end(self, place: Place) -> Iterator[tuple[Pair, tuple[int, int, int], Place]]:
        epoch, first, item = place
        while True:
            order = np.random.default_rng([self._seed, epoch, _SHARDS]).permutation(len(self._corpus.shards))
            for number in range(first, len(order)):
                found = self._shuffled_pairs(epoch, int(order[number]))
                for at in range(item, len(found)):
                    yield found[at], (epoch, int(order[number]), at), Place(epoch, number, at + 1)
                item = 0
            epoch, first = epoch + 1, 0

    def _shuffled_pairs(self, epoch: int, shard: int) -> list[Pair]:
        records = self._corpus.read(shard, len(self._is_special))
        complaint = check_strangers(records) if self._objective == "nsp" else None
        if complaint is not None:
            raise DataError(f"{self._corpus.folder / self._corpus.shards[shard].file}: {complaint}")
        generator = np.random.default_rng([self._seed, epoch, shard, _PAIRS])
        objective = "sop" if self._objective == "none" else self._objective
        found = list(pairs(records, self._packing.length - SPECIALS, objective, generator))
        if not found:
            raise DataError(f"{self._corpus.folder}: a shard must have a text of two pieces; received none")
        return [found[index] for index in generator.permutation(len(found))]

    def _example(self, pair: Pair, place: tuple[int, int, int]) -> Example:
        ids, mask, segments = self._packing.pack(pair)
        generator = np.random.default_rng([self._seed, *place, _MASKS])
        units = units_of(ids, ~self._is_special[ids], self._continues)
        spans = choose_spans(*units, self._rule, generator)
        starts, lengths, _ = units
        chosen = np.sort(np.concatenate(spans)) if spans else np.zeros(0, np.int64)
        asked = [np.arange(starts[unit], starts[unit] + lengths[unit]) for unit in chosen]
        positions = np.concatenate([np.zeros(0, np.int64), *asked]).astype(np.int32)
        most = self._rule.most
        table = np.zeros((2, most), np.int32)
        table[:, : len(positions)] = positions, ids[positions]
        asked_at, asked_for = table
        masked = hidden(ids, positions, self._mask_id, self._others, generator)
        weights = (np.arange(most) < len(positions)).astype(np.float32)
        return Example(masked, mask, segments, asked_at, asked_for, weights, np.array(pair.label, np.int32))


def stacked(examples: list[Example]) -> Example:
    """A batch of `examples`."""
    return Example(*(np.stack(values) for values in zip(*examples)))

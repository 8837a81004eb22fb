"""Batches by length: every text once, chance kept, little padding; dropped words."""

import itertools

import numpy as np
import pytest

from albert_edge.text.packing import Packed
from albert_edge.training.batches import batch_count, drop_words, epoch_batches, padding_share


@pytest.fixture
def lengths():
    """Lengths of 1,000 texts, spread as those of news: 10 to 100 tokens."""
    generator = np.random.default_rng(0)
    return np.clip(generator.lognormal(3.6, 0.4, 1000).astype(int), 10, 100).tolist()


@pytest.mark.parametrize("batch_size", [1, 7, 32, 1000, 5000])
def test_each_text_comes_once_an_epoch(lengths, batch_size):
    batches = epoch_batches(lengths, batch_size, seed=1, epoch=0)
    assert sorted(np.concatenate(batches)) == list(range(1000))
    assert len(batches) == batch_count(1000, batch_size)
    assert sorted(map(len, batches), reverse=True)[:-1] == [batch_size] * (len(batches) - 1)


def test_batch_count_by_hand():
    assert [batch_count(texts, 32) for texts in (1, 32, 33, 9000)] == [1, 1, 2, 282]


def test_order_follows_from_seed_and_epoch(lengths):
    def order(seed, epoch):
        return np.concatenate(epoch_batches(lengths, 32, seed, epoch)).tolist()

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


def test_other_texts_meet_in_each_epoch(lengths):
    """Sorting alone would always put the same texts together."""

    def neighbours(epoch):
        for batch in epoch_batches(lengths, 8, 1, epoch):
            if 500 in batch:
                return set(batch.tolist()) - {500}
        return set()

    assert len(neighbours(0) & neighbours(1)) < 7


def test_batches_do_not_come_sorted_by_length(lengths):
    longest = [max(lengths[index] for index in batch) for batch in epoch_batches(lengths, 32, 1, 0)]
    assert longest not in (sorted(longest), sorted(longest, reverse=True))


def test_little_of_a_batch_is_padding(lengths):
    """Under 5 %, where batches in the file's order spend a third and batches padded to the maximum two thirds."""
    share = padding_share(lengths, epoch_batches(lengths, 32, 1, 0))
    in_order = padding_share(lengths, np.split(np.arange(1000), range(32, 1000, 32)))
    assert share < 0.05
    assert in_order > 0.3


def test_padding_share_by_hand():
    """Batches padded to 4 and 5 tokens: 13 positions, 10 tokens."""
    assert padding_share([4, 1, 5], [np.array([0, 1]), np.array([2])]) == pytest.approx(3 / 13)


# === Dropped words ===

CLS, SEP, MASK = 2, 3, 4


def packed(ids):
    return Packed(np.array(ids, np.int32), np.zeros(len(ids), np.int32))


def test_dropped_words_are_masked_and_special_pieces_stay():
    texts = [packed([CLS, *range(10, 1010), SEP]), packed([CLS, SEP])]
    dropped = drop_words(texts, 0.2, (CLS, SEP), MASK, itertools.repeat(np.random.default_rng(0)))
    changed = dropped[0].input_ids != texts[0].input_ids
    assert 0.15 < changed.mean() < 0.25
    assert set(dropped[0].input_ids[changed]) == {MASK}
    assert dropped[0].input_ids[[0, -1]].tolist() == [CLS, SEP]
    assert dropped[1].input_ids.tolist() == [CLS, SEP]
    assert dropped[0].input_ids.dtype == np.int32
    # The texts themselves serve the next epoch.
    assert MASK not in texts[0].input_ids

"""Two corpora in one batch: the share, the rows of workers, and going on from any place."""

import itertools

import numpy as np
import pytest

from albert_edge.errors import ConfigError
from albert_edge.text.tokenizer import open_tokenizer
from albert_edge.training.pretraining.mixing import Mixture, Places
from albert_edge.training.pretraining.settings import PretrainingSettings
from albert_edge.training.pretraining.stream import Place


@pytest.fixture(scope="module")
def mixed(domain_corpora, corpora):
    """The domain's and the general one."""
    return [domain_corpora["train"], corpora["train"]]


def unmasked(batch):
    """The pieces of each row as they stood."""
    ids = batch.input_ids.copy()
    for row, positions, pieces, weights in zip(ids, batch.masked_positions, batch.masked_ids, batch.weights):
        row[positions[weights == 1]] = pieces[weights == 1]
    return [set(row.tolist()) for row in ids]


def pieces_of(corpus):
    records = [record for shard in range(len(corpus.shards)) for record in corpus.read(shard)]
    return {piece for record in records for piece in record.ids.tolist()}


@pytest.mark.slow
@pytest.mark.parametrize(("share", "rows"), [(0.2, 3), (0.5, 8), (0.9, 14)])
def test_every_batch_has_the_share_and_goes_on_from_any_place(mixed, vocab, share, rows):
    settings = PretrainingSettings(steps=4, batch_size=16)
    mixture = Mixture(*mixed, share)
    tokenizer = open_tokenizer(vocab)
    own = pieces_of(mixture.corpus) - pieces_of(mixture.replay)
    through = list(itertools.islice(mixture.batches(tokenizer, settings, 128, Places(Place(), Place())), 30))
    assert max(place.epoch for place in through[-1][1]) >= 1
    for batch, _ in through:
        assert [bool(row & own) for row in unmasked(batch)] == [True] * (16 - rows) + [False] * rows
    for number in (0, 11):
        again = list(itertools.islice(mixture.batches(tokenizer, settings, 128, through[number][1]), 3))
        for (batch, places), (expected, behind) in zip(again, through[number + 1 :]):
            assert places == behind
            assert all(np.array_equal(*pair) for pair in zip(batch, expected))


@pytest.mark.slow
def test_workers_have_each_row_once(mixed, vocab):
    settings = PretrainingSettings(steps=4, batch_size=16)
    mixture = Mixture(*mixed, 0.3)
    arguments = open_tokenizer(vocab), settings, 128, Places(Place(), Place())
    whole, behind = next(mixture.batches(*arguments))
    parts = [next(mixture.batches(*arguments, worker, 2)) for worker in range(2)]
    assert [places for _, places in parts] == [behind, behind]
    assert [len(part.label) for part, _ in parts] == [8, 8]
    found = np.concatenate([part.input_ids for part, _ in parts])
    assert sorted(map(tuple, found)) == sorted(map(tuple, whole.input_ids))


@pytest.mark.parametrize(("share", "size"), [(0.02, 16), (0.99, 16), (0.5, 1)])
def test_a_share_of_nothing_or_of_everything(share, size):
    with pytest.raises(ConfigError, match="replay_share must come to an input of each batch, and leave one"):
        Mixture("corpus", "other", share).check(PretrainingSettings(steps=3, batch_size=size), 1)


def test_workers_need_some_of_both():
    with pytest.raises(ConfigError, match=r"leave each of 4 workers an input of both corpora; received 0\.2, 3 of 16"):
        Mixture("corpus", "other", 0.2).check(PretrainingSettings(steps=3, batch_size=16), 4)

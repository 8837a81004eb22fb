"""What a pretraining is measured on, and the picture of it: alike for all trainings, whatever they learn from."""

import math

import numpy as np
import pytest

from albert_edge.text.tokenizer import open_tokenizer
from albert_edge.training.pretraining.curves import curves
from albert_edge.training.pretraining.evaluation import HeldOut, perplexity
from albert_edge.training.pretraining.records import open_corpus
from albert_edge.training.pretraining.settings import PretrainingSettings


class Counting:
    """A step that only counts what is asked for."""

    def measure(self, batch):
        return (0, 0, batch.weights.sum(), 0, 0, len(batch.label))


def held_out_of(corpora, vocab, most=64, **settings):
    chosen = PretrainingSettings(steps=10, lengths="64", **settings)
    return HeldOut(open_corpus(corpora["held-out"].folder), open_tokenizer(vocab), chosen, 64, most)


@pytest.mark.parametrize("values", [{"mask_share": 0.05}, {"mask_share": 0.4}, {"max_predictions": 1}, {"seed": 7}])
def test_trainings_with_other_masks_are_measured_alike(corpora, vocab, values):
    found, expected = held_out_of(corpora, vocab, **values), held_out_of(corpora, vocab)
    for own, plain in ((found._spans, expected._spans), (found._pieces, expected._pieces)):
        for batch, other in zip(own, plain):
            np.testing.assert_array_equal(batch.masked_positions, other.masked_positions)
            np.testing.assert_array_equal(batch.input_ids, other.input_ids)
    scores = found.scores(Counting())
    assert scores["masked"] / scores["pairs"] == pytest.approx(0.15 * 61, rel=0.1)


def test_single_pieces_are_no_whole_words(corpora, vocab):
    words, pieces = held_out_of(corpora, vocab, whole_words=True), held_out_of(corpora, vocab)
    assert any(not np.array_equal(*both) for both in zip(words._spans[0], pieces._spans[0]))
    assert all(np.array_equal(*both) for both in zip(words._pieces[0], pieces._pieces[0]))


@pytest.mark.parametrize("most", [1, 3, 8])
def test_no_more_inputs_than_asked_for(corpora, vocab, most):
    assert held_out_of(corpora, vocab, most).scores(Counting())["pairs"] == most


def test_a_loss_that_diverged_has_a_perplexity():
    assert perplexity(math.log(7)) == pytest.approx(7)
    assert 1e300 < perplexity(3.6e9) < math.inf


def test_other_held_out_corpora_may_join_the_curves():
    score = {"loss": 3.0, "accuracy": 0.5, "order_accuracy": 0.5}
    lines = [{"tokens": 10, "held_out": {"a": score}}, {"tokens": 20, "held_out": {"b": score}}]
    assert curves([{"tokens": 10, **score}, *lines]).startswith(b"\x89PNG")

"""Masked places: ranks and likelihoods by hand and against scikit-learn."""

import math

import numpy as np
import pytest

from albert_edge.errors import CheckFailedError, DataError
from albert_edge.metrics import piece_report, piece_scores


def test_example_worked_by_hand():
    # softmax of (0, ln 3) is (1/4, 3/4).
    scores = piece_scores([[0.0, math.log(3)], [0.0, math.log(3)]], [1, 0])
    assert scores.ranks.tolist() == [1, 2]
    assert scores.log_likelihoods == pytest.approx([math.log(3 / 4), math.log(1 / 4)])
    report = piece_report(*scores)
    assert report["masks"] == 2
    assert report["accuracy"] == 0.5
    assert report["accuracy_at_5"] == 1.0
    assert report["negative_log_likelihood"] == pytest.approx(-(math.log(3 / 4) + math.log(1 / 4)) / 2)
    assert report["perplexity"] == pytest.approx(math.sqrt(4 / 3 * 4))


def test_equal_to_scikit_learn():
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(1)
    logits = random.normal(size=(200, 30)) * 5
    pieces = random.integers(0, 30, size=200)
    report = piece_report(*piece_scores(logits, pieces))
    powers = np.exp(logits)
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    expected = sklearn_metrics.log_loss(pieces, probabilities, labels=np.arange(30))
    assert report["negative_log_likelihood"] == pytest.approx(expected)
    for k, name in ((1, "accuracy"), (5, "accuracy_at_5")):
        top = sklearn_metrics.top_k_accuracy_score(pieces, logits, k=k, labels=np.arange(30))
        assert report[name] == pytest.approx(top)


def test_one_logit_for_all_is_not_right():
    assert piece_scores(np.zeros((1, 9)), [0]).ranks.tolist() == [9]


def test_large_logits_do_not_overflow():
    scores = piece_scores([[1e4, 0.0]], [1])
    assert scores.log_likelihoods.tolist() == [-1e4]
    assert piece_report(*scores)["perplexity"] is None


def test_no_place_has_no_score():
    assert piece_scores(np.zeros((0, 4)), []).ranks.tolist() == []
    with pytest.raises(DataError, match="one length, at least 1; received 0 and 0"):
        piece_report([], [])


@pytest.mark.parametrize(
    ("logits", "pieces", "error", "message"),
    [
        (np.zeros((2, 3)), [0], DataError, "[K, vocabulary] for K pieces; received [2, 3] for 1"),
        (np.zeros((1, 3)), [3], DataError, "a piece must be one of 3; received 3 to 3"),
        (np.zeros((1, 3)), [-1], DataError, "received -1 to -1"),
        (np.full((1, 3), np.nan), [0], CheckFailedError, "must be finite; received 3 not"),
    ],
)
def test_wrong_input_is_refused(logits, pieces, error, message):
    with pytest.raises(error) as raised:
        piece_scores(logits, pieces)
    assert message in str(raised.value)

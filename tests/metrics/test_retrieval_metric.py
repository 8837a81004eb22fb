"""Recall at k and reciprocal ranks, by hand and against scikit-learn."""

import numpy as np
import pytest

from albert_edge.errors import DataError
from albert_edge.metrics import mean_reciprocal_rank, pair_cosines, recall_at_k, retrieval_report
from albert_edge.metrics.retrieval import partner_ranks

ANGLES = np.radians([0, 10, 90, 180])
CIRCLE = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)


def test_example_worked_by_hand():
    # Seen from 0 degrees: 0, 10, 90, 180. The partners are at 0 (rank 1), at 180 seen from 10 (last) and 10 seen from
    # 90 (after 90 itself).
    report = retrieval_report(CIRCLE[:3], CIRCLE, [0, 3, 1])
    assert partner_ranks(CIRCLE[:3], CIRCLE, [0, 3, 1]).tolist() == [1, 4, 2]
    assert report == {
        "examples": 3,
        "candidates": 4,
        "recall_at_1": 1 / 3,
        "recall_at_5": 1.0,
        "recall_at_10": 1.0,
        "mean_reciprocal_rank": pytest.approx((1 + 1 / 4 + 1 / 2) / 3),
        "mean_rank": pytest.approx(7 / 3),
    }
    assert recall_at_k([1, 4, 2], 2) == pytest.approx(2 / 3)
    assert mean_reciprocal_rank([2]) == 0.5


def test_length_says_nothing():
    scaled = CIRCLE * [[1], [100], [0.01], [7]]
    assert partner_ranks(scaled, CIRCLE).tolist() == partner_ranks(CIRCLE, CIRCLE).tolist() == [1, 1, 1, 1]


def test_vectors_that_are_all_one_find_nothing():
    vectors = np.ones((101, 4))
    assert set(partner_ranks(vectors, vectors)) == {51.0}
    assert retrieval_report(vectors, vectors)["recall_at_10"] == 0.0


@pytest.mark.parametrize("seed", range(4))
def test_equal_to_scikit_learn(seed):
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(seed)
    first = random.normal(size=(300, 8))
    second = first + random.normal(size=(300, 8))
    report = retrieval_report(first, second)
    cosines = sklearn_metrics.pairwise.cosine_similarity(first, second)
    for k in (1, 5, 10):
        expected = sklearn_metrics.top_k_accuracy_score(np.arange(300), cosines, k=k, labels=np.arange(300))
        assert report[f"recall_at_{k}"] == pytest.approx(expected)
    ranks = sklearn_metrics.label_ranking_average_precision_score(np.eye(300), cosines)
    assert report["mean_reciprocal_rank"] == pytest.approx(ranks)
    assert pair_cosines(first, second) == pytest.approx(cosines.diagonal())


@pytest.mark.parametrize(
    ("queries", "candidates", "partners", "message"),
    [
        (np.zeros((2, 3)), np.ones((2, 3)), None, "queries must be finite and differ from 0; received the length 0.0"),
        (np.ones((2, 3)), np.full((2, 3), np.nan), None, "candidates must be finite"),
        (np.ones((2, 3)), np.ones((2, 4)), None, "must have one width and each query a partner"),
        (np.ones((2, 3)), np.ones((2, 3)), [0], "and 1 partners"),
        (np.ones((2, 3)), np.ones((2, 3)), [0, 2], "a partner must be one of 2 candidates; received 2"),
        (np.ones((3, 3)), np.ones((2, 3)), None, "a partner must be one of 2 candidates; received 2"),
        (np.ones((2, 3)), np.ones((2, 3)), [0, -1], "a partner must be one of 2 candidates; received -1"),
        (np.ones(3), np.ones((2, 3)), None, "must have the shape [N, H]; received [3]"),
    ],
)
def test_wrong_vectors_are_refused(queries, candidates, partners, message):
    with pytest.raises(DataError) as error:
        retrieval_report(queries, candidates, partners)
    assert message in str(error.value)


@pytest.mark.parametrize("ranks", [[], [0], [1, float("nan")]])
def test_wrong_ranks_are_refused(ranks):
    with pytest.raises(DataError, match="ranks must be a list of numbers from 1"):
        recall_at_k(ranks, 1)


def test_pairs_must_be_pairs():
    with pytest.raises(DataError, match="one shape"):
        pair_cosines(np.ones((2, 3)), np.ones((3, 3)))

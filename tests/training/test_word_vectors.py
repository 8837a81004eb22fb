"""Embeddings from counts: worked by hand, and right about which words mean much the same."""

import numpy as np
import pytest

from albert_edge.training import word_vectors
from albert_edge.training.word_vectors import (
    cooccurrence_embeddings,
    count_neighbours,
    factorize,
    positive_information,
)

CLS, SEP = 0, 1


def ids(*values):
    return np.array(values, np.int32)


def test_neighbours_by_hand(monkeypatch):
    """Pieces 2, 3, 4, by frequency 3, 2, 4, within two pieces; no text looks into the next."""
    monkeypatch.setattr(word_vectors, "WINDOW", 2)
    counts = count_neighbours([ids(CLS, 3, 2, 3, 2, SEP), ids(CLS, 4, 3, SEP)], (CLS, SEP), 5)
    assert counts.dtype == np.float32
    assert counts.tolist() == [
        [0, 0, 0],
        [0, 0, 0],
        [3, 2, 0],
        [2, 3, 1],
        [1, 0, 0],
    ]


def test_contexts_are_the_most_frequent_pieces(monkeypatch):
    monkeypatch.setattr(word_vectors, "CONTEXTS", 1)
    assert count_neighbours([ids(3, 2, 3, 4)], (), 5)[:, 0].tolist() == [0, 0, 2, 2, 2]


def test_information_by_hand():
    """p(context) by 4^0.75 and 12^0.75; where a pair is rarer than chance, and where it doesn't occur, there is 0."""
    counts = np.array([[4, 4], [0, 8]], np.float32)
    first = 4**0.75 / (4**0.75 + 12**0.75)
    expected = [[np.log(0.5 / first), 0.0], [0.0, np.log(1 / (1 - first))]]
    np.testing.assert_allclose(positive_information(counts), expected, rtol=1e-6)


def test_factors_are_those_of_a_singular_value_decomposition():
    matrix = np.random.default_rng(0).random((30, 12)).astype(np.float32)
    left, singular, _ = np.linalg.svd(matrix, full_matrices=False)
    expected = left[:, :5] * np.sqrt(singular[:5])
    factors = factorize(matrix, 5)
    np.testing.assert_allclose(np.abs(factors), np.abs(expected), atol=1e-4)


def test_words_in_like_company_become_like():
    """`rain` and `snow` never meet, and share their company; `goal` keeps another."""
    generator = np.random.default_rng(0)
    rain, snow, goal, weather, sport = 2, 3, 4, range(5, 15), range(15, 25)
    texts = []
    for word, company in [(rain, weather), (snow, weather), (goal, sport)] * 60:
        texts.append(ids(CLS, *generator.choice(company, 2), word, *generator.choice(company, 2), SEP))
    table = generator.standard_normal((30, 8)).astype(np.float32) * 0.05
    found = cooccurrence_embeddings(texts, (CLS, SEP), table)

    def likeness(first, second):
        product = found[first] @ found[second]
        return product / np.linalg.norm(found[first]) / np.linalg.norm(found[second])

    assert likeness(rain, snow) > 0.9
    assert likeness(rain, goal) < 0.3
    assert found.dtype == np.float32
    assert found[2:25].std() == pytest.approx(table.std(), rel=0.2)
    # Special pieces, and pieces that never occur, keep their random rows.
    assert np.array_equal(found[[CLS, SEP, *range(25, 30)]], table[[CLS, SEP, *range(25, 30)]])


def test_few_pieces_fill_few_columns():
    table = np.random.default_rng(0).standard_normal((6, 8)).astype(np.float32)
    found = cooccurrence_embeddings([ids(2, 3, 4), ids(3, 2)], (CLS, SEP), table)
    assert np.array_equal(found[:, 3:], table[:, 3:])
    assert not np.array_equal(found[2:5, :3], table[2:5, :3])


@pytest.mark.parametrize("texts", [[ids(CLS, SEP)], [ids(CLS, 2, SEP)] * 3, []])
def test_without_neighbours_the_table_stays(texts):
    table = np.random.default_rng(0).standard_normal((6, 8)).astype(np.float32)
    assert np.array_equal(cooccurrence_embeddings(texts, (CLS, SEP), table), table)

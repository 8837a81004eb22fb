"""Embeddings and their ranking, by hand and against scikit-learn."""

import math

import numpy as np
import pytest
from word_pieces import WordPieces, config, letters, run

from albert_edge.errors import CheckFailedError, ConfigError, DataError
from albert_edge.pipelines.base import TextRequest
from albert_edge.pipelines.embedding import EmbeddingPipeline, rank


def pipeline(longest=8, **settings):
    return EmbeddingPipeline(config(**settings), WordPieces(), longest)


def network(packed):
    return {"embedding": np.float32([3, 4] if "a" in letters(packed) else [0, 10])}


def test_one_window():
    answer = run(pipeline(normalize=False), TextRequest("a b"), network)
    assert answer.to_dict() == {"text": "a b", "embedding": [3.0, 4.0]}
    assert answer.embedding.dtype == np.float32
    np.testing.assert_allclose(run(pipeline(), TextRequest("a b"), network).embedding, [0.6, 0.8], rtol=1e-6)


def test_windows_are_averaged():
    # Room for 3: a b c, b c d, c d e.
    request = TextRequest("a b c d e")
    answer = run(pipeline(5, normalize=False), request, network)
    np.testing.assert_allclose(answer.embedding, [1, 8], rtol=1e-6)
    normalized = run(pipeline(5), request, network).embedding
    np.testing.assert_allclose(normalized, np.array([1, 8]) / math.sqrt(65), rtol=1e-6)


def test_what_is_refused():
    with pytest.raises(DataError, match="an embedding must be of one text; received the pair 'b'"):
        pipeline().inputs(TextRequest("a", "b"))
    with pytest.raises(DataError, match="a text must have a piece left after clean-up; received ''"):
        pipeline().inputs(TextRequest(""))
    with pytest.raises(CheckFailedError, match="a model's embedding must be finite; received 1 of 2 that aren't"):
        run(pipeline(), TextRequest("a"), lambda _packed: {"embedding": np.float32([math.nan, 0])})
    with pytest.raises(CheckFailedError, match="an embedding must differ from 0 to get length 1; received zeros"):
        run(pipeline(), TextRequest("a"), lambda _packed: {"embedding": np.zeros(2, np.float32)})
    with pytest.raises(ConfigError, match=r"embedding must have the shape \[2\]; received \[3\]"):
        run(pipeline(), TextRequest("a"), lambda _packed: {"embedding": np.zeros(3, np.float32)})


# === Ranking ===


def test_ranking_by_hand():
    matrix = np.float32([[0, 1], [2, 0], [1, 1], [-1, 0], [5, 0]])
    assert rank(np.float32([3, 0]), matrix, 3) == [(1, 1.0), (4, 1.0), (2, pytest.approx(math.sqrt(0.5)))]
    assert [index for index, _ in rank(np.float32([3, 0]), matrix, 9)] == [1, 4, 2, 0, 3]
    assert rank(np.float32([3, 0]), matrix, 9)[-1] == (3, -1.0)
    assert rank(np.float32([3, 0]), np.zeros((0, 2)), 9) == []


def test_ranking_against_scikit_learn():
    pairwise = pytest.importorskip("sklearn.metrics.pairwise")
    generator = np.random.default_rng(1)
    matrix, query = generator.normal(size=(200, 16)), generator.normal(size=16)
    cosines = pairwise.cosine_similarity(query[np.newaxis], matrix)[0]
    found = rank(query, matrix, 200)
    assert [index for index, _ in found] == np.argsort(-cosines).tolist()
    np.testing.assert_allclose([cosine for _, cosine in found], np.sort(cosines)[::-1], rtol=1e-12)


def test_ranking_refuses():
    with pytest.raises(ConfigError, match=r"shapes \[H\] and \[N, H\]; received \(2,\) and \(3, 4\)"):
        rank(np.ones(2), np.ones((3, 4)), 1)
    with pytest.raises(ConfigError, match="k must be at least 1; received 0"):
        rank(np.ones(2), np.ones((3, 2)), 0)
    with pytest.raises(DataError, match=r"vectors must be finite and differ from 0; received the length 0\.0 as"):
        rank(np.ones(2), np.array([[1.0, 0], [0, 0]]), 1)
    with pytest.raises(DataError, match="the query must be finite and differ from 0; received the length nan"):
        rank(np.array([math.nan, 0]), np.ones((3, 2)), 1)

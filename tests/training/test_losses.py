"""Each loss against the same sum written out in numpy."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def losses():
    from albert_edge.training import losses

    return losses


def log_softmax(logits):
    logits = np.asarray(logits, np.float64)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def test_single_label_by_hand(losses):
    """Two labels: -log softmax is log(1 + e^-d) for the right one and log(1 + e^d) for the other."""
    logits, labels = np.array([[2.0, 0.0], [1.0, 0.0]], np.float32), np.array([0, 1], np.int32)
    right, wrong = np.log1p(np.exp(-2)), np.log1p(np.exp(1))
    np.testing.assert_allclose(losses.single_label(logits, labels, 0.0, None), [right, wrong], rtol=1e-6)
    weights = np.array([0.5, 3.0], np.float32)
    np.testing.assert_allclose(losses.single_label(logits, labels, 0.0, weights), [0.5 * right, 3 * wrong], rtol=1e-6)
    # A fifth of the target spread over both labels leaves 0.9 and 0.1.
    smoothed = [0.9 * right + 0.1 * np.log1p(np.exp(2)), 0.9 * wrong + 0.1 * np.log1p(np.exp(-1))]
    np.testing.assert_allclose(losses.single_label(logits, labels, 0.2, None), smoothed, rtol=1e-6)


def test_multi_label_by_hand(losses):
    """-log sigmoid(x) is log(1 + e^-x), and of the other answer log(1 + e^x)."""
    logits, targets = np.array([[2.0, -1.0]], np.float32), np.array([[1.0, 0.0]], np.float32)
    has, lacks = np.log1p(np.exp(-2)), np.log1p(np.exp(-1))
    np.testing.assert_allclose(losses.multi_label(logits, targets, 0.0, None), [(has + lacks) / 2], rtol=1e-6)
    weights = np.array([3.0, 5.0], np.float32)
    np.testing.assert_allclose(losses.multi_label(logits, targets, 0.0, weights), [(3 * has + lacks) / 2], rtol=1e-6)
    # Smoothed by a fifth the targets are 0.9 and 0.1.
    one = 0.9 * has + 0.1 * np.log1p(np.exp(2))
    other = 0.9 * lacks + 0.1 * np.log1p(np.exp(1))
    np.testing.assert_allclose(losses.multi_label(logits, targets, 0.2, None), [(one + other) / 2], rtol=1e-6)


def test_squared_error_by_hand(losses):
    values, targets = np.array([[1.0], [3.0]], np.float32), np.array([[2.0], [0.5]], np.float32)
    np.testing.assert_allclose(losses.squared_error(values, targets), [1.0, 6.25])


def test_token_labels_leave_out_what_is_ignored(losses):
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(2, 4, 3)).astype(np.float32)
    labels = np.array([[-100, 2, 0, -100], [1, -100, -100, -100]], np.int32)
    table = log_softmax(logits)
    expected = [-table[0, 1, 2], -table[0, 2, 0], -table[1, 0, 1]]
    np.testing.assert_allclose(losses.token_labels(logits, labels, 0.0, None), expected, rtol=1e-5)
    weights = np.array([1.0, 10.0, 100.0], np.float32)
    weighted = [expected[0] * 100, expected[1], expected[2] * 10]
    np.testing.assert_allclose(losses.token_labels(logits, labels, 0.0, weights), weighted, rtol=1e-5)


def test_spans_compete_with_the_passage_and_cls_alone(losses):
    """[CLS] q [SEP] p p [SEP] and padding: the candidates are places 0, 3, 4 and 5."""
    starts, ends = np.random.default_rng(1).normal(size=(2, 1, 7)).astype(np.float32)
    mask = np.array([[1, 1, 1, 1, 1, 1, 0]], np.int32)
    segments = np.array([[0, 0, 0, 1, 1, 1, 0]], np.int32)
    candidates = [0, 3, 4, 5]
    for start, end in ((3, 4), (0, 0)):
        expected = [
            -log_softmax(logits[0, candidates])[candidates.index(place)]
            for logits, place in ((starts, start), (ends, end))
        ]
        found = losses.spans(starts, ends, mask, segments, np.array([[start, end]], np.int32))
        np.testing.assert_allclose(found, [np.mean(expected)], rtol=1e-5)
    # What stands in the question or in padding changes nothing.
    other = starts.copy()
    other[0, [1, 2, 6]] = 50
    np.testing.assert_allclose(losses.spans(other, ends, mask, segments, np.array([[0, 0]], np.int32)), found)


def test_ranking_by_hand(losses):
    """Two pairs at right angles: each right partner's cosine is 1, the other's 0."""
    embeddings = np.array([[2.0, 0.0], [0.0, 3.0], [1.0, 0.0], [0.0, 0.5]], np.float32)
    expected = np.log1p(np.exp(-20.0))
    np.testing.assert_allclose(losses.ranking(embeddings, 20.0), [expected, expected], atol=1e-7)
    swapped = embeddings[[0, 1, 3, 2]]
    np.testing.assert_allclose(losses.ranking(swapped, 20.0), [20 + expected, 20 + expected], rtol=1e-6)


def test_cosine_error_by_hand(losses):
    """60 degrees: the cosine is a half."""
    embeddings = np.array([[2.0, 0.0], [1.0, np.sqrt(3)]], np.float32)
    np.testing.assert_allclose(losses.cosine_error(embeddings, np.array([0.75], np.float32)), [0.0625], rtol=1e-5)


def test_masked_pieces_leave_out_what_fills_up(losses):
    logits = np.random.default_rng(2).normal(size=(2, 2, 5)).astype(np.float32)
    ids = np.array([[4, 1], [0, -100]], np.int32)
    table = log_softmax(logits)
    expected = [-table[0, 0, 4], -table[0, 1, 1], -table[1, 0, 0]]
    np.testing.assert_allclose(losses.masked_pieces(logits, ids), expected, rtol=1e-5)

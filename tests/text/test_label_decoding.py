"""Softmax and labels, worked by hand."""

import math

import numpy as np
import pytest

from albert_edge.errors import CheckFailedError, ConfigError
from albert_edge.text.labels import Classification, decode_classification, softmax


def test_softmax_by_hand():
    # exp(ln 1), exp(ln 2), exp(ln 5) are 1, 2, 5, of 8.
    scores = softmax([[0.0, math.log(2), math.log(5)], [7.0, 7.0, 7.0]])
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, [[1 / 8, 2 / 8, 5 / 8], [1 / 3, 1 / 3, 1 / 3]], rtol=1e-15)


def test_softmax_of_large_logits_neither_overflows_nor_vanishes():
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_allclose(softmax(np.float32([1e30, 1e30])), [0.5, 0.5])
        np.testing.assert_allclose(softmax([-1000.0, -1000.0 + math.log(3)]), [0.25, 0.75], rtol=1e-12)


def test_the_largest_logit_is_the_label():
    answer = decode_classification(np.float32([math.log(2), 0.0, math.log(5)]), ["x", "y", "z"])
    assert answer.label == "z"
    assert answer.score == answer.scores["z"] == pytest.approx(5 / 8, rel=1e-6)
    assert list(answer.scores) == ["x", "y", "z"]
    assert sum(answer.scores.values()) == pytest.approx(1, abs=1e-15)


def test_of_equal_logits_the_first_label_wins():
    assert decode_classification([1.0, 1.0], ["x", "y"]) == Classification("x", 0.5, {"x": 0.5, "y": 0.5})


def test_logits_must_fit_the_labels():
    with pytest.raises(ConfigError, match=r"of shape \(3,\); received shape \(2,\)"):
        decode_classification([1.0, 2.0], ["x", "y", "z"])
    with pytest.raises(ConfigError, match=r"received shape \(1, 2\)"):
        decode_classification([[1.0, 2.0]], ["x", "y"])


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_logits_must_be_finite(value):
    with pytest.raises(CheckFailedError, match="must be finite; received"):
        decode_classification([0.0, value], ["x", "y"])

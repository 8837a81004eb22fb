"""Softmax, sigmoid, labels and the merging of windows, worked by hand."""

import math

import numpy as np
import pytest

from albert_edge.config import AlbertConfig
from albert_edge.errors import CheckFailedError, ConfigError
from albert_edge.text.labels import (
    MULTI_LABEL,
    REGRESSION,
    SINGLE_LABEL,
    Classification,
    decode_classification,
    labels_above,
    log_softmax,
    merge_windows,
    problem_type_of,
    sigmoid,
    softmax,
)


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


# === Several labels, numbers, windows ===


def test_sigmoid_by_hand():
    # 1 / (1 + exp(-ln 3)) = 1 / (1 + 1/3).
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_allclose(sigmoid([0.0, math.log(3), -math.log(3), 1e30, -1e30]), [0.5, 0.75, 0.25, 1, 0])
    assert sigmoid(np.float32([0])).dtype == np.float64


def test_log_softmax_is_finite_where_softmax_is_zero():
    logits = np.array([[0.0, -1e5], [math.log(2), math.log(6)]])
    np.testing.assert_allclose(log_softmax(logits), [[0, -1e5], [math.log(0.25), math.log(0.75)]], atol=1e-15)


def test_labels_above_a_threshold():
    assert labels_above(np.array([0.5, 0.49, 0.9]), ["x", "y", "z"], 0.5) == ("x", "z")
    assert labels_above(np.array([0.1, 0.2]), ["x", "y"], 0.5) == ()


@pytest.mark.parametrize(
    ("problem_type", "merge", "expected"),
    [
        # Softmax of the windows: (1/4, 3/4) and (3/4, 1/4), then (1/4, 3/4) again.
        (SINGLE_LABEL, "mean", [5 / 12, 7 / 12]),
        (SINGLE_LABEL, "max", [0.5, 0.5]),
        # Sigmoid of ln 3 is 3/4.
        (MULTI_LABEL, "mean", [(0.5 + 0.75 + 0.5) / 3, (0.75 + 0.5 + 0.75) / 3]),
        (MULTI_LABEL, "max", [0.75, 0.75]),
        (REGRESSION, "mean", [math.log(3) / 3, math.log(3) * 2 / 3]),
        (REGRESSION, "max", [math.log(3), math.log(3)]),
    ],
)
def test_windows_are_merged(problem_type, merge, expected):
    logits = np.array([[0, math.log(3)], [math.log(3), 0], [0, math.log(3)]])
    np.testing.assert_allclose(merge_windows(logits, problem_type, merge), expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("labels", "problem_type", "expected"),
    [
        (("x",), None, REGRESSION),
        (("x", "y"), None, SINGLE_LABEL),
        (("x", "y"), MULTI_LABEL, MULTI_LABEL),
        (("x",), SINGLE_LABEL, SINGLE_LABEL),
        (("x", "y"), REGRESSION, REGRESSION),
    ],
)
def test_the_problem_type_of_a_model(labels, problem_type, expected):
    assert problem_type_of(AlbertConfig(labels=labels, problem_type=problem_type)) == expected

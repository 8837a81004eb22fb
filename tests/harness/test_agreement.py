"""Comparing logits: one example worked by hand, and what must not pass as agreement."""

import math

import numpy as np
import pytest

from albert_edge.errors import DataError
from albert_edge.harness.agreement import compare_logits


def test_equal_logits_agree_in_everything():
    logits = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, 0.25]])
    assert compare_logits(logits, logits) == {
        "top1_agreement": 1.0,
        "max_abs_difference": 0.0,
        "mean_abs_difference": 0.0,
        "kl": 0.0,
    }


def test_example_worked_by_hand():
    # softmax of (0, ln 3) is (1/4, 3/4), of (0, 0) it is (1/2, 1/2); the second rows are equal.
    a = np.array([[0.0, math.log(3)], [5.0, 1.0]])
    b = np.array([[0.0, 0.0], [5.0, 1.0]])
    result = compare_logits(a, b)
    assert result["max_abs_difference"] == pytest.approx(math.log(3))
    assert result["mean_abs_difference"] == pytest.approx(math.log(3) / 4)
    first_row = 1 / 4 * math.log((1 / 4) / (1 / 2)) + 3 / 4 * math.log((3 / 4) / (1 / 2))
    assert result["kl"] == pytest.approx(first_row / 2)
    assert result["top1_agreement"] == 0.5, "equal logits count as the first label"


def test_kl_is_directed():
    a, b = np.array([[0.0, 4.0]]), np.array([[0.0, 1.0]])
    assert compare_logits(a, b)["kl"] != pytest.approx(compare_logits(b, a)["kl"])


def test_large_logits_do_not_overflow():
    result = compare_logits(np.array([[1000.0, -1000.0]]), np.array([[999.0, -1000.0]]))
    assert result["kl"] == 0.0
    assert result["max_abs_difference"] == 1.0


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([[1.0, 2.0]], [[1.0, 2.0, 3.0]], "one shape; received [1, 2] and [1, 3]"),
        ([1.0, 2.0], [1.0, 2.0], "shape [examples, labels]; received [2]"),
        (np.zeros((0, 3)), np.zeros((0, 3)), "received [0, 3]"),
        ([[1.0, 2.0]], [[1.0, float("nan")]], "logits b must be finite"),
        ([[1.0, 2.0], [float("inf"), 0.0]], [[1.0, 2.0], [1.0, 0.0]], "logits a must be finite"),
    ],
)
def test_what_cannot_be_compared_is_refused(a, b, message):
    with pytest.raises(DataError) as error:
        compare_logits(np.array(a), np.array(b))
    assert message in str(error.value)

"""The measure of agreement, on examples worked by hand, and that what must fail fails."""

import numpy as np
import pytest

from albert_edge.errors import DataError
from albert_edge.tasks import task_named
from converters.comparison import Comparisons, compare, compare_outputs
from converters.schemes import SCHEMES, plan_of

REFERENCE = np.array([[1.0, -1.0], [-1.0, 1.0]], np.float32)


def test_by_hand():
    comparison = compare(REFERENCE, REFERENCE + np.array([[0.5, 0.0], [0.0, -0.5]], np.float32))
    # Errors 0.5, 0, 0, 0.5: root-mean-square sqrt(0.125); the reference deviates by 1 everywhere from its mean 0.
    assert comparison.relative_error == pytest.approx(0.125**0.5)
    assert comparison.max_abs_difference == 0.5
    assert comparison.mean_abs_difference == 0.25
    assert comparison.top1_agreement == 1.0


def test_equal_logits_have_no_error_even_without_spread():
    constant = np.ones((3, 2), np.float32)
    assert compare(constant, constant).relative_error == 0
    assert compare(constant, constant + 1).relative_error == float("inf")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "damaged", [-REFERENCE, np.zeros_like(REFERENCE), REFERENCE[::-1]], ids=["negated", "zero", "exchanged"]
)
def test_unrelated_answers_fail_every_scheme(scheme: str, damaged: np.ndarray):
    tolerance = plan_of(scheme, {"query": "int4"} if scheme == "mixed" else None).tolerance
    assert compare(REFERENCE, REFERENCE).allowed_by(tolerance)
    assert not compare(REFERENCE, damaged).allowed_by(tolerance)


def test_nan_is_no_agreement():
    with pytest.raises(DataError, match="finite"):
        compare(REFERENCE, np.full_like(REFERENCE, np.nan))


def test_rows_of_tokens_differ_in_length():
    """By hand: each row's own mean is what its values deviate from; of the two best tokens one is the same."""
    reference = [np.array([1.0, -1.0], np.float32), np.array([3.0, 0.0, 0.0], np.float32)]
    received = [np.array([1.0, -1.0], np.float32), np.array([3.0, 0.0, 4.0], np.float32)]
    comparison = compare(reference, received)
    # Deviations 1, -1, 2, -1, -1: root of 8/5. One error of 4 among five: root of 16/5.
    assert comparison.relative_error == pytest.approx(2**0.5)
    assert (comparison.rows, comparison.top1_agreement, comparison.max_abs_difference) == (2, 0.5, 4)
    assert comparison.mean_abs_difference == pytest.approx(0.8)


def test_one_number_is_no_choice():
    """A regression has one output, whose place as the largest says nothing."""
    comparison = compare(REFERENCE[:, :1], -REFERENCE[:, :1])
    assert comparison.top1_agreement is comparison.kl is comparison.cosine is None
    assert comparison.max_abs_difference == 2


def test_embeddings_are_compared_by_direction():
    answers = [{"embedding": np.array(row, np.float32)} for row in ([1, 0], [0, 1])]
    turned = [{"embedding": np.array(row, np.float32)} for row in ([2, 0], [1, 1])]
    found = compare_outputs(task_named("embed"), {"embedding": "embed_embedding"}, answers, turned)["embed_embedding"]
    assert found.cosine == pytest.approx(0.5**0.5)
    assert found.top1_agreement is found.kl is None
    zero = [{"embedding": np.zeros(2, np.float32)}] * 2
    assert compare_outputs(task_named("embed"), {"embedding": "e"}, answers, zero)["e"].cosine == 0


def test_every_token_and_every_mask_is_a_row():
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    for alias in ("tag", "fill"):
        found = compare_outputs(task_named(alias), {"logits": "x"}, [{"logits": rows}] * 2, [{"logits": -rows}] * 2)[
            "x"
        ]
        assert (found.rows, found.top1_agreement) == (6, 0)


def test_the_worst_output_speaks_for_the_file():
    good, bad = compare(REFERENCE, REFERENCE), compare(REFERENCE, -REFERENCE)
    worst = Comparisons(2, {"a": good, "b": bad}).to_dict()
    assert worst["relative_error"] == bad.relative_error > good.relative_error
    assert (worst["top1_agreement"], worst["cosine"], worst["texts"]) == (0, None, 2)
    assert set(worst["outputs"]) == {"a", "b"}


def test_another_number_of_rows_is_no_agreement():
    with pytest.raises(DataError, match="must answer for the same rows; received 2 and 1"):
        compare(REFERENCE, REFERENCE[:1])

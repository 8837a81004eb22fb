"""The measure of agreement, on examples worked by hand, and that what must fail fails."""

import numpy as np
import pytest

from albert_edge.errors import DataError
from converters.comparison import compare
from converters.schemes import SCHEMES

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


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda scheme: scheme.name)
@pytest.mark.parametrize(
    "damaged", [-REFERENCE, np.zeros_like(REFERENCE), REFERENCE[::-1]], ids=["negated", "zero", "exchanged"]
)
def test_unrelated_answers_fail_every_scheme(scheme, damaged: np.ndarray):
    assert compare(REFERENCE, REFERENCE).allowed_by(scheme)
    assert not compare(REFERENCE, damaged).allowed_by(scheme)


def test_nan_is_no_agreement():
    with pytest.raises(DataError, match="finite"):
        compare(REFERENCE, np.full_like(REFERENCE, np.nan))

"""`make pi`'s verdict: each thing that may differ on a board trips it."""

import pytest

from benchmarks.pi import complaints

RIGHT = {
    "texts": 200,
    "ids_equal": 200,
    "labels_judged": 190,
    "labels_equal": 190,
    "max_logit_difference": 0.02,
    "counts": [{"instructions": 10}, {"instructions": 10}],
}


def test_equal_answers_and_counts_pass():
    assert complaints(RIGHT) == []


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        ({"ids_equal": 199}, "token ids differ"),
        ({"labels_equal": 189}, "labels differ"),
        ({"labels_judged": 0, "labels_equal": 0}, "labels differ"),
        ({"max_logit_difference": 0.051}, "a logit differs by more than 0.05"),
        ({"max_logit_difference": float("nan")}, "a logit differs by more than 0.05"),
        ({"counts": [{"instructions": 10}, {"instructions": 11}]}, "two counts differ"),
    ],
)
def test_each_difference_trips(damage, complaint):
    assert complaints({**RIGHT, **damage}) == [complaint]

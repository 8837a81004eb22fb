"""Sentence order by hand."""

import math

import numpy as np
import pytest
from word_pieces import WordPieces, config, letters, run

from albert_edge.errors import CheckFailedError, ConfigError, DataError
from albert_edge.pipelines.base import TextRequest
from albert_edge.pipelines.order import OrderPipeline


def pipeline(longest=8, labels=("in_order", "swapped")):
    return OrderPipeline(config(labels=labels), WordPieces(), longest)


def network(packed):
    """In order, by ln 3, if `a` stands first."""
    first = letters(packed).index("a") < letters(packed).index("b")
    return {"logits": np.float32([math.log(3), 0] if first else [0, math.log(3)])}


def test_both_answers():
    assert run(pipeline(), TextRequest("a", "b"), network).to_dict() == {
        "text": "a",
        "text_pair": "b",
        "in_order": True,
        "score": pytest.approx(0.75),
        "scores": {"in_order": pytest.approx(0.75), "swapped": pytest.approx(0.25)},
    }
    answer = run(pipeline(labels=("next", "random")), TextRequest("b", "a"), network)
    assert (answer.in_order, answer.score) == (False, pytest.approx(0.75))
    assert list(answer.to_dict()) == ["text", "text_pair", "in_order", "score", "scores"]
    assert list(answer.scores) == ["next", "random"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("a b", "u v", "[ab]uv]"),
        # Room for 5: the first keeps its end, the second its start, each at least 2.
        ("a b c d e f", "u v w x y z", "[def]uv]"),
        ("a", "u v w x y z", "[a]uvwx]"),
        ("a b c d e f", "u", "[cdef]u]"),
    ],
)
def test_where_the_passages_meet_is_kept(first, second, expected):
    (packed,) = pipeline().inputs(TextRequest(first, second))
    assert letters(packed) == expected
    first_length = expected.index("]") + 1
    assert packed.token_type_ids.tolist() == [0] * first_length + [1] * (len(expected) - first_length)


def test_what_is_refused():
    with pytest.raises(ConfigError, match="sentence-order must have two labels; received x, y, z"):
        pipeline(labels=("x", "y", "z"))
    with pytest.raises(DataError, match="sentence-order must have two texts; received 'a' alone"):
        pipeline().inputs(TextRequest("a"))
    for request in (TextRequest("a", " "), TextRequest("", "a")):
        with pytest.raises(DataError, match="a text must have a piece left after clean-up"):
            pipeline().inputs(request)
    with pytest.raises(ConfigError, match="must have room for a piece of each text beside 3 special ones; received 4"):
        pipeline(4).inputs(TextRequest("a", "b"))
    with pytest.raises(CheckFailedError, match="a model's logits must be finite"):
        run(pipeline(), TextRequest("a", "b"), lambda _packed: {"logits": np.float32([math.nan, 0])})

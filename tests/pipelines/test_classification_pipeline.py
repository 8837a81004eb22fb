"""Classification by hand: one label, several, numbers; short and long texts, single and in pairs."""

import math

import numpy as np
import pytest
from word_pieces import WordPieces, config, letters, run

from albert_edge.errors import CheckFailedError, ConfigError, DataError
from albert_edge.pipelines.base import TextRequest
from albert_edge.pipelines.classification import ClassificationPipeline, MultiLabelPrediction, Prediction, Regression
from albert_edge.text.labels import MULTI_LABEL, REGRESSION


def pipeline(longest=8, **options):
    return ClassificationPipeline(config(**options), WordPieces(), longest)


def counting(packed):
    """ln 3 for the second label where an `a` is, else for the first."""
    has_a = "a" in letters(packed)
    return {"logits": np.float32([0, math.log(3)] if has_a else [math.log(3), 0])}


# === Answers ===


def test_one_label():
    answer = run(pipeline(), TextRequest("a b"), counting)
    assert isinstance(answer, Prediction)
    assert answer.to_dict() == {
        "text": "a b",
        "label": "y",
        "score": pytest.approx(0.75),
        "scores": {"x": pytest.approx(0.25), "y": pytest.approx(0.75)},
    }
    assert list(answer.to_dict()) == ["text", "label", "score", "scores"]


def test_several_labels():
    answer = run(pipeline(problem_type=MULTI_LABEL), TextRequest("a"), counting)
    # Sigmoids of 0 and ln 3; the default threshold is 0.5.
    assert answer.to_dict() == {"text": "a", "labels": ["x", "y"], "scores": {"x": 0.5, "y": pytest.approx(0.75)}}
    strict = run(pipeline(problem_type=MULTI_LABEL, label_threshold=0.8), TextRequest("a"), counting)
    assert isinstance(strict, MultiLabelPrediction)
    assert strict.labels == ()


def test_numbers():
    two = run(pipeline(problem_type=REGRESSION), TextRequest("a"), lambda _packed: {"logits": np.float32([-2, 7.5])})
    assert two.to_dict() == {"text": "a", "values": {"x": -2, "y": 7.5}}
    one = run(pipeline(labels=("x",)), TextRequest("a"), lambda _packed: {"logits": np.float32([4.25])})
    assert isinstance(one, Regression)
    assert one.value == 4.25
    assert one.to_dict() == {"text": "a", "value": 4.25}


@pytest.mark.parametrize("options", [{}, {"problem_type": MULTI_LABEL}, {"problem_type": REGRESSION}])
def test_a_pair_stands_in_the_answer(options):
    answer = run(pipeline(**options), TextRequest("a", "b"), counting).to_dict()
    assert list(answer)[:2] == ["text", "text_pair"]
    assert answer["text_pair"] == "b"


def test_windows_are_merged_as_the_settings_say():
    # Room for 3: a b c has the a, b c d and c d e have not.
    request = TextRequest("a b c d e")
    mean = run(pipeline(5), request, counting)
    assert (mean.label, mean.score) == ("x", pytest.approx((0.25 + 0.75 + 0.75) / 3))
    highest = run(pipeline(5, merge="max"), request, counting)
    assert highest.scores == {"x": pytest.approx(0.5), "y": pytest.approx(0.5)}
    several = run(pipeline(5, merge="max", problem_type=MULTI_LABEL), request, counting)
    assert several.scores == {"x": pytest.approx(0.75), "y": pytest.approx(0.75)}


# === Inputs ===


def inputs(request, longest=8, **settings):
    packed = pipeline(longest, **settings).inputs(request)
    for each in packed:
        segments = np.cumsum(each.input_ids == 3) - (each.input_ids == 3)
        assert each.token_type_ids.tolist() == segments.tolist()
        assert len(each.input_ids) <= longest
    return [letters(each) for each in packed]


def test_one_text():
    assert inputs(TextRequest("a b c")) == ["[abc]"]
    assert inputs(TextRequest("a b c d e f g h")) == ["[abcdef]", "[cdefgh]"]
    assert inputs(TextRequest("a b c d e f g h i"), stride=6) == ["[abcdef]", "[defghi]"]
    assert inputs(TextRequest("a b c d e f g h"), max_length=6) == ["[abcd]", "[cdef]", "[efgh]"]


def test_a_pair_of_which_one_is_long():
    # Room 5 of 8: the longer one is in windows, the other keeps at most 2, or all that the longer one leaves.
    assert inputs(TextRequest("a b", "u v w")) == ["[ab]uvw]"]
    assert inputs(TextRequest("a", "u v w x y z")) == ["[a]uvwx]", "[a]wxyz]"]
    assert inputs(TextRequest("a b c d e f", "u")) == ["[abcd]u]", "[cdef]u]"]
    assert inputs(TextRequest("a b c d e", "u v w x y")) == ["[ab]uvw]", "[ab]vwx]", "[ab]wxy]"]
    assert inputs(TextRequest("a b c d", "u v w")) == ["[abc]uv]", "[bcd]uv]"]


def test_a_stride_above_a_pairs_room_is_the_room():
    assert inputs(TextRequest("a b c", "u v w x y z"), stride=6) == ["[ab]uvw]", "[ab]xyz]"]


# === What is refused ===


@pytest.mark.parametrize("request_", [TextRequest(" "), TextRequest("a", ""), TextRequest("\n", "a")])
def test_texts_without_pieces(request_):
    with pytest.raises(DataError, match="a text must have a piece left after clean-up; received"):
        pipeline().inputs(request_)


@pytest.mark.parametrize("request_", [TextRequest(3), TextRequest("a", ["b"])])
def test_what_is_no_text(request_):
    with pytest.raises(DataError, match="a text must be a string; received"):
        pipeline().inputs(request_)


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("options", [{}, {"problem_type": MULTI_LABEL}, {"problem_type": REGRESSION}])
def test_logits_must_be_finite(value, options):
    with pytest.raises(CheckFailedError, match="a model's logits must be finite; received 1 of 2 that aren't"):
        run(pipeline(**options), TextRequest("a"), lambda _packed: {"logits": np.float32([0, value])})


def test_outputs_must_fit():
    with pytest.raises(ConfigError, match=r"logits must have the shape \[2\]; received \[3\]"):
        run(pipeline(), TextRequest("a"), lambda _packed: {"logits": np.zeros(3)})
    with pytest.raises(ConfigError, match="the outputs must have 'logits'; received embedding"):
        run(pipeline(), TextRequest("a"), lambda _packed: {"embedding": np.zeros(3)})
    maker = pipeline()
    with pytest.raises(ConfigError, match="every input must have outputs; received 0 for 1 inputs"):
        maker.decode(TextRequest("a"), maker.inputs(TextRequest("a")), [])


def test_there_must_be_room():
    with pytest.raises(ConfigError, match="must have room for a piece"):
        pipeline(2).inputs(TextRequest("a"))
    with pytest.raises(ConfigError, match="must have room for a piece of each text beside 3 special ones; received 4"):
        pipeline(4).inputs(TextRequest("a", "b"))
    assert inputs(TextRequest("a b", "u v w"), 5) == ["[a]u]", "[a]v]", "[a]w]"]

"""Which of several measured files is chosen, and the picture of them."""

import dataclasses

import pytest

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from converters.metric import first_metric
from converters.optimization.candidates import candidates, not_tried
from converters.optimization.choosing import chosen, judged
from converters.optimization.picture import check_picture, picture
from converters.optimization.rows import Row, Timing
from converters.schemes import SCHEMES, Scheme

TARGET = "litert==2.3.0"


def row(name, drop, size, times, failed=None, **others):
    if failed is not None:
        return Row(name, name, failed=failed)
    timings = {TARGET: Timing(2 * times, 2 * times, times), **others}
    return Row(name, name, {}, None, None, size, size, {TARGET: 90 - drop}, drop, timings)


ROWS = [
    row("float32", 0.0, 1000, 1.0),
    row("float16", 0.0, 500, 1.02),
    row("dynamic-range", 0.2, 260, 0.5),
    row("int4", 0.4, 150, 0.9),
    row("int4 embedding=int4", 0.8, 90, 0.45),
    row("int8", 0, 0, 0, failed="on litert==2.3.0 the logits must be within ...; received 1.2"),
]


def choice(rows, max_drop=0.5, prefer="balanced"):
    best = chosen(judged(rows, max_drop), prefer)
    return None if best is None else best.name


@pytest.mark.parametrize(
    ("max_drop", "prefer", "expected"),
    [
        (0.5, "balanced", "dynamic-range"),  # 260 x 0.5 = 130, int4 135
        (0.5, "latency", "dynamic-range"),
        (0.5, "size", "int4"),
        (1.0, "balanced", "int4 embedding=int4"),
        (0.1, "latency", "float16"),  # 2 % slower than float32 counts as equal, and it is smaller
        (0.0, "size", "float16"),
    ],
)
def test_the_best_within_the_drop(max_drop, prefer, expected):
    assert choice(ROWS, max_drop, prefer) == expected


def test_nothing_within_the_drop():
    assert choice([dataclasses.replace(each, drop=0.6) for each in ROWS]) is None
    assert choice([]) is None


def test_what_failed_is_never_chosen_however_small_and_fast():
    tempting = dataclasses.replace(row("tiny", -1.0, 1, 0.01), failed="on tflite-runtime==2.14.0 the logits ...")
    rows = judged([*ROWS, tempting], 0.5)
    assert not rows[-1].allowed
    assert not rows[-1].on_front
    for prefer in ("balanced", "latency", "size"):
        assert chosen(rows, prefer).name != "tiny"


def test_a_file_without_timings_is_never_chosen():
    assert choice([dataclasses.replace(ROWS[2], timings={})]) is None


def test_the_allowed_drop_itself_is_allowed():
    # 0.1 + 0.2 is a little more than 0.3 in floating point.
    assert choice([row("a", 0.1 + 0.2, 10, 1.0)], 0.3) == "a"


def test_of_several_targets_the_slowest_counts():
    slow = Timing(400.0, 400.0, 4.0)
    other = row("other", 0.0, 260, 0.4, **{"tflite-runtime==2.14.0": slow})
    assert choice([ROWS[2], other], prefer="latency") == "dynamic-range"
    assert other.slower_on == ["tflite-runtime==2.14.0"]


def test_the_front_has_what_nothing_betters():
    names = [each.name for each in judged(ROWS, 0.5) if each.on_front]
    assert names == ["float32", "float16", "dynamic-range", "int4", "int4 embedding=int4"]
    dull = row("dull", 0.3, 261, 0.5)
    assert not judged([*ROWS, dull], 0.5)[-1].on_front


# === What is tried ===


def test_every_scheme_is_tried_and_a_new_one_by_itself(monkeypatch):
    assert next(each.name for each in candidates(AlbertConfig())) == "float32"
    assert {each.scheme for each in candidates(AlbertConfig())} == set(SCHEMES)
    monkeypatch.setitem(SCHEMES, "int2", Scheme("int2", None, None, ""))
    assert "int2" in [each.name for each in candidates(AlbertConfig())]


def test_a_model_of_every_depth_is_tried_with_an_exit_too():
    config = AlbertConfig().with_settings(multi_exit=True)
    names = [each.name for each in candidates(config, ["dynamic-range", "int8"])]
    assert names == ["float32", "float32 + exit", "dynamic-range", "dynamic-range + exit", "int8"]
    assert not [each for each in candidates(config, layout="unrolled") if each.early_exit]


def test_what_is_left_out_is_said():
    lines = not_tried(AlbertConfig(), ["int4"], "looped")
    assert lines[0].startswith("the schemes float16, dynamic-range, int8, int16x8, mixed:")
    assert any("--multi-exit" in line for line in lines)
    with pytest.raises(ConfigError, match=r"schemes must be among float32, .*; received 'int3'"):
        candidates(AlbertConfig(), ["int3"])


def test_the_first_metric_in_points():
    assert first_metric("text-classification", {"accuracy": 0.5, "macro_f1": 0.4}) == ("accuracy", 50.0)
    assert first_metric("text-classification", {"micro_f1": 0.25}) == ("micro_f1", 25.0)
    assert first_metric("question-answering", {"f1": 80.0, "exact_match": 70.0}) == ("f1", 80.0)


# === The picture ===

FOUND = {
    "targets": [TARGET],
    "metric": "accuracy",
    "chosen": "dynamic-range",
    "max_drop": 0.5,
    "prefer": "balanced",
    "keras": {"score": 90.0},
}


def test_a_picture_is_the_same_bytes_again_and_names_what_failed():
    pytest.importorskip("matplotlib")
    drawn = picture(judged(ROWS, 0.5), FOUND, ".svg")
    assert drawn == picture(judged(ROWS, 0.5), FOUND, ".svg")
    text = drawn.decode()
    for shown in ("dynamic-range", "loses too much", "received 1.2", "mean latency on litert==2.3.0, ms", "file, MB"):
        assert shown in text
    assert picture(ROWS, {**FOUND, "chosen": None}, ".png").startswith(b"\x89PNG")
    assert drawn != picture(ROWS[1:], FOUND, ".svg")


def test_a_picture_of_another_kind_is_refused():
    with pytest.raises(ConfigError, match=r"must end in \.png or \.svg; received 'a\.jpg'"):
        check_picture("a.jpg")

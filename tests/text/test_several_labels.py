"""Rows with several labels and rows with numbers: reading, targets, and what is refused."""

import json

import numpy as np
import pytest

from albert_edge.errors import ConfigError, DataError
from albert_edge.text.tables import Columns, read_examples
from albert_edge.text.targets import numbers_of_labels, targets_of_labels


@pytest.fixture
def write(tmp_path):
    def write_file(name, content):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write_file


def labels_of(path, columns=None):
    return [example.labels for example in read_examples(path, columns, several_labels=True)]


def test_labels_between_separators(write):
    path = write("a.tsv", "text\tlabel\na\tx|y\nb\t\nc\ty\n")
    assert labels_of(path) == [("x", "y"), (), ("y",)]
    assert labels_of(write("a.csv", 'text,label\na,"x,y"\nb,"x|y"\n'), Columns(label_separator=",")) == [
        ("x", "y"),
        ("x|y",),
    ]


def test_a_separator_in_the_columns_is_enough(write):
    path = write("a.tsv", "text\tlabel\na\tx y\n")
    (example,) = read_examples(path, Columns(label_separator=" "))
    assert (example.label, example.labels) == (None, ("x", "y"))
    assert read_examples(path)[0].label == "x y"


def test_lists_in_json_lines(write):
    values = [["x", "y|z"], [], "x|y", "", 3, [3, "4"]]
    path = write("a.jsonl", "\n".join(json.dumps({"text": "a", "label": value}) for value in values))
    assert labels_of(path) == [("x", "y|z"), (), ("x", "y"), (), ("3",), ("3", "4")]


def test_labels_are_not_looked_at_unless_needed(write):
    path = write("a.tsv", "text\tlabel\na\tx|x\n")
    assert read_examples(path, need_labels=False, several_labels=True)[0].labels == ()


def test_columns_for_several_labels():
    assert Columns().with_several_labels() == Columns(label_separator="|")
    assert Columns(label_separator=";").with_several_labels() == Columns(label_separator=";")
    assert Columns.from_options("t", None, "l", ";") == Columns("t", None, "l", ";")
    with pytest.raises(ConfigError, match="label_separator must not be empty; received ''"):
        Columns(label_separator="")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("x|", "the column 'label' must not be empty; received ''"),
        ("x||y", "the column 'label' must not be empty; received ''"),
        ("x|y|x", "the labels of a row must differ; received 'x', 'y', 'x'"),
        (["x", ""], "the column 'label' must not be empty; received ''"),
        (["x", "x"], "the labels of a row must differ; received 'x', 'x'"),
        (["x", None], "the column 'label' must hold a string or a number; received null"),
        ([["x"]], "the column 'label' must hold a string or a number; received [\"x\"]"),
        (None, "the column 'label' must hold a string or a number; received null"),
        (True, "the column 'label' must hold a string or a number; received true"),
    ],
)
def test_damaged_labels(write, value, message):
    path = write("a.jsonl", '{"text": "a", "label": []}\n' + json.dumps({"text": "a", "label": value}))
    with pytest.raises(DataError) as error:
        labels_of(path)
    assert str(error.value) == f"{path}:2: {message}"


def test_a_row_must_have_the_column(write):
    path = write("a.jsonl", '{"text": "a", "label": []}\n{"text": "a"}')
    with pytest.raises(DataError, match=r"a\.jsonl:2: a row must have the column 'label'"):
        labels_of(path)


def test_targets(write):
    path = write("a.tsv", "text\tlabel\na\tz|x\nb\t\nc\ty\n")
    examples = read_examples(path, several_labels=True)
    targets = targets_of_labels(path, examples, ["x", "y", "z"], "the model's")
    assert targets.dtype == np.float32
    assert targets.tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    with pytest.raises(DataError, match=r"a\.tsv:4: a label must be one of the model's, x, z; received 'y'"):
        targets_of_labels(path, examples, ["x", "z"], "the model's, x, z")


def test_numbers(write):
    path = write("a.tsv", "text\tlabel\na\t3\nb\t-4.25\nc\t1e-3\n")
    assert numbers_of_labels(path, read_examples(path)) == [3, -4.25, 0.001]


@pytest.mark.parametrize("label", ["x", "nan", "inf", "-Infinity", "1_000", "1e999", "1e39", "3,5"])
def test_numbers_must_be_finite(write, label):
    path = write("a.tsv", f"text\tlabel\na\t3\nb\t{label}\n")
    with pytest.raises(DataError) as error:
        numbers_of_labels(path, read_examples(path))
    assert str(error.value) == f"{path}:3: a label must be a finite number; received {label!r}"


def test_real_numbers(shared_data):
    path = shared_data / "stsb" / "dev.tsv"
    numbers = numbers_of_labels(path, read_examples(path, Columns(7, 8, 9)))
    assert 0 == min(numbers) < max(numbers) == 5

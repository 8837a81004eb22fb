"""Label sets, ids, class weights, truncation."""

import numpy as np
import pytest

from albert_edge.errors import DataError
from albert_edge.text.tables import Example
from albert_edge.text.tokenizer import open_tokenizer
from albert_edge.training.data import balanced_weights, choose_labels, encode, label_ids


def examples(*labels):
    return [Example(f"text {line}", None, label, line) for line, label in enumerate(labels, start=2)]


def test_labels_are_the_training_sets_sorted():
    assert choose_labels("a.tsv", ["b", "a", "c", "a"]) == ("a", "b", "c")


@pytest.mark.parametrize(
    ("known", "chosen"),
    [(("b", "a"), ("b", "a")), (("c", "b", "a"), ("c", "b", "a")), (("a", "x"), ("a", "b")), (None, ("a", "b"))],
)
def test_a_checkpoints_labels_stay_if_they_fit(known, chosen):
    """Its order and further labels are kept; if it lacks one of the training set, the training set decides."""
    assert choose_labels("a.tsv", ["a", "b"], known) == chosen


def test_one_label_is_nothing_to_learn():
    with pytest.raises(DataError, match=r"a\.tsv: the training texts must have at least two labels; received \['a'\]"):
        choose_labels("a.tsv", ["a", "a"])


def test_label_ids():
    ids = label_ids("a.tsv", examples("b", "a", "b"), ["a", "b"])
    assert ids.tolist() == [1, 0, 1]
    assert ids.dtype == np.int32


def test_an_unknown_label_is_refused_with_its_line():
    with pytest.raises(DataError, match=r"dev\.tsv:3: a label must be one of .*\(a, b\); received 'c'"):
        label_ids("dev.tsv", examples("a", "c"), ["a", "b"])


def test_balanced_weights_by_hand():
    """6 texts, 3 labels, of which one doesn't occur: 6 / (3 * 4) and 6 / (3 * 2)."""
    assert balanced_weights(np.array([0, 0, 0, 0, 2, 2]), 3).tolist() == [0.5, 0.0, 1.0]


def test_balanced_weights_are_scikit_learns():
    utils = pytest.importorskip("sklearn.utils.class_weight")
    labels = np.random.default_rng(0).choice(4, 200, p=[0.6, 0.3, 0.07, 0.03])
    expected = utils.compute_class_weight("balanced", classes=np.arange(4), y=labels)
    np.testing.assert_allclose(balanced_weights(labels, 4), expected, rtol=1e-6)


def test_encode_counts_what_it_cuts(spm_30k):
    tokenizer = open_tokenizer(spm_30k)
    found = [
        Example("one two three", None, "a", 2),
        Example("one two three four", None, "a", 3),
        Example("one two", "three four five", "a", 4),
    ]
    data = encode(found, np.zeros(3, np.int32), tokenizer, max_length=5)
    assert data.lengths == [5, 5, 5]
    assert data.truncated == 2
    assert encode(found, np.zeros(3, np.int32), tokenizer, max_length=8).truncated == 0

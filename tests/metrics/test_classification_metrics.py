"""Metrics against an example worked by hand and against scikit-learn."""

import numpy as np
import pytest

from albert_edge.errors import DataError
from albert_edge.metrics import classification_report, confusion_matrix, matthews

# Eight texts, worked on paper:
#   true       a a a a b b b c
#   predicted  a a a b b b a b
# a: 4 true, 4 predicted, 3 right: precision 3/4, recall 3/4, F1 3/4
# b: 3 true, 4 predicted, 2 right: precision 2/4, recall 2/3, F1 2*2/(4+3) = 4/7
# c: 1 true, 0 predicted, 0 right: precision 0 (no case), recall 0, F1 0
TRUE = [0, 0, 0, 0, 1, 1, 1, 2]
PREDICTED = [0, 0, 0, 1, 1, 1, 0, 1]


def test_example_worked_by_hand():
    report = classification_report(TRUE, PREDICTED, ["a", "b", "c"])
    assert report["examples"] == 8
    assert report["accuracy"] == 5 / 8
    assert report["confusion_matrix"] == [[3, 1, 0], [1, 2, 0], [0, 1, 0]]
    assert report["per_class"] == {
        "a": {"precision": 3 / 4, "recall": 3 / 4, "f1": 3 / 4, "support": 4},
        "b": {"precision": 2 / 4, "recall": 2 / 3, "f1": 4 / 7, "support": 3},
        "c": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1},
    }
    assert report["macro_precision"] == pytest.approx((3 / 4 + 2 / 4) / 3)
    assert report["macro_recall"] == pytest.approx((3 / 4 + 2 / 3) / 3)
    assert report["macro_f1"] == pytest.approx((3 / 4 + 4 / 7) / 3)


def test_rows_are_true_and_columns_predicted():
    assert confusion_matrix([0, 0, 1], [1, 1, 1], 2).tolist() == [[0, 2], [0, 1]]


def test_values_are_plain_python_numbers():
    report = classification_report(np.array(TRUE), np.array(PREDICTED), ["a", "b", "c"])
    assert type(report["examples"]) is int
    assert type(report["accuracy"]) is float
    assert type(report["per_class"]["a"]["support"]) is int
    assert type(report["confusion_matrix"][0][0]) is int


@pytest.mark.parametrize("seed", range(12))
def test_equal_to_scikit_learn(seed):
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(seed)
    label_count = int(random.integers(1, 9))
    # From a random subset of the labels each, so that some labels are never true, some never predicted, some neither.
    true = random.choice(random.integers(0, label_count, size=label_count), size=50)
    predicted = np.where(random.random(50) < 0.5, true, random.integers(0, label_count, size=50))
    names = [f"label {index}" for index in range(label_count)]
    labels = list(range(label_count))

    report = classification_report(true, predicted, names)
    precision, recall, f1, support = sklearn_metrics.precision_recall_fscore_support(
        true, predicted, labels=labels, zero_division=0
    )
    for index, name in enumerate(names):
        assert report["per_class"][name]["precision"] == pytest.approx(precision[index])
        assert report["per_class"][name]["recall"] == pytest.approx(recall[index])
        assert report["per_class"][name]["f1"] == pytest.approx(f1[index])
        assert report["per_class"][name]["support"] == support[index]
    macro = sklearn_metrics.precision_recall_fscore_support(
        true, predicted, labels=labels, average="macro", zero_division=0
    )
    assert (report["macro_precision"], report["macro_recall"], report["macro_f1"]) == pytest.approx(macro[:3])
    assert report["accuracy"] == pytest.approx(sklearn_metrics.accuracy_score(true, predicted))
    assert report["confusion_matrix"] == sklearn_metrics.confusion_matrix(true, predicted, labels=labels).tolist()


def test_absent_label_counts_as_zero_in_the_macro_average():
    report = classification_report([0, 0], [0, 0], ["seen", "never"])
    assert report["per_class"]["never"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}
    assert report["macro_f1"] == 0.5


@pytest.mark.parametrize(
    ("true", "predicted", "names", "message"),
    [
        ([0, 1], [0], ["a", "b"], "one length; received 2 and 1"),
        ([0, 2], [0, 1], ["a", "b"], "labels_true must be ids below 2 and not negative; received 2"),
        ([0, 1], [0, -1], ["a", "b"], "labels_predicted must be ids below 2 and not negative; received -1"),
        ([], [], ["a", "b"], "at least one id; received shape [0]"),
        ([[0, 1]], [[0, 1]], ["a", "b"], "received shape [1, 2]"),
        ([0.5, 1.0], [0, 1], ["a", "b"], "whole numbers; received dtype float64"),
        ([0, 1], [0, 1], ["a", "a"], "differ from each other"),
        ([0], [0], [], "label_names must be given"),
    ],
)
def test_wrong_input_is_refused(true, predicted, names, message):
    with pytest.raises(DataError) as error:
        classification_report(true, predicted, names)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


# === Matthews ===


@pytest.mark.parametrize("seed", range(12))
def test_matthews_is_scikit_learns(seed):
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(seed)
    label_count = int(random.integers(2, 6))
    true = random.integers(0, label_count, size=40)
    predicted = np.where(random.random(40) < 0.6, true, random.integers(0, label_count, size=40))
    found = matthews(true, predicted, label_count)
    assert found == pytest.approx(sklearn_metrics.matthews_corrcoef(true, predicted), abs=1e-12)
    names = [f"label {index}" for index in range(label_count)]
    assert classification_report(true, predicted, names)["matthews"] == found


def test_matthews_by_hand():
    # 3 true positives, 1 false positive, 1 false negative, 5 true negatives: (3 * 5 - 1 * 1) / sqrt(4 * 4 * 6 * 6).
    true, predicted = [1] * 4 + [0] * 6, [1, 1, 1, 0] + [1] + [0] * 5
    assert matthews(true, predicted, 2) == pytest.approx(14 / 24)
    assert matthews(true, [1 - label for label in true], 2) == -1.0


@pytest.mark.parametrize(("true", "predicted"), [([0, 1], [1, 1]), ([0, 0], [0, 1]), ([0, 0], [0, 0])])
def test_matthews_of_one_label_alone_is_0(true, predicted):
    assert matthews(true, predicted, 2) == 0.0


def test_matthews_counts_beyond_int64():
    true = np.repeat([0, 1], 2**17)
    assert matthews(true, true, 2) == 1.0

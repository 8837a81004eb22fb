"""Several labels a text, against scikit-learn and by hand."""

import json

import numpy as np
import pytest

from albert_edge.errors import DataError
from albert_edge.metrics import multilabel_report

NAMES = ["a", "b", "c", "d"]


def sets_of(indicators):
    return [[name for name, has in zip(NAMES, row) if has] for row in indicators]


@pytest.mark.parametrize("seed", range(12))
def test_equal_to_scikit_learn(seed):
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(seed)
    # Some texts without a label, and in half of the cases a label that never is true.
    true = random.random((30, 4)) < [0.5, 0.2, 0.05, 0.0 if seed % 2 else 0.3]
    predicted = np.where(random.random((30, 4)) < 0.8, true, ~true)
    report = multilabel_report(sets_of(true), sets_of(predicted), NAMES)

    for average in ("micro", "macro", "samples"):
        expected = sklearn_metrics.precision_recall_fscore_support(true, predicted, average=average, zero_division=0)
        found = [report[f"{average}_{rate}"] for rate in ("precision", "recall", "f1")]
        assert found == pytest.approx(expected[:3], abs=1e-12)
    by_label = sklearn_metrics.precision_recall_fscore_support(true, predicted, zero_division=0)
    for index, name in enumerate(NAMES):
        values = [report["per_label"][name][rate] for rate in ("precision", "recall", "f1", "support")]
        assert values == pytest.approx([column[index] for column in by_label], abs=1e-12)
    assert report["subset_accuracy"] == pytest.approx(sklearn_metrics.accuracy_score(true, predicted))
    assert report["examples"] == 30
    assert json.loads(json.dumps(report)) == report


def test_example_worked_by_hand():
    # a: right once, missed once. b: right once, wrongly given once. The third text rightly has none.
    report = multilabel_report([["a", "b"], ["a"], []], [["b", "a"], ["b"], []], ["a", "b"])
    assert report["subset_accuracy"] == 2 / 3
    assert report["per_label"]["a"] == {"precision": 1.0, "recall": 0.5, "f1": 2 / 3, "support": 2}
    assert report["per_label"]["b"] == {"precision": 0.5, "recall": 1.0, "f1": 2 / 3, "support": 1}
    assert report["micro_f1"] == 4 / 6
    assert report["samples_f1"] == pytest.approx(1 / 3), "a text without labels counts 0, as in scikit-learn"


def test_order_of_labels_says_nothing():
    assert multilabel_report([["a", "b"]], [["b", "a"]], ["a", "b"])["subset_accuracy"] == 1.0


@pytest.mark.parametrize(
    ("true", "predicted", "names", "message"),
    [
        ([["a"]], [], ["a"], "one length, at least 1; received 1 and 0"),
        ([], [], ["a"], "received 0 and 0"),
        ([["a"], ["x"]], [["a"], ["a"]], ["a", "b"], "a label must be one of a, b; received 'x' for text 1"),
        ([["a"]], [["x"]], ["a", "b"], "received 'x' for text 0"),
        ([["a"]], [["a"]], ["a", "a"], "differ from each other"),
    ],
)
def test_wrong_input_is_refused(true, predicted, names, message):
    with pytest.raises(DataError) as error:
        multilabel_report(true, predicted, names)
    assert message in str(error.value)

"""Any number of labels a text, scored label by label, text by text and all together. numpy only.

With the conventions of scikit-learn's `precision_recall_fscore_support(zero_division=0)`: a ratio without cases is 0,
so that a text that rightly has no label counts 0 in the `samples_` averages (and as right in `subset_accuracy`). Leaves
out scores and thresholds: labels come in that were decided on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence

import numpy as np

from albert_edge.errors import DataError
from albert_edge.metrics.classification import checked_names, ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RATES = ("precision", "recall", "f1")


def multilabel_report(
    labels_true: Sequence[Sequence[str]], labels_predicted: Sequence[Sequence[str]], label_names: Sequence[str]
) -> dict[str, Any]:
    """Score predicted sets of labels against the true ones.

    Arguments:
        labels_true: the labels of each of N texts, N at least 1; a text may have none.
        labels_predicted: those predicted, in the same order.
        label_names: the model's labels in the order of their ids, each once.

    Returns a dict of plain Python numbers, all rates as fractions: `examples` (N), `subset_accuracy` (texts whose
    labels are all right and none is missing), `micro_`, `macro_` and `samples_` each with `precision`, `recall` and
    `f1` (of all decisions together; mean over the labels; mean over the texts), and `per_label` (label -> `precision`,
    `recall`, `f1`, `support`).

    Raises `DataError` if the lengths differ, there is no text, a label isn't one of `label_names` or these repeat.
    """
    names = checked_names(label_names)
    if len(labels_true) != len(labels_predicted) or not labels_true:
        raise DataError(
            f"labels_true and labels_predicted must have one length, at least 1; "
            f"received {len(labels_true)} and {len(labels_predicted)}"
        )
    true, predicted = (_indicators(labels, names) for labels in (labels_true, labels_predicted))
    by_label, by_text = (_rates(true, predicted, axis) for axis in (0, 1))
    together = _rates(true.reshape(-1, 1), predicted.reshape(-1, 1), 0)
    averages = {"micro": together, "macro": by_label, "samples": by_text}
    return {
        "examples": len(true),
        "subset_accuracy": float((true == predicted).all(axis=1).mean()),
        **{f"{name}_{rate}": float(averages[name][rate].mean()) for name in averages for rate in _RATES},
        "per_label": {
            name: {**{rate: float(by_label[rate][index]) for rate in _RATES}, "support": int(true[:, index].sum())}
            for index, name in enumerate(names)
        },
    }


def _indicators(rows: Sequence[Sequence[str]], names: Sequence[str]) -> NDArray[np.bool_]:
    """bool [texts, labels]."""
    ids = {name: index for index, name in enumerate(names)}
    indicators = np.zeros((len(rows), len(names)), bool)
    for number, row in enumerate(rows):
        for label in row:
            if label not in ids:
                raise DataError(f"a label must be one of {', '.join(names)}; received {label!r} for text {number}")
            indicators[number, ids[label]] = True
    return indicators


def _rates(true: NDArray[np.bool_], predicted: NDArray[np.bool_], axis: int) -> dict[str, NDArray[np.float64]]:
    correct, found, support = ((cases.sum(axis=axis)) for cases in (true & predicted, predicted, true))
    return {
        "precision": ratio(correct, found),
        "recall": ratio(correct, support),
        "f1": ratio(2 * correct, found + support),
    }

"""Classification metrics from counts: what training, `evaluate` and the demo report. numpy only.

Precision, recall and F1 as in Manning, Raghavan and Schütze, *Introduction to Information Retrieval*, chapters 8 and
13, with the conventions of scikit-learn's `precision_recall_fscore_support(labels=all, zero_division=0)`: a ratio
without cases is 0, and the macro averages run over all labels, also those that neither truth nor prediction holds.

Leaves out everything that needs more than two lists of ids: scores, thresholds, several labels for one text, spans.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Sequence, Union

from albert_edge.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = Union[Sequence[int], NDArray[Any]]


def classification_report(labels_true: Ids, labels_predicted: Ids, label_names: Sequence[str]) -> dict[str, Any]:
    """Score predicted label ids against the true ones.

    Arguments:
        labels_true: int [N], ids into `label_names`; N is at least 1.
        labels_predicted: int [N].
        label_names: the model's labels in the order of their ids, each once.

    Returns a dict of plain Python numbers, all rates as fractions: `examples` (N), `accuracy`, `macro_precision`,
    `macro_recall`, `macro_f1` (mean of the classes' F1, not F1 of the means), `matthews`, `per_class` (label ->
    `precision`, `recall`, `f1`, `support`: how often the label is true) and `confusion_matrix` (rows: true, columns:
    predicted).

    Raises `DataError` if the lengths differ, an id is not a whole number in [0, number of labels), labels are repeated
    or there is no example.
    """
    import numpy as np

    names = checked_names(label_names)
    matrix = confusion_matrix(labels_true, labels_predicted, len(names))
    correct, predicted, support = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    precision = ratio(correct, predicted)
    recall = ratio(correct, support)
    # 2PR / (P + R), written in counts: no rounding between, and 0 where a class occurs nowhere.
    f1 = ratio(2 * correct, predicted + support)
    per_class = {
        name: {"precision": float(p), "recall": float(r), "f1": float(f), "support": int(n)}
        for name, p, r, f, n in zip(names, precision, recall, f1, support)
    }
    return {
        "examples": int(matrix.sum()),
        "accuracy": float(correct.sum() / matrix.sum()),
        "macro_precision": float(precision.mean()),
        "macro_recall": float(recall.mean()),
        "macro_f1": float(f1.mean()),
        "matthews": _matthews(matrix),
        "per_class": per_class,
        "confusion_matrix": matrix.tolist(),
    }


def matthews(labels_true: Ids, labels_predicted: Ids, label_count: int) -> float:
    """Matthews' correlation of predicted with true label ids, in [-1, 1]; GLUE's metric for CoLA.

    For more than two labels Gorodkin's R_K (2004, *Comparing two K-category assignments by a K-category correlation
    coefficient*, equation 8). 0 where all true or all predicted ids are one, as scikit-learn's `matthews_corrcoef`.
    Raises `DataError` as `classification_report` does.
    """
    return _matthews(confusion_matrix(labels_true, labels_predicted, label_count))


def confusion_matrix(labels_true: Ids, labels_predicted: Ids, label_count: int) -> NDArray[np.int64]:
    """Counts int64 [label_count, label_count], rows by the true id, columns by the predicted one.

    Raises `DataError` as `classification_report` does.
    """
    import numpy as np

    true = _checked_ids("labels_true", labels_true, label_count)
    predicted = _checked_ids("labels_predicted", labels_predicted, label_count)
    if len(true) != len(predicted):
        raise DataError(
            f"labels_true and labels_predicted must have one length; received {len(true)} and {len(predicted)}"
        )
    counts = np.bincount(true * label_count + predicted, minlength=label_count**2)
    return counts.reshape(label_count, label_count).astype(np.int64)


def _matthews(matrix: NDArray[np.int64]) -> float:
    # Python's integers: products of two counts of a large file leave int64.
    total, right = int(matrix.sum()), int(matrix.trace())
    true, predicted = ([int(count) for count in matrix.sum(axis=axis)] for axis in (1, 0))
    covariance = right * total - sum(a * b for a, b in zip(true, predicted))
    variances = [total**2 - sum(count**2 for count in side) for side in (true, predicted)]
    return covariance / math.sqrt(variances[0] * variances[1]) if all(variances) else 0.0


def ratio(cases: NDArray[np.int64], of: NDArray[np.int64]) -> NDArray[np.float64]:
    """`cases / of`, int of one shape, float64 of that shape; 0 where there are no cases to divide by."""
    import numpy as np

    return np.divide(cases, of, out=np.zeros(of.shape), where=of > 0)


def checked_names(label_names: Sequence[str]) -> list[str]:
    """The names as a list; raises `DataError` if there is none or one comes twice."""
    names = list(label_names)
    if not names or len(set(names)) != len(names):
        raise DataError(f"label_names must be given and differ from each other; received {names}")
    return names


def _checked_ids(name: str, ids: Ids, label_count: int) -> NDArray[np.int64]:
    import numpy as np

    array = np.asarray(ids)
    if array.ndim != 1 or array.size == 0:
        raise DataError(f"{name} must be a list of at least one id; received shape {list(array.shape)}")
    if array.dtype.kind not in "iu":
        raise DataError(f"{name} must hold whole numbers; received dtype {array.dtype}")
    outside = array[(array < 0) | (array >= label_count)]
    if outside.size:
        raise DataError(f"{name} must be ids below {label_count} and not negative; received {int(outside[0])}")
    return array.astype(np.int64)

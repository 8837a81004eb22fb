"""The labels of rows as what is learnt or scored: several a row, or numbers (`tables.ids_of_labels`: one a row).

A label stands in a row as text (`tables`); whether `3` is a label or a number is the task's decision, not the file's.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Iterable, Sequence

from albert_edge.errors import DataError
from albert_edge.files import PathLike
from albert_edge.text.tables import Example

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LARGEST = 3.4028234663852886e38


def targets_of_labels(
    path: PathLike, examples: Sequence[Example], labels: Sequence[str], allowed: str
) -> NDArray[np.float32]:
    """float32 [examples, labels]: 1 where a row has a label, else 0.

    The rows are those of `read_examples(..., several_labels=True)`. Raises `DataError` with the line in `path` of a
    label that isn't in `labels`; `allowed` says whose labels these are.
    """
    import numpy as np

    ids = {label: index for index, label in enumerate(labels)}
    targets = np.zeros((len(examples), len(labels)), np.float32)
    for target, example in zip(targets, examples):
        unknown = [name for name in example.labels if name not in ids]
        if unknown:
            raise DataError(f"{path}:{example.line}: a label must be one of {allowed}; received {unknown[0]!r}")
        target[[ids[name] for name in example.labels]] = 1
    return targets


def numbers_of_labels(path: PathLike, examples: Iterable[Example]) -> list[float]:
    """The number that each example's label is; raises `DataError` with the line in `path` of one that isn't.

    They are finite in float32 too.
    """
    return [_number(example.label or "", f"{path}:{example.line}") for example in examples]


def _number(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    # float() takes `1_000` and `infinity` too, and a model's numbers are float32.
    if not abs(value) <= _LARGEST or "_" in text:
        raise DataError(f"{where}: a label must be a finite number; received {text!r}")
    return value

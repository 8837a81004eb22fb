"""Files of predictions that were made elsewhere, read strictly and held against the examples they are for.

Rows are in the order of the data file, one an example. A `.jsonl` may be what `albert-edge predict --json` prints, or
have the predicted label as `label`; a `.tsv` or `.csv` has a header and a column `label`; a `.txt` is a label a line.
A row that repeats its text must repeat the example's. Each refusal starts with `path:line:`.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Optional, Sequence

from albert_edge.errors import DataError
from albert_edge.files import PathLike, read_json_object
from albert_edge.text.lines import file_lines
from albert_edge.text.rows import file_rows, shown_json
from albert_edge.text.tables import LABEL_SEPARATOR

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LABEL = "label"


class Row(NamedTuple):
    """One prediction."""

    where: str
    """`path:line`."""
    values: Mapping[str, Any]

    def label(self, column: str = LABEL) -> str:
        """The predicted label; a number is written as JSON writes it."""
        value = self.value(column)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = json.dumps(value)
        if not isinstance(value, str) or not value.strip():
            raise DataError(f"{self.where}: {column!r} must be a label that isn't empty; received {shown_json(value)}")
        return value

    def labels(self, column: str = LABEL, separator: str = LABEL_SEPARATOR) -> tuple[str, ...]:
        """Any number of them: the list `labels`, or those that `separator` parts in the column."""
        value = self.values["labels"] if "labels" in self.values else self.value(column)
        if isinstance(value, str):
            value = value.split(separator) if value.strip() else []
        if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
            raise DataError(f"{self.where}: labels must be texts that aren't empty; received {shown_json(value)}")
        return tuple(value)

    def number(self, column: str = LABEL) -> float:
        """The predicted number: `value`, or the column."""
        value = self.values["value"] if "value" in self.values else self.value(column)
        return finite(value, self.where)

    def value(self, column: str) -> Any:
        """What stands in a column."""
        if column not in self.values:
            raise DataError(f"{self.where}: a row must have {column!r}; received {', '.join(map(repr, self.values))}")
        return self.values[column]


def read_rows(path: PathLike, column: str = LABEL) -> list[Row]:
    """All rows of `path`; of a `.txt` each line is a label."""
    if Path(path).suffix.lower() == ".txt":
        lines = enumerate(file_lines(path), start=1)
        return [Row(f"{path}:{line}", {column: text}) for line, text in lines]
    return [Row(f"{path}:{line}", values) for line, values in file_rows(str(path), positions=False)]


def check_rows(path: PathLike, rows: Sequence[Row], examples: Sequence[Any], data: PathLike) -> None:
    """Refuse rows that aren't one for each of `examples`, or name another text or text_pair than theirs."""
    if len(rows) != len(examples):
        raise DataError(
            f"{path}: predictions must be one for each of {len(examples)} examples of {data}; received {len(rows)}"
        )
    for row, example in zip(rows, examples):
        for name in ("text", "text_pair"):
            expected = getattr(example, name)
            if row.values.get(name, expected) != expected:
                raise DataError(
                    f"{row.where}: {name!r} must be that of {data}:{example.line}, {shown_json(expected)}; "
                    f"received {shown_json(row.values[name])}"
                )


def read_vectors(path: PathLike, rows: Sequence[Row]) -> dict[str, NDArray[np.float64]]:
    """Text -> its vector, of rows with `text` and `embedding`; all vectors have one width."""
    import numpy as np

    vectors: dict[str, NDArray[np.float64]] = {}
    width = None
    for row in rows:
        numbers = row.value("embedding")
        if not isinstance(numbers, list) or not numbers:
            raise DataError(f"{row.where}: 'embedding' must be a list of numbers; received {shown_json(numbers)}")
        width = width or len(numbers)
        if len(numbers) != width:
            raise DataError(f"{row.where}: a vector must have {width} numbers; received {len(numbers)}")
        vectors[str(row.value("text"))] = np.array([finite(number, row.where) for number in numbers])
    if not vectors:
        raise DataError(f"{path}: predictions must have vectors; received none")
    return vectors


def read_texts_by_id(path: PathLike, known: Sequence[str]) -> dict[str, str]:
    """SQuAD's form of predictions: one JSON object, question's id -> text; every id is one of `known`."""
    texts = read_json_object(path, DataError)
    _refuse_unknown(path, texts, known)
    for name, text in texts.items():
        if not isinstance(text, str):
            raise DataError(f"{path}: the answer to {name!r} must be a string; received {shown_json(text)}")
    return texts


def read_scores_by_id(path: PathLike, known: Sequence[str]) -> dict[str, float]:
    """No-answer scores: one JSON object, question's id -> number; every id is one of `known`."""
    scores = read_json_object(path, DataError)
    _refuse_unknown(path, scores, known)
    return {name: finite(score, f"{path}: the question {name!r}") for name, score in scores.items()}


def finite(value: Any, where: str) -> float:
    """`value`, a number or a text that is one, as a float."""
    try:
        number = math.nan if isinstance(value, bool) or "_" in str(value) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise DataError(f"{where}: a prediction must be a finite number; received {shown_json(value)}")
    return number


def _refuse_unknown(path: PathLike, values: Mapping[str, Any], known: Sequence[str]) -> None:
    ids = set(known)
    unknown: Optional[str] = next((name for name in values if name not in ids), None)
    if unknown is not None:
        raise DataError(f"{path}: an id must be that of a question in the data file; received {unknown!r}")

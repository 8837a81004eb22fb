"""Examples from data files: TSV, CSV, JSON Lines, or plain text, one text or pair a row with its label or labels.

A bad row stops the reading with `path:line: rule; received value`; none is skipped. The formats themselves are read
by `rows`; a `.txt` has no labels. Leaves out rows with tags (`tagged`) or answers (`questions`).
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence, Union

from albert_edge.errors import ConfigError, DataError
from albert_edge.files import PathLike
from albert_edge.text.rows import cut, file_rows, listed, refuse_surrogates_at, shown

PAIR_COLUMN = "text_pair"
LABEL_SEPARATOR = "|"
"""Between the labels of a row that may have several, unless `Columns` say otherwise."""


@dataclasses.dataclass(frozen=True)
class Columns:
    """Where a row's values lie: names, or positions from 0 (`1` or `"1"`) for a file without a header."""

    text: Union[str, int] = "text"
    text_pair: Optional[Union[str, int]] = None
    """None: the column `text_pair` if the file names one, else single texts."""
    label: Union[str, int] = "label"
    label_separator: Optional[str] = None
    """Stands between the labels of one row; a cell without text has none. None: every row has one label.

    JSON Lines may have a list of labels instead.
    """

    def __post_init__(self) -> None:
        if self.label_separator is not None and not self.label_separator:
            raise ConfigError(f"label_separator must not be empty; received {self.label_separator!r}")

    @classmethod
    def from_options(
        cls, text: Optional[str], text_pair: Optional[str], label: Optional[str], label_separator: Optional[str] = None
    ) -> Columns:
        """From the command line's `--text-column` and so on, None where an option was not given."""
        names = cls.text if text is None else text, text_pair, cls.label if label is None else label
        return cls(*names, label_separator)

    def with_several_labels(self) -> Columns:
        """The same for rows of any number of labels, separated by `|` if nothing else was said."""
        return dataclasses.replace(self, label_separator=self.label_separator or LABEL_SEPARATOR)


@dataclasses.dataclass(frozen=True)
class Example:
    """One row; a label from JSON is written as JSON writes it (`3`, `4.25`)."""

    text: str
    text_pair: Optional[str]
    label: Optional[str]
    """None where labels were not asked for, or several."""
    line: int
    """Where the row starts in the file, from 1."""
    labels: tuple[str, ...] = ()
    """Those of a row that may have several; they differ, and there may be none."""


def read_examples(
    path: PathLike, columns: Optional[Columns] = None, need_labels: bool = True, several_labels: bool = False
) -> list[Example]:
    """All examples of the file `path`.

    With `need_labels` false its labels are not looked at; with `several_labels` true, or a separator in `columns`, a
    row may have any number of them, also none. Raises `DataError` on a file that can't be read, has no rows, lacks a
    column, or has a bad row: wrong number of columns, an empty text or label, a value of the wrong type, one label
    twice, bytes that are not UTF-8.
    """
    return list(iterate_examples(path, columns, need_labels, several_labels))


def iterate_examples(
    path: PathLike, columns: Optional[Columns] = None, need_labels: bool = True, several_labels: bool = False
) -> Iterator[Example]:
    """`read_examples` one at a time, for files larger than memory."""
    columns = columns or Columns()
    if several_labels:
        columns = columns.with_several_labels()
    rows = file_rows(str(path), _are_positions(columns, need_labels))
    first = next(rows, None)
    if first is None:
        raise DataError(f"{path}: a data file must have rows; received none")
    names = _names(columns, need_labels, first[1], str(path))
    for line, row in itertools.chain([first], rows):
        yield _example(row, names, columns.label_separator, line, f"{path}:{line}")


def has_labels(path: PathLike, columns: Optional[Columns] = None) -> bool:
    """Whether the first row of the file `path` has the column that `columns` names for the label; errors as there."""
    columns = columns or Columns()
    first = next(file_rows(str(path), _are_positions(columns, need_labels=False)), None)
    return first is not None and str(columns.label) in first[1]


def ids_of_labels(path: PathLike, examples: Iterable[Example], labels: Sequence[str], allowed: str) -> list[int]:
    """Place in `labels` of each example's label.

    Raises `DataError` with the line in `path` of a label that isn't there; `allowed` says whose labels these are.
    """
    ids = {label: index for index, label in enumerate(labels)}
    found = []
    for example in examples:
        if example.label not in ids:
            raise DataError(f"{path}:{example.line}: a label must be one of {allowed}; received {example.label!r}")
        found.append(ids[example.label])
    return found


def _are_positions(columns: Columns, need_labels: bool) -> bool:
    used = [columns.text, *([] if columns.text_pair is None else [columns.text_pair])]
    used += [columns.label] if need_labels else []
    numbers = [str(column).isascii() and str(column).isdigit() for column in used]
    if any(numbers) and not all(numbers):
        raise ConfigError(f"columns must be all names or all numbers; received {', '.join(map(repr, used))}")
    return numbers[0]


def _names(columns: Columns, need_labels: bool, row: Mapping[str, Any], path: str) -> dict[str, str]:
    """Which column each field of `Example` is read from; the first row says which columns there are."""
    names = {"text": str(columns.text)}
    if columns.text_pair is not None or PAIR_COLUMN in row:
        names["text_pair"] = PAIR_COLUMN if columns.text_pair is None else str(columns.text_pair)
    if need_labels:
        names["label"] = str(columns.label)
    for column in names.values():
        if column not in row:
            raise DataError(f"{path}: the column {column!r} must exist; received the columns {listed(row)}")
    return names


def _example(
    row: Mapping[str, Any], names: Mapping[str, str], separator: Optional[str], line: int, where: str
) -> Example:
    texts = {field: _value(row, column, False, where) for field, column in names.items() if field != "label"}
    text, pair = texts["text"], texts.get("text_pair")
    if "label" not in names:
        return Example(text, pair, None, line)
    if separator is not None:
        return Example(text, pair, None, line, _labels(row, names["label"], separator, where))
    return Example(text, pair, _value(row, names["label"], True, where), line)


def _labels(row: Mapping[str, Any], column: str, separator: str, where: str) -> tuple[str, ...]:
    """The labels of one row: a list's, or those that `separator` parts."""
    values = row.get(column)
    if isinstance(values, str):
        values = values.split(separator) if values.strip() else []
    elif not isinstance(values, list):
        values = [_value(row, column, True, where)]
    labels = tuple(_value({column: value}, column, True, where) for value in values)
    if len(set(labels)) != len(labels):
        raise DataError(f"{where}: the labels of a row must differ; received {listed(labels)}")
    return labels


def _value(row: Mapping[str, Any], column: str, is_label: bool, where: str) -> str:
    if column not in row:
        raise DataError(f"{where}: a row must have the column {column!r}; received the columns {listed(row)}")
    value = row[column]
    if is_label and isinstance(value, (int, float)) and not isinstance(value, bool):
        value = json.dumps(value)
    if not isinstance(value, str):
        kinds = "a string or a number" if is_label else "a string"
        raise DataError(f"{where}: the column {column!r} must hold {kinds}; received {cut(json.dumps(value))}")
    if not value.strip():
        raise DataError(f"{where}: the column {column!r} must not be empty; received {shown(value)}")
    refuse_surrogates_at(where, value)
    return value

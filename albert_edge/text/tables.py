"""Examples from data files: TSV, CSV, JSON Lines, or plain text, read strictly and line by line.

A bad row stops the reading with `path:line: rule; received value`; none is skipped. TSV here is unquoted, as in
GLUE's files: a tab separates, a quotation mark is a character. CSV is quoted as in RFC 4180. JSON Lines has an object
a line. `.txt` has a text a line and no labels. Leaves out compressed files and rows with tags or answers.
"""

from __future__ import annotations

import csv
import dataclasses
import itertools
import json
import math
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, NoReturn, Optional, Sequence, Union

from albert_edge.errors import ConfigError, DataError
from albert_edge.files import PathLike
from albert_edge.text.lines import file_lines
from albert_edge.text.normalization import refuse_surrogates

PAIR_COLUMN = "text_pair"
_LONGEST_CSV_CELL = 2**31 - 1
_SHOWN_CHARACTERS = 40


@dataclasses.dataclass(frozen=True)
class Columns:
    """Where a row's values lie: names, or positions from 0 (`1` or `"1"`) for a file without a header."""

    text: Union[str, int] = "text"
    text_pair: Optional[Union[str, int]] = None
    """None: the column `text_pair` if the file names one, else single texts."""
    label: Union[str, int] = "label"

    @classmethod
    def from_options(cls, text: Optional[str], text_pair: Optional[str], label: Optional[str]) -> Columns:
        """From the command line's `--text-column` and so on, None where an option was not given."""
        return cls(cls.text if text is None else text, text_pair, cls.label if label is None else label)


@dataclasses.dataclass(frozen=True)
class Example:
    """One row; a label from JSON is written as JSON writes it (`3`, `4.25`)."""

    text: str
    text_pair: Optional[str]
    label: Optional[str]
    """None where labels were not asked for."""
    line: int
    """Where the row starts in the file, from 1."""


def read_examples(path: PathLike, columns: Optional[Columns] = None, need_labels: bool = True) -> list[Example]:
    """All examples of the file `path`; with `need_labels` false its labels are not looked at.

    Raises `DataError` on a file that can't be read, has no rows, lacks a column, or has a bad row: wrong number of
    columns, an empty text or label, a value of the wrong type, bytes that are not UTF-8.
    """
    return list(iterate_examples(path, columns, need_labels))


def iterate_examples(path: PathLike, columns: Optional[Columns] = None, need_labels: bool = True) -> Iterator[Example]:
    """`read_examples` one at a time, for files larger than memory."""
    columns = columns or Columns()
    rows = _rows(str(path), _are_positions(columns, need_labels))
    first = next(rows, None)
    if first is None:
        raise DataError(f"{path}: a data file must have rows; received none")
    names = _names(columns, need_labels, first[1], str(path))
    for line, row in itertools.chain([first], rows):
        yield _example(row, names, line, f"{path}:{line}")


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
            raise DataError(f"{path}: the column {column!r} must exist; received the columns {_listed(row)}")
    return names


def _example(row: Mapping[str, Any], names: Mapping[str, str], line: int, where: str) -> Example:
    values = {field: _value(row, column, field == "label", where) for field, column in names.items()}
    return Example(values["text"], values.get("text_pair"), values.get("label"), line)


def _value(row: Mapping[str, Any], column: str, is_label: bool, where: str) -> str:
    if column not in row:
        raise DataError(f"{where}: a row must have the column {column!r}; received the columns {_listed(row)}")
    value = row[column]
    if is_label and isinstance(value, (int, float)) and not isinstance(value, bool):
        value = json.dumps(value)
    if not isinstance(value, str):
        kinds = "a string or a number" if is_label else "a string"
        raise DataError(f"{where}: the column {column!r} must hold {kinds}; received {_cut(json.dumps(value))}")
    if not value.strip():
        raise DataError(f"{where}: the column {column!r} must not be empty; received {_shown(value)}")
    try:
        refuse_surrogates(value)
    except DataError as reason:
        raise DataError(f"{where}: {reason}") from reason
    return value


# === Formats: each row as its line and its values by column ===


def _rows(path: str, positions: bool) -> Iterator[tuple[int, Mapping[str, Any]]]:
    suffix = Path(path).suffix.lower()
    if suffix == ".txt":
        return ((line, {"text": text}) for line, text in enumerate(file_lines(path), start=1))
    if suffix == ".jsonl":
        return _json_rows(path)
    if suffix in (".tsv", ".csv"):
        return _named_cells(_tsv_cells(path) if suffix == ".tsv" else _csv_cells(path), positions, path)
    raise DataError(f"a data file must end in .tsv, .csv, .jsonl or .txt; received {path!r}")


def _json_rows(path: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for line, text in enumerate(file_lines(path), start=1):
        try:
            row = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        except (ValueError, RecursionError) as reason:
            raise DataError(f"{path}:{line}: a row must be a JSON object; received {_shown(text)}") from reason
        if not isinstance(row, dict):
            raise DataError(f"{path}:{line}: a row must be a JSON object; received {_shown(text)}")
        yield line, row


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _refuse_constant(digits)


def _tsv_cells(path: str) -> Iterator[tuple[int, list[str]]]:
    for line, text in enumerate(file_lines(path), start=1):
        yield line, text.split("\t")


def _csv_cells(path: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((line + "\n" for line in file_lines(path)), strict=True)
    while True:
        line = reader.line_num + 1
        # The limit, 128 KiB by default, belongs to the whole process: it is lifted for this row only.
        limit = csv.field_size_limit(_LONGEST_CSV_CELL)
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as reason:
            raise DataError(f"{path}:{line}: a row must be well-formed CSV; received one with: {reason}") from reason
        finally:
            csv.field_size_limit(limit)
        yield line, cells


def _named_cells(
    rows: Iterator[tuple[int, list[str]]], positions: bool, path: str
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Give cells the header's names, or without a header their positions; refuse rows of another width."""
    first = next(rows, None)
    if first is None:
        raise DataError(f"{path}: a data file must have rows; received an empty file")
    names = [str(position) for position in range(len(first[1]))] if positions else first[1]
    repeated = [name for index, name in enumerate(names) if name in names[:index]]
    if repeated:
        raise DataError(f"{path}:1: column names must differ; received {_shown(repeated[0])} twice")
    for line, cells in itertools.chain([first], rows) if positions else rows:
        if len(cells) != len(names):
            raise DataError(f"{path}:{line}: a row must have {len(names)} columns; received {len(cells)}")
        yield line, dict(zip(names, cells))


def _cut(text: str) -> str:
    """What a one-line message shows of a long text."""
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 3] + "..."


def _shown(value: str) -> str:
    return repr(_cut(value))


def _listed(columns: Iterable[str]) -> str:
    return ", ".join([_shown(column) for column in columns])

"""Rows of data files, read strictly and line by line: what `tables` and `tagged` make examples of.

A bad row stops the reading with `path:line: rule; received value`; none is skipped. TSV here is unquoted, as in
GLUE's files: a tab separates, a quotation mark is a character. CSV is quoted as in RFC 4180. JSON Lines has an object
a line. `.txt` has a text a line. Leaves out compressed files.
"""

from __future__ import annotations

import csv
import itertools
import json
import math
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, NoReturn

from albert_edge.errors import DataError
from albert_edge.text.lines import file_lines
from albert_edge.text.normalization import refuse_surrogates

_LONGEST_CSV_CELL = 2**31 - 1
_SHOWN_CHARACTERS = 40
_SHOWN_JSON = 60


def file_rows(path: str, positions: bool) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows of a data file, each with the line that it starts in and its values by column.

    With `positions` there is no header: the columns are called `0`, `1`. A `.txt` has the column `text`. Raises
    `DataError` on a file with another ending or without a header, and on a bad row.
    """
    suffix = Path(path).suffix.lower()
    if suffix == ".txt":
        return ((line, {"text": text}) for line, text in enumerate(file_lines(path), start=1))
    if suffix == ".jsonl":
        return json_rows(path)
    if suffix in (".tsv", ".csv"):
        return _named_cells(_tsv_cells(path) if suffix == ".tsv" else _csv_cells(path), positions, path)
    raise DataError(f"a data file must end in .tsv, .csv, .jsonl or .txt; received {path!r}")


def json_rows(path: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects of a JSON Lines file with their lines from 1, strictly: no NaN, no number beyond float64.

    Raises `DataError` on a line that is no JSON object, and as `lines.file_lines` does.
    """
    for line, text in enumerate(file_lines(path), start=1):
        try:
            row = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        except (ValueError, RecursionError) as reason:
            raise DataError(f"{path}:{line}: a row must be a JSON object; received {shown(text)}") from reason
        if not isinstance(row, dict):
            raise DataError(f"{path}:{line}: a row must be a JSON object; received {shown(text)}")
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
        raise DataError(f"{path}:1: column names must differ; received {shown(repeated[0])} twice")
    for line, cells in itertools.chain([first], rows) if positions else rows:
        if len(cells) != len(names):
            raise DataError(f"{path}:{line}: a row must have {len(names)} columns; received {len(cells)}")
        yield line, dict(zip(names, cells))


def refuse_surrogates_at(where: str, text: str) -> None:
    """`normalization.refuse_surrogates`, the message starting with `where` the text stands."""
    try:
        refuse_surrogates(text)
    except DataError as reason:
        raise DataError(f"{where}: {reason}") from reason


def cut(text: str, longest: int = _SHOWN_CHARACTERS) -> str:
    """What a one-line message shows of a long text."""
    return text if len(text) <= longest else text[: longest - 3] + "..."


def shown(value: str) -> str:
    """`cut` as Python writes it."""
    return repr(cut(value))


def shown_json(value: Any) -> str:
    """`cut` of a value from a JSON file, as JSON writes it."""
    # A half of a surrogate pair can be written in JSON, and would not print.
    return cut(json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode(), _SHOWN_JSON)


def listed(columns: Iterable[str]) -> str:
    """Several, with commas."""
    return ", ".join([shown(column) for column in columns])

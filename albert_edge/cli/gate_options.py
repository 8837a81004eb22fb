"""Options that `gate` and `baseline update` share."""

from __future__ import annotations

from typing import Any, Optional

import click

from albert_edge.cli.options import Command, column_options, runtime_option, whole_numbers

_MEASURING = (
    click.option("--data", type=click.Path(), help="Examples with the right answers, as for `evaluate`."),
    column_options,
    click.option(
        "--lengths", help="Tokens of a request, separated by commas.  [default: the baseline's, or 16,64,128]"
    ),
    runtime_option,
    click.option("--cost", type=click.Path(), help="JSON with the file's `cost`, counted elsewhere: see docs/gate.md."),
    click.option(
        "--count/--no-count",
        default=None,
        help="Count the instructions of an inference here, with valgrind.  [default: if the baseline's were]",
    ),
)

_BUDGETS = (
    click.option("--max-bytes", type=click.IntRange(0), help="Of the file."),
    click.option(
        "--max-p90-ms",
        type=click.FloatRange(0),
        help="Of the data's texts, or without --data of the slowest length.",
    ),
    click.option("--max-rss-mb", type=click.FloatRange(0), help="Of a process that answered a text, all included."),
    click.option("--min-accuracy", type=click.FloatRange(0, 1), help="Of the task's first metric, a fraction of 1."),
    click.option(
        "--max-drop", type=click.FloatRange(0), help="Points of that metric that may be lost.  [default: 0.5]"
    ),
)


def measuring_options(function: Command) -> Command:
    """How a file is measured."""
    for option in reversed(_MEASURING):
        function = option(function)
    return function


def budget_options(function: Command) -> Command:
    """The hard limits."""
    for option in reversed(_BUDGETS):
        function = option(function)
    return function


def lengths_of(text: Optional[str]) -> Optional[list[int]]:
    """The whole numbers of `--lengths`; None for none."""
    return None if text is None else whole_numbers(text, "--lengths")


def cost_of(path: Optional[str]) -> Optional[dict[str, Any]]:
    """The `cost` in the JSON file `path`: the object itself, or a result that has one."""
    if path is None:
        return None
    from albert_edge.errors import DataError
    from albert_edge.files import read_json_object

    values = read_json_object(path, DataError)
    found = values.get("cost", values)
    if not isinstance(found, dict) or "instructions" not in found:
        raise DataError(f"{path}: --cost must be JSON with counted instructions; received none")
    return found

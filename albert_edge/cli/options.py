"""Options and printing that several commands share."""

from __future__ import annotations

import json
from typing import Any, Callable, Iterable, Sequence

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace an output that exists.")
threads_option = click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
seed_option = click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
runtime_option = click.option(
    "--runtime",
    type=click.Choice(["ai_edge_litert", "tflite_runtime", "tensorflow"]),
    help="The interpreter's package.  [default: the first of the first two that is installed]",
)


def column_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--text-column` and so on: names, or numbers from 0 for a file without a header."""
    for name, meaning in (
        ("label", "the label"),
        ("text-pair", "the second text"),
        ("text", "the text"),
    ):
        function = click.option(
            f"--{name}-column", help=f"Column with {meaning}: a name, or a number from 0 if there is no header."
        )(function)
    return function


def print_json(value: Any) -> None:
    """One JSON document on standard output, keys in the order in which they were made."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_json_line(value: Any) -> None:
    """One JSON object on one line of standard output."""
    click.echo(json.dumps(value, ensure_ascii=False))


def print_table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Aligned columns on standard output; numbers to the right."""
    lines = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[column]) for line in [list(header), *lines]) for column in range(len(header))]
    numeric = [all(_is_number(line[column]) for line in lines) for column in range(len(header))]
    for line in [list(header), *lines]:
        cells = [
            cell.rjust(width) if right else cell.ljust(width) for cell, width, right in zip(line, widths, numeric)
        ]
        click.echo("  ".join(cells).rstrip())


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "").replace("-", "").replace("%", "").strip().isdigit() or cell == "-"

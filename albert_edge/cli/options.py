"""Options and printing that several commands share."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping, Optional, Sequence, TypeVar

import click

if TYPE_CHECKING:
    from albert_edge.text.tables import Columns

Command = TypeVar("Command", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
texts_argument = click.argument("texts", nargs=-1)
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace an output that exists.")
threads_option = click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
seed_option = click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
runtime_option = click.option(
    "--runtime",
    type=click.Choice(["ai_edge_litert", "tflite_runtime", "tensorflow"]),
    help="The interpreter's package.  [default: the first of the first two that is installed]",
)


label_separator_option = click.option(
    "--label-separator", help="With several labels: what stands between them in a cell.  [default: |]"
)

exit_threshold_option = click.option(
    "--exit-threshold",
    type=click.FloatRange(0, min_open=True),
    help="Of a file with an exit: stop at this confidence, above 1 for never.  [default: the file's]",
)

_EXIT_OPTIONS = (
    click.option(
        "--exit",
        "exit_",
        type=click.Choice(["auto", "entropy", "patience", "none"]),
        default="auto",
        show_default=True,
        help="How the loop may stop before the last layer. auto: entropy for a model trained with --multi-exit.",
    ),
    click.option(
        "--exit-threshold",
        type=click.FloatRange(0, min_open=True),
        help="Stop at this confidence; of patience k / layers is k equal answers.  [default: never, or --exit-data's]",
    ),
    click.option("--exit-data", type=click.Path(), help="Labelled texts that the threshold is calibrated on."),
    click.option(
        "--exit-max-drop",
        type=click.FloatRange(0),
        help="Points of the task's first metric that stopping early may cost on --exit-data.  [default: 0.5]",
    ),
)


def exit_options(function: Command) -> Command:
    """`--exit`, `--exit-threshold`, `--exit-data` and `--exit-max-drop` of a conversion."""
    for option in reversed(_EXIT_OPTIONS):
        function = option(function)
    return function


def text_column_option(function: Command) -> Command:
    """`--text-column`: a name, or a number from 0 for a file without a header."""
    return _column_option("text", "the text")(function)


def column_options(function: Command) -> Command:
    """`--text-column` and so on: names, or numbers from 0 for a file without a header."""
    return text_column_options(_column_option("label", "the label")(function))


def text_column_options(function: Command) -> Command:
    """`column_options` but for the label."""
    return text_column_option(_column_option("text-pair", "the second text")(function))


def columns_of_options(
    text: Optional[str],
    text_pair: Optional[str],
    label: Optional[str],
    label_separator: Optional[str],
    dev_text: Optional[str],
) -> tuple[Columns, Columns]:
    """Where the values of a training's `--train` and `--dev` lie, as `column_options` and `--dev-text-column` say."""
    from albert_edge.text.tables import Columns

    columns = Columns.from_options(text, text_pair, label, label_separator)
    return columns, columns if dev_text is None else dataclasses.replace(columns, text=dev_text)


def _column_option(name: str, meaning: str) -> Callable[[Command], Command]:
    return click.option(
        f"--{name}-column", help=f"Column with {meaning}: a name, or a number from 0 if there is no header."
    )


def input_texts(texts: Sequence[str], file: Optional[str]) -> Iterable[str]:
    """The texts of `texts_argument`, or else the lines of `--file` or of standard input, read as needed."""
    from albert_edge.text.lines import file_lines, read_lines

    if texts and file is not None:
        raise click.UsageError("texts must come from arguments or from --file; received both")
    if texts:
        return texts
    return read_lines(sys.stdin.buffer, "standard input") if file is None else file_lines(file)


def exit_line(values: Mapping[str, Any]) -> str:
    """A manifest's `exit` for a reader."""
    line = f"exit: {values['kind']} at {values['threshold']:g}"
    found = values["calibration"]
    if not found:
        return line
    return (
        f"{line}, mean depth {found['mean_depth']:.2f} of {len(found['depths'])}, {found['metric']} "
        f"{found['with_exit']:.4f} of {found['full']:.4f} on {found['rows']:,} rows"
    )


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
        cells = [cell.rjust(width) if right else cell.ljust(width) for cell, width, right in zip(line, widths, numeric)]
        click.echo("  ".join(cells).rstrip())


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "").replace("-", "").replace("%", "").strip().isdigit() or cell == "-"


def whole_numbers(text: str, option: str) -> list[int]:
    """The numbers of `option`, separated by commas."""
    try:
        return [int(number) for number in text.split(",")]
    except ValueError:
        raise click.BadParameter(
            f"must be whole numbers separated by commas; received {text!r}", param_hint=option
        ) from None

"""`albert-edge predict`."""

from __future__ import annotations

from typing import Iterable, Optional, Union

import click

import albert_edge
from albert_edge.cli.options import (
    input_texts,
    json_option,
    print_json_line,
    runtime_option,
    text_column_options,
    texts_argument,
    threads_option,
)

TABLES = (".tsv", ".csv", ".jsonl")


@click.command("predict")
@click.argument("path")
@texts_argument
@click.option("--file", help="Read texts from this .tsv, .csv or .jsonl, or one a line.  [default: standard input]")
@text_column_options
@click.option("--text-pair", help="A second text, which makes a pair of each text.")
@click.option("--max-depth", type=int, help="Apply only this many layers (looped layout).  [default: all]")
@threads_option
@runtime_option
@json_option
def command(
    path: str,
    texts: tuple[str, ...],
    file: Optional[str],
    text_column: Optional[str],
    text_pair_column: Optional[str],
    text_pair: Optional[str],
    max_depth: Optional[int],
    threads: int,
    runtime: Optional[str],
    as_json: bool,
) -> None:
    """Classify texts with the .tflite at PATH, which `albert-edge convert` wrote.

    Texts are TEXTS, or else those of --file or the lines of standard input, answered one by one as they come. A text
    longer than the model takes is cut at its end. With --json each answer is an object on one line.

    \b
    Example:
      albert-edge predict examples/topics/topics.tflite "Oil prices rise" --json
    """
    if file is not None and file.lower().endswith(TABLES):
        if texts or text_pair is not None:
            raise click.UsageError("texts must come from arguments or from --file; received both")
        inputs = _rows(file, text_column, text_pair_column)
    elif text_column is not None or text_pair_column is not None:
        raise click.UsageError(f"columns must be those of a --file that ends in {', '.join(TABLES)}; received none")
    else:
        inputs = ((text, text_pair) if text_pair is not None else text for text in input_texts(texts, file))
    for prediction in albert_edge.predict(path, inputs, max_depth, threads, runtime):
        if as_json:
            print_json_line(prediction.to_dict())
        else:
            click.echo(f"{prediction.score:6.1%}  {prediction.label}  {prediction.text}")


def _rows(
    file: str, text_column: Optional[str], text_pair_column: Optional[str]
) -> Iterable[Union[str, tuple[str, str]]]:
    from albert_edge.text.tables import Columns, iterate_examples

    columns = Columns.from_options(text_column, text_pair_column, None)
    for example in iterate_examples(file, columns, need_labels=False):
        yield example.text if example.text_pair is None else (example.text, example.text_pair)

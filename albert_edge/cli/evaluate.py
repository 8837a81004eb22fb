"""`albert-edge evaluate`: a `.tflite` or a model folder on a data file."""

from __future__ import annotations

from typing import Any, Optional

import click

from albert_edge.cli.options import (
    column_options,
    json_option,
    print_json,
    print_table,
    runtime_option,
    threads_option,
)


@click.command("evaluate")
@click.argument("path")
@click.option("--data", required=True, type=click.Path(), help="Labelled examples: .tsv, .csv or .jsonl.")
@column_options
@threads_option
@click.option("--max-depth", type=click.IntRange(1), help="Apply only so many layers (.tflite only).  [default: all]")
@runtime_option
@click.option("--limit", type=click.IntRange(1), help="Use the first so many examples.  [default: all]")
@json_option
def command(
    path: str,
    data: str,
    text_column: Optional[str],
    text_pair_column: Optional[str],
    label_column: Optional[str],
    threads: int,
    max_depth: Optional[int],
    runtime: Optional[str],
    limit: Optional[int],
    as_json: bool,
) -> None:
    """Score the model at PATH on a data file: accuracy, precision, recall, F1.

    PATH is a .tflite, scored as a device would, or a model folder or hf:owner/name@revision, scored by Keras. All rates
    are fractions; macro is the mean over the labels. --json adds the confusion matrix.

    \b
    Example:
      albert-edge evaluate news.tflite --data dev.tsv --json
    """
    import albert_edge
    from albert_edge.text.tables import Columns

    columns = Columns.from_options(text_column, text_pair_column, label_column)
    result = albert_edge.evaluate(path, data, columns, threads, max_depth, runtime, limit)
    if as_json:
        print_json(result)
    else:
        _print_result(result)


def _print_result(result: dict[str, Any]) -> None:
    rows = [
        [label, *(f"{value[name]:.4f}" for name in ("precision", "recall", "f1")), value["support"]]
        for label, value in result["per_class"].items()
    ]
    macro = [f"{result[f'macro_{name}']:.4f}" for name in ("precision", "recall", "f1")]
    print_table(["label", "precision", "recall", "f1", "support"], [*rows, ["macro", *macro, result["examples"]]])
    click.echo(f"\naccuracy {result['accuracy']:.4f} of {result['examples']:,} examples in {result['seconds']:.1f} s")

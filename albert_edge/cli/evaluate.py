"""`albert-edge evaluate`: a `.tflite` or a model folder on a data file."""

from __future__ import annotations

from typing import Any, Optional

import click

from albert_edge.cli.device_option import ask_devices, device_option, end_with_errors
from albert_edge.cli.options import (
    column_options,
    exit_threshold_option,
    json_option,
    label_separator_option,
    print_json,
    runtime_option,
    threads_option,
)
from albert_edge.cli.reports import print_report


@click.command("evaluate")
@click.argument("path")
@click.option("--data", required=True, type=click.Path(), help="Examples with the right answers: see above.")
@click.option("--task", help="Which head of a model with several, or what a folder is to be.  [default: the first]")
@column_options
@label_separator_option
@threads_option
@click.option("--max-depth", type=click.IntRange(1), help="Apply only so many layers.  [default: all]")
@exit_threshold_option
@runtime_option
@click.option("--limit", type=click.IntRange(1), help="Use the first so many examples.  [default: all]")
@click.option("--predictions", type=click.Path(), help="Write the answers to this file, as `score` reads it.")
@device_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    path: str,
    data: str,
    task: Optional[str],
    text_column: Optional[str],
    text_pair_column: Optional[str],
    label_column: Optional[str],
    label_separator: Optional[str],
    threads: int,
    max_depth: Optional[int],
    exit_threshold: Optional[float],
    runtime: Optional[str],
    limit: Optional[int],
    predictions: Optional[str],
    device: Optional[str],
    as_json: bool,
) -> None:
    """Score the model at PATH on a data file, with the metrics of its task.

    PATH is a .tflite, scored as a device would, or a model folder or hf:owner/name@revision, scored by Keras. Rates are
    fractions, macro is the mean over the labels; SQuAD's exact_match and f1 are percentages as its script's. --json has
    all figures.

    \b
    Task                  data
      text-classification   .tsv, .csv, .jsonl with text, text_pair, label
      token-classification  CoNLL, or .jsonl with text and entities
      question-answering    SQuAD's .json, or .jsonl with question, passage, answers
      feature-extraction    a table of pairs; label, if there is one, says how alike they are
      fill-mask             .txt, a text a line; or a table of texts with one [MASK] and what stood there as label
      sentence-order        a table of pairs with label; or .txt, a paragraph a line and a blank line between documents

    \b
    Example:
      albert-edge evaluate news.tflite --data dev.tsv --json
      albert-edge evaluate qa.tflite --data dev-v2.0.json --json
      albert-edge evaluate news.tflite --data dev.tsv --device raspberry-pi-4,kitchen
    """
    import albert_edge
    from albert_edge.text.tables import Columns

    columns = Columns.from_options(text_column, text_pair_column, label_column, label_separator)
    if device is not None:
        if predictions is not None:
            raise click.UsageError("--predictions must be without --device; received both")
        _on_devices(context, as_json)
        return
    result = albert_edge.evaluate(
        path, data, columns, threads, max_depth, runtime, limit, task, predictions, exit_threshold
    )
    if as_json:
        print_json(result)
    else:
        print_report(result)


def _on_devices(context: click.Context, as_json: bool) -> None:
    """Each device's report with its name, one below the other, or as JSON; a list if there are several."""
    answers = ask_devices(context, ("path", "data"))
    reports: list[dict[str, Any]] = [answer.result for answer in answers if answer.error is None]
    if as_json:
        for shown in [reports] if len(answers) > 1 else reports:
            print_json(shown)
    else:
        for report in reports:
            click.echo(f"{report['device']['name']}:")
            print_report(report)
    end_with_errors(answers)

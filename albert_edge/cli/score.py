"""`albert-edge score`: predictions made elsewhere on a data file."""

from __future__ import annotations

from typing import Any, Optional

import click

from albert_edge.cli.options import column_options, json_option, label_separator_option, print_json
from albert_edge.cli.reports import print_report
from albert_edge.config import PROBLEM_TYPES

_NAMED = 5
"""Missing ids that the message on standard error names."""


@click.command("score")
@click.argument("task")
@click.option("--predictions", required=True, type=click.Path(), help="The predictions: see above.")
@click.option("--data", required=True, type=click.Path(), help="The right answers.")
@column_options
@label_separator_option
@click.option("--prediction-column", default="label", show_default=True, help="Column of a table of predictions.")
@click.option("--problem-type", type=click.Choice(PROBLEM_TYPES), help="classify: what the labels are.")
@click.option("--no-answer-scores", type=click.Path(), help="answer: JSON, id -> how much speaks against an answer.")
@click.option("--no-answer-threshold", type=float, help="answer: no answer above this score.  [default: none]")
@click.option("--order-labels", nargs=2, help="order: the labels of a pair in order, and of another.")
@json_option
def command(
    task: str,
    predictions: str,
    data: str,
    text_column: Optional[str],
    text_pair_column: Optional[str],
    label_column: Optional[str],
    label_separator: Optional[str],
    prediction_column: str,
    problem_type: Optional[str],
    no_answer_scores: Optional[str],
    no_answer_threshold: Optional[float],
    order_labels: Optional[tuple[str, str]],
    as_json: bool,
) -> None:
    """Score predictions that were made elsewhere, with the metrics of `evaluate`.

    TASK is classify, tag, answer, embed, fill or order, or Hugging Face's name. The predictions are in the order of the
    data: a label a row (.tsv, .csv, .jsonl, .txt), or what `predict --json` prints; for tag CoNLL with the predicted
    tag last; for answer SQuAD's JSON, question's id -> text; for embed a vector a text or a cosine a pair. A question
    without an answer in the file counts as wrong.

    \b
    Example:
      albert-edge score answer --predictions predictions.json --data dev-v2.0.json --json
      albert-edge score tag --predictions predicted.conll --data dev.conll
    """
    import albert_edge
    from albert_edge.text.tables import Columns

    columns = Columns.from_options(text_column, text_pair_column, label_column, label_separator)
    result = albert_edge.score(
        task,
        predictions,
        data,
        columns,
        prediction_column,
        problem_type,
        no_answer_scores,
        no_answer_threshold,
        order_labels or None,
    )
    _warn_of_missing(result)
    if as_json:
        print_json(result)
    else:
        print_report(result)


def _warn_of_missing(result: dict[str, Any]) -> None:
    missing = result.get("missing_ids")
    if missing:
        named = ", ".join(missing[:_NAMED]) + (", ..." if len(missing) > _NAMED else "")
        click.echo(f"albert-edge: {len(missing)} questions have no prediction and count as wrong: {named}", err=True)

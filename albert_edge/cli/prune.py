"""`albert-edge prune`."""

from __future__ import annotations

from typing import Any, Mapping, Optional

import click

import albert_edge
from albert_edge.cli.options import columns_of_options, print_json, print_table
from albert_edge.cli.train_options import options_of_a_further_training
from albert_edge.training.pruning.plan import IMPORTANCES
from albert_edge.training.recipes import shown

_OPTIONS = (
    click.argument("model"),
    click.option("--train", "train_file", required=True, help="The training set."),
    click.option("--dev", "dev_file", required=True, help="The set that decides which epoch was the best."),
    click.option("--out", required=True, help="The model folder to write."),
    click.option("--sparsity", type=float, help="Share of the encoder's weights that become zero, one by one."),
    click.option("--heads", type=float, help="Share of the attention heads that stays."),
    click.option("--ffn", type=float, help="Share of the feed-forward units that stays."),
    click.option(
        "--importance",
        type=click.Choice(IMPORTANCES),
        default=IMPORTANCES[0],
        show_default=True,
        help="What heads and units are judged by.",
    ),
    *options_of_a_further_training(without=("sparsity", "word_vectors", "replay_share", "keep_labels")),
)

_SHOWN = {
    "parameters": "parameters",
    "weight_bytes": "bytes of weights",
    "zipped_bytes": "... zipped",
    "multiply_adds_per_token": "multiply-adds a token",
}


def _with_options(function: Any) -> Any:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.command("prune")
@_with_options
def command(
    model: str,
    train_file: str,
    dev_file: str,
    out: str,
    progress: Optional[bool],
    as_json: bool,
    text_column: Optional[str],
    text_pair_column: Optional[str],
    label_column: Optional[str],
    label_separator: Optional[str],
    dev_text_column: Optional[str],
    **arguments: Any,
) -> None:
    """Prune the model folder MODEL and let it learn again.

    --heads and --ffn cut whole attention heads and feed-forward units out: a smaller model, faster everywhere.
    --sparsity makes single weights zero: the same model to run, smaller when compressed. Training repeats the settings
    that MODEL was trained with, 3 epochs, unless others are given. A pruning that was stopped goes on when the same
    command is given again.

    \b
    Example:
      albert-edge prune news/ --heads 0.75 --ffn 0.5 --train train.tsv --dev dev.tsv --out smaller/
      albert-edge prune news/ --sparsity 0.5 --train train.tsv --dev dev.tsv --out pruned/
    """
    from albert_edge.training.reporting import TerminalReporter

    columns, dev_columns = columns_of_options(
        text_column, text_pair_column, label_column, label_separator, dev_text_column
    )
    report = albert_edge.prune(
        model,
        train_file,
        dev_file,
        out,
        columns=columns,
        dev_columns=dev_columns,
        reporter=TerminalReporter(progress),
        **arguments,
    )
    if as_json:
        print_json(report)
    else:
        _print_report(report)


def _print_report(report: Mapping[str, Any]) -> None:
    before, after, dev = report["before"], report["after"], report["dev"]
    rows = [
        [title, f"{before[name]:,}", f"{after[name]:,}", f"{after[name] / before[name]:.2f}"]
        for name, title in _SHOWN.items()
    ]
    kept = ((report["attention_heads"], "attention heads"), (report["ffn_units"], "feed-forward units"))
    rows += [
        [title, f"{count['before']:,}", f"{count['after']:,}", f"{count['after'] / count['before']:.2f}"]
        for count, title in kept
    ]
    rows.append(["zeros in the matrices", f"{before['zero_share']:.1%}", f"{after['zero_share']:.1%}", "-"])
    print_table(["", "before", "after", "ratio"], rows)
    words = {"before": "before", "after_pruning": "pruned", "after_training": "trained again"}
    for name in dev["before"]:
        steps = ", ".join(f"{words[step]} {shown(report['task'], name, dev[step][name])}" for step in words)
        click.echo(f"{name}: {steps}")
    click.echo(report["note"])
    click.echo(f"{report['folder']}: epoch {report['best_epoch']} of {report['epochs']}, {report['seconds']:.0f} s")

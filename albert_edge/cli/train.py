"""`albert-edge train`: a group with a command for each task."""

from __future__ import annotations

from typing import Any, Callable, Optional

import click

import albert_edge
from albert_edge.cli.options import column_options, json_option, overwrite_option, print_json, print_table
from albert_edge.model.sizes import SIZES

_COUNT = click.IntRange(1)

# The settings of a training: option, type, meaning, default. Their home is training/settings.py, which has reasons.
_SETTINGS: tuple[tuple[str, Any, str, str], ...] = (
    ("--epochs", _COUNT, "Passes over the training set, at most.", "by the number of texts; with --from 3"),
    ("--patience", _COUNT, "Epochs without a better score that end the training.", "a quarter of all"),
    ("--metric", click.Choice(["accuracy", "macro_f1", "loss"]), "The score, on --dev.", "accuracy"),
    ("--batch-size", _COUNT, "Texts a step.", "32"),
    ("--max-length", click.IntRange(3), "Tokens of a text; longer ones lose their end.", "128"),
    ("--learning-rate", float, "The highest one.", "0.001; with --from 0.00005"),
    ("--warmup", float, "Share of the steps over which it rises.", "0.1"),
    ("--weight-decay", float, "Of AdamW.", "0.01"),
    ("--max-gradient-norm", float, "Larger gradients are scaled down to it.", "1"),
    ("--dropout", float, "Everywhere in the model.", "0.2; with --from the checkpoint's"),
    ("--word-dropout", float, "Share of the pieces that are masked.", "0.3; with --from 0"),
    (
        "--word-vectors/--no-word-vectors",
        None,
        "Start word embeddings from counts of near words.",
        "yes; with --from no",
    ),
    ("--label-smoothing", float, "Share of the target that is spread over all labels.", "0"),
    ("--class-weights", click.Choice(["none", "balanced"]), "Whether rare labels count more.", "none"),
    ("--seed", click.IntRange(0), "One seed, one result.", "1"),
)


def setting_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """An option for each setting; None where it isn't given."""
    for flag, kind, meaning, default in reversed(_SETTINGS):
        function = click.option(flag, type=kind, default=None, help=f"{meaning}  [default: {default}]")(function)
    return function


@click.group("train")
def command() -> None:
    """Train a model for a task, from random weights or from a checkpoint.

    \b
    Example:
      albert-edge train text-classification --train train.tsv --dev dev.tsv --size mini --out news/
    """


@command.command("text-classification")
@click.option("--train", "train_file", required=True, help="The training set: .tsv, .csv or .jsonl.")
@click.option("--dev", "dev_file", required=True, help="The set that decides which epoch was the best.")
@click.option("--out", required=True, help="The model folder to write.")
@click.option("--size", type=click.Choice(list(SIZES)), help="Start from random weights in this size.")
@click.option("--from", "from_", help="Start from a checkpoint: a folder, or hf:owner/name@revision.")
@click.option("--layers", type=click.IntRange(1), help="Another depth than the size's own: it costs no parameter.")
@click.option("--vocab", help="With --size: a SentencePiece model.  [default: one is trained on the training set]")
@click.option(
    "--vocab-size",
    type=click.IntRange(1),
    help="Pieces of the trained vocabulary, at most.  [default: by the amount of text]",
)
@click.option("--cased", is_flag=True, help="The trained vocabulary keeps upper case.")
@click.option("--keep-accents", is_flag=True, help="The trained vocabulary keeps accents.")
@column_options
@setting_options
@click.option(
    "--checkpoint-every", type=click.IntRange(1), default=100, show_default=True, help="Steps between stores."
)
@click.option("--restart", is_flag=True, help="Forget a training that was stopped, and start over.")
@click.option("--threads", type=click.IntRange(1), help="Of TensorFlow.  [default: one a core]")
@click.option("--progress/--no-progress", default=None, help="A progress bar.  [default: if stderr is a terminal]")
@overwrite_option
@json_option
def text_classification(
    train_file: str,
    dev_file: str,
    out: str,
    text_column: Optional[str],
    text_pair_column: Optional[str],
    label_column: Optional[str],
    cased: bool,
    progress: Optional[bool],
    as_json: bool,
    **arguments: Any,
) -> None:
    """Train a classifier of texts, or of pairs of texts, and write a Hugging Face folder.

    The weights written are those of the epoch that is best on --dev. A training that was stopped or killed goes on
    when the same command is given again.

    \b
    Example:
      albert-edge train text-classification --train train.tsv --dev dev.tsv --size mini --out news/
      albert-edge train text-classification --train train.tsv --dev dev.tsv --from checkpoint/ --out news/
    """
    from albert_edge.text.tables import Columns
    from albert_edge.training.reporting import TerminalReporter

    report = albert_edge.train(
        "text-classification",
        train_file,
        dev_file,
        out,
        columns=Columns.from_options(text_column, text_pair_column, label_column),
        lower_case=not cased,
        reporter=TerminalReporter(progress),
        **arguments,
    )
    if as_json:
        print_json(report)
        return
    dev = report["dev"]
    rows = [
        [label, *(f"{scores[name]:.1%}" for name in ("precision", "recall", "f1")), scores["support"]]
        for label, scores in dev["per_class"].items()
    ]
    macro = [f"{dev[f'macro_{name}']:.1%}" for name in ("precision", "recall", "f1")]
    print_table(["label", "precision", "recall", "F1", "examples"], [*rows, ["all (mean)", *macro, dev["examples"]]])
    click.echo(f"{out}: accuracy {dev['accuracy']:.1%} on {dev_file}, epoch {report['best_epoch']}")

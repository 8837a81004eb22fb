"""The options that `pretrain` and `adapt` share: text, settings, and how it runs; and the table that both print."""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, Collection, Mapping

import click

from albert_edge.cli.options import json_option, overwrite_option, print_table
from albert_edge.training.pretraining.settings import OPTIMIZERS, PAIR_OBJECTIVES, PRECISIONS, PretrainingSettings

COUNT = click.IntRange(1)

# The settings: option, type, meaning. Their home is training/pretraining/settings.py, which has reasons and defaults.
_SETTINGS: tuple[tuple[str, Any, str], ...] = (
    ("--batch-size", COUNT, "Inputs an update."),
    ("--accumulate", COUNT, "Parts that a batch is computed in, for less memory."),
    ("--lengths", str, "Tokens of an input, in stages: 128:0.9,512:0.1."),
    ("--depths", str, "Layers that are applied, in stages: 2:0.5,6:0.5."),
    ("--optimizer", click.Choice(OPTIMIZERS), "What turns gradients into updates."),
    ("--learning-rate", float, "The highest one, behind the warm-up."),
    ("--warmup", float, "Share of the updates over which it rises, in [0, 1)."),
    ("--decay-power", float, "It then falls as what is left to this power."),
    ("--weight-decay", float, "Share of a weight that goes at learning rate 1."),
    ("--max-gradient-norm", float, "Larger gradients are scaled down to it."),
    ("--beta-2", float, "Share of the old mean of squared gradients that stays, in [0, 1)."),
    ("--ema", float, "Save the weights' moving mean, with this share of the old one."),
    ("--dropout", float, "In the encoder, in [0, 1)."),
    ("--mask-share", float, "Share of the pieces that are asked for, in (0, 1)."),
    ("--ngram", COUNT, "Longest span that is asked for together."),
    ("--whole-words/--no-whole-words", None, "Spans are of words with all of their pieces."),
    ("--max-predictions", COUNT, "Pieces of an input that are asked for, at most."),
    ("--pair-objective", click.Choice(PAIR_OBJECTIVES), "What pairs of passages teach."),
    ("--word-vectors/--no-word-vectors", None, "Start word embeddings from counts of near words."),
    ("--local-start/--no-local-start", None, "Start two heads at the neighbours."),
    ("--precision", click.Choice(PRECISIONS), "What the model computes in."),
    ("--jit/--no-jit", None, "Let XLA compile an update."),
    ("--seed", click.IntRange(0), "One seed, one result."),
)

_DEFAULTS = {field.name: field.default for field in dataclasses.fields(PretrainingSettings)}


_BEFORE = (
    click.option("--corpus", required=True, type=click.Path(file_okay=False), help="The folder to learn from."),
    click.option(
        "--held-out", multiple=True, type=click.Path(file_okay=False), help="A corpus to measure on; repeatable."
    ),
    click.option("--out", required=True, help="The model folder to write."),
    click.option("--steps", type=COUNT, required=True, help="Updates to make."),
)

_BEHIND = (
    click.option("--checkpoint-seconds", type=float, default=300, show_default=True, help="Seconds between snapshots."),
    click.option(
        "--log-every", type=COUNT, default=50, show_default=True, help="Updates from one log line to the next."
    ),
    click.option("--evaluate-every", type=COUNT, default=500, show_default=True, help="Updates between evaluations."),
    click.option(
        "--held-out-inputs", type=COUNT, default=256, show_default=True, help="Of each corpus, in an evaluation."
    ),
    click.option("--tensorboard", type=click.Path(file_okay=False), help="Folder for the log as TensorBoard reads it."),
    click.option("--restart", is_flag=True, help="Forget a pretraining that was stopped, and start over."),
    click.option("--threads", type=COUNT, help="Of TensorFlow.  [default: one a core]"),
    click.option("--progress/--no-progress", default=None, help="A progress bar.  [default: if stderr is a terminal]"),
    overwrite_option,
    json_option,
)


def pretraining_options(
    *own: Any, defaults: Mapping[str, Any] = _DEFAULTS, without: Collection[str] = ()
) -> Callable[[Any], Any]:
    """All options of a pretraining, with the command's `own` among them.

    `defaults`: of settings that have another one than `PretrainingSettings`; `without`: settings that are no options.
    """
    settings = [
        click.option(flag, type=kind, default=None, help=f"{meaning}  [default: {_written(name, default)}]")
        for flag, kind, meaning in _SETTINGS
        for name in (flag.split("/")[0].strip("-").replace("-", "_"),)
        for default in ({**_DEFAULTS, **defaults}[name],)
        if name not in without
    ]

    def decorated(function: Any) -> Any:
        for option in reversed((*_BEFORE, *own, *settings, *_BEHIND)):
            function = option(function)
        return function

    return decorated


def _written(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return {"max_predictions": "by the share", "depths": "all"}[name] if value is None else str(value)


def print_held_out(report: Mapping[str, Any]) -> None:
    """A line for each held-out corpus, if there are any."""
    rows = [
        [
            name,
            *(f"{each[score]:.1%}" for score in ("accuracy", "accuracy_of_pieces")),
            f"{each['perplexity']:.1f}",
            f"{each['order_accuracy']:.1%}",
        ]
        for name, each in report["held_out"].items()
    ]
    if rows:
        print_table(["held out", "accuracy", "... of single pieces", "perplexity", "order"], rows)


def print_spent(out: str, report: Mapping[str, Any]) -> None:
    """The last line of a pretraining."""
    click.echo(f"{out}: {report['steps']} updates, {report['tokens']:,} tokens, {report['seconds']:.0f} s")

"""`albert-edge pretrain`."""

from __future__ import annotations

import dataclasses
from typing import Any, Optional

import click

import albert_edge
from albert_edge.cli.options import json_option, overwrite_option, print_json, print_table
from albert_edge.model.sizes import SIZES
from albert_edge.training.pretraining.settings import OPTIMIZERS, PAIR_OBJECTIVES, PretrainingSettings

_COUNT = click.IntRange(1)

# The settings: option, type, meaning. Their home is training/pretraining/settings.py, which has reasons and defaults.
_SETTINGS: tuple[tuple[str, Any, str], ...] = (
    ("--batch-size", _COUNT, "Inputs an update."),
    ("--accumulate", _COUNT, "Parts that a batch is computed in, for less memory."),
    ("--lengths", str, "Tokens of an input, in stages: 128:0.9,512:0.1."),
    ("--depths", str, "Layers that are applied, in stages: 2:0.5,6:0.5."),
    ("--optimizer", click.Choice(OPTIMIZERS), "What turns gradients into updates."),
    ("--learning-rate", float, "The highest one."),
    ("--warmup", float, "Share of the updates over which it rises."),
    ("--decay-power", float, "It then falls as what is left to this power."),
    ("--weight-decay", float, "Share of a weight that goes at learning rate 1."),
    ("--max-gradient-norm", float, "Larger gradients are scaled down to it."),
    ("--beta-2", float, "How long squared gradients are remembered."),
    ("--ema", float, "Save the weights' moving mean, with this share of the old one."),
    ("--dropout", float, "In the encoder."),
    ("--mask-share", float, "Share of the pieces that are asked for."),
    ("--ngram", _COUNT, "Longest span that is asked for together."),
    ("--whole-words/--no-whole-words", None, "Spans are of words with all of their pieces."),
    ("--max-predictions", _COUNT, "Pieces of an input that are asked for, at most."),
    ("--pair-objective", click.Choice(PAIR_OBJECTIVES), "What pairs of passages teach."),
    ("--word-vectors/--no-word-vectors", None, "Start word embeddings from counts of near words."),
    ("--jit/--no-jit", None, "Let XLA compile an update."),
    ("--seed", click.IntRange(0), "One seed, one result."),
)

_DEFAULTS = {field.name: field.default for field in dataclasses.fields(PretrainingSettings)}


def _written(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return {"max_predictions": "by the share", "depths": "all"}[name] if value is None else str(value)


def _with_settings(function: Any) -> Any:
    for flag, kind, meaning in reversed(_SETTINGS):
        name = flag.split("/")[0].strip("-").replace("-", "_")
        help_text = f"{meaning}  [default: {_written(name, _DEFAULTS[name])}]"
        function = click.option(flag, type=kind, default=None, help=help_text)(function)
    return function


@click.command("pretrain")
@click.option("--corpus", required=True, type=click.Path(file_okay=False), help="The folder to learn from.")
@click.option("--held-out", multiple=True, type=click.Path(file_okay=False), help="A corpus to measure on; repeatable.")
@click.option("--out", required=True, help="The model folder to write.")
@click.option("--size", type=click.Choice(list(SIZES)), default="mini", show_default=True, help="The model's shape.")
@click.option("--layers", type=_COUNT, help="Another depth than the size's own: it costs no parameter.")
@click.option("--steps", type=_COUNT, required=True, help="Updates.")
@_with_settings
@click.option("--checkpoint-seconds", type=float, default=300, show_default=True, help="From one store to the next.")
@click.option("--log-every", type=_COUNT, default=50, show_default=True, help="Updates from one log line to the next.")
@click.option("--evaluate-every", type=_COUNT, default=500, show_default=True, help="Updates between evaluations.")
@click.option("--held-out-inputs", type=_COUNT, default=256, show_default=True, help="Of each corpus, in those.")
@click.option("--restart", is_flag=True, help="Forget a pretraining that was stopped, and start over.")
@click.option("--threads", type=_COUNT, help="Of TensorFlow.  [default: one a core]")
@click.option("--progress/--no-progress", default=None, help="A progress bar.  [default: if stderr is a terminal]")
@overwrite_option
@json_option
def command(corpus: str, out: str, progress: Optional[bool], as_json: bool, **arguments: Any) -> None:
    """Pretrain a model on a corpus of documents, and write a folder that `train --from` starts from.

    It learns masked pieces, and the order of passages. A pretraining that was stopped or killed goes on when the same
    command is given again; OUT.pretraining has its log, its curves and the latest weights.

    \b
    Example:
      albert-edge pretrain --corpus books/train --held-out books/held-out --layers 6 --steps 20000 --out mini-en/
    """
    from albert_edge.training.reporting import TerminalReporter

    report = albert_edge.pretrain(corpus, out, reporter=TerminalReporter(progress), **arguments)
    if as_json:
        print_json(report)
        return
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
    click.echo(f"{out}: {report['steps']} updates, {report['tokens']:,} tokens, {report['seconds']:.0f} s")

"""`albert-edge adapt`."""

from __future__ import annotations

from typing import Any, Mapping, Optional

import click

import albert_edge
from albert_edge.cli.options import print_json, print_table
from albert_edge.cli.pretraining_options import pretraining_options, print_spent
from albert_edge.training.pretraining.settings import OF_A_FURTHER, REPLAY_SHARE


@click.command("adapt")
@click.argument("folder")
@pretraining_options(
    click.option(
        "--general-held-out",
        multiple=True,
        type=click.Path(file_okay=False),
        help="A corpus to measure what is forgotten on; repeatable.",
    ),
    click.option("--replay", type=click.Path(file_okay=False), help="A general corpus that each batch has some of."),
    click.option("--replay-share", type=float, help=f"Share of a batch's inputs.  [default: {REPLAY_SHARE}]"),
    defaults=OF_A_FURTHER,
    without=("word_vectors", "local_start"),
)
def command(folder: str, corpus: str, out: str, progress: Optional[bool], as_json: bool, **arguments: Any) -> None:
    """Go on with the pretraining of the model FOLDER on a domain's text, and write another folder.

    The corpus must have FOLDER's vocabulary. What was gained on --held-out corpora and forgotten on --general-held-out
    ones is measured before and after. An adaptation that was stopped or killed goes on when the same command is given
    again; OUT.pretraining has its log, its curves and the latest weights.

    \b
    Example:
      albert-edge adapt mini-en/ --corpus law/train --held-out law/held-out --steps 2000 --out mini-law/ \\
          --replay books/train --general-held-out books/held-out
    """
    from albert_edge.training.reporting import TerminalReporter

    report = albert_edge.adapt(folder, corpus, out, reporter=TerminalReporter(progress), **arguments)
    if as_json:
        print_json(report)
        return
    _print_changes(report)
    print_spent(out, report)


def _print_changes(report: Mapping[str, Any]) -> None:
    """A line a corpus and score."""
    rows = [
        [kind, name, score.replace("_", " "), *_written(score, change)]
        for kind in ("gained", "forgotten")
        for name, scores in report[kind].items()
        for score, change in scores.items()
    ]
    if rows:
        print_table(["", "held out", "", "before", "after", "difference"], rows)


def _written(score: str, change: Mapping[str, float]) -> list[str]:
    before, after, difference = (change[name] for name in ("before", "after", "difference"))
    if "perplexity" in score:
        return [f"{before:.1f}", f"{after:.1f}", f"{difference:+.1f}"]
    return [f"{before:.1%}", f"{after:.1%}", f"{100 * difference:+.1f}"]

"""`albert-edge pretrain`."""

from __future__ import annotations

from typing import Any, Optional

import click

import albert_edge
from albert_edge.cli.options import print_json
from albert_edge.cli.pretraining_options import COUNT, pretraining_options, print_held_out, print_spent
from albert_edge.model.sizes import SIZES


@click.command("pretrain")
@pretraining_options(
    click.option(
        "--size", type=click.Choice(list(SIZES)), default="mini", show_default=True, help="The model's shape."
    ),
    click.option("--layers", type=COUNT, help="Another depth than the size's own: it costs no parameter."),
)
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
    print_held_out(report)
    print_spent(out, report)

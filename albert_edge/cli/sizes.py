"""`albert-edge sizes`."""

from __future__ import annotations

from typing import Any, Optional

import click

import albert_edge
from albert_edge.cli.options import json_option, print_json, print_table


@click.command("sizes")
@click.option("--layers", type=click.IntRange(1), help="Count every size with this depth: it costs ALBERT nothing.")
@click.option(
    "--vocab-size", type=click.IntRange(5), help="Pieces in the vocabulary.  [default: ALBERT 30000, BERT 30522]"
)
@json_option
def command(layers: Optional[int], vocab_size: Optional[int], as_json: bool) -> None:
    """List the named model sizes and their parameters, beside a BERT of the same shape.

    \b
    Example:
      albert-edge sizes --layers 6
    """
    rows = albert_edge.sizes(layers=layers, vocab_size=vocab_size)
    if as_json:
        print_json(rows)
        return
    header = ["size", "layers", "hidden", "heads", "parameters", "paper", "BERT", "BERT / ALBERT"]
    print_table(header, map(_cells, rows))


def _cells(row: dict[str, Any]) -> list[str]:
    paper = row["paper_parameters_millions"]
    return [
        row["name"],
        str(row["layers"]),
        str(row["hidden_size"]),
        str(row["attention_heads"]),
        f"{row['parameters']:,}",
        "-" if paper is None else f"{paper},000,000",
        f"{row['bert_parameters']:,}",
        f"{row['bert_ratio']:.1f}",
    ]

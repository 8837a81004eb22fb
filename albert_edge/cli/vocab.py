"""`albert-edge vocab`."""

from __future__ import annotations

from typing import Any, Optional

import click

from albert_edge.cli.options import json_option, overwrite_option, print_json, print_table, text_column_options


@click.command()
@click.argument("inputs", nargs=-1, required=True)
@click.option("--out", required=True, help="The SentencePiece model to write.")
@click.option("--size", type=click.IntRange(1), default=30000, show_default=True, help="Pieces, special ones included.")
@click.option("--at-most", is_flag=True, help="Take a smaller size where the texts can't fill it.")
@click.option(
    "--character-coverage",
    type=float,
    default=0.99995,
    show_default=True,
    help="Share of the texts' characters that get a piece; 0.9995 is usual for Chinese and Japanese.",
)
@click.option("--cased", is_flag=True, help="Keep upper case.  [default: lower-case every text]")
@click.option("--keep-accents", is_flag=True, help="Keep accents.  [default: drop them]")
@text_column_options
@overwrite_option
@json_option
def command(
    inputs: tuple[str, ...],
    cased: bool,
    as_json: bool,
    text_column: Optional[str],
    text_pair_column: Optional[str],
    **arguments: Any,
) -> None:
    """Train a SentencePiece vocabulary for ALBERT on INPUTS.

    Inputs are .txt files with a text a line, or .tsv, .csv and .jsonl tables. How texts are cleaned up (--cased,
    --keep-accents) is kept in a tokenizer_config.json beside the vocabulary unless that is the default.

    \b
    Example:
      albert-edge vocab books.txt news.tsv --out spiece.model --size 8000
    """
    from albert_edge.text.tables import Columns
    from albert_edge.text.vocabulary import vocab

    click.echo("training a vocabulary", err=True)
    columns = Columns.from_options(text_column, text_pair_column, None)
    made = vocab(inputs, lower_case=not cased, columns=columns, **arguments)
    if as_json:
        print_json(made)
    else:
        print_table(["vocabulary", "pieces", "bytes"], [[made["out"], made["size"], made["bytes"]]])

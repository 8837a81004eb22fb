"""`albert-edge prune-vocab`."""

from __future__ import annotations

import dataclasses
from typing import Any, Optional

import click

import albert_edge
from albert_edge.cli.options import json_option, overwrite_option, print_json, print_table, text_column_options


@click.command("prune-vocab")
@click.argument("model")
@click.option(
    "--keep-from",
    required=True,
    multiple=True,
    type=click.Path(dir_okay=False),
    help="A data file of the model's task, or a .txt with a text a line; give it again for more files.",
)
@click.option("--out", required=True, type=click.Path(), help="The folder to write.")
@text_column_options
@click.option(
    "--min-count",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Keep a piece that at least so many texts need; with more than 1 some texts are cut into smaller pieces.",
)
@click.option("--data", type=click.Path(dir_okay=False), help="Say how many texts of this file keep their pieces.")
@click.option("--data-text-column", help="In --data, where it is another one.")
@overwrite_option
@json_option
def command(
    model: str,
    text_column: Optional[str],
    text_pair_column: Optional[str],
    data_text_column: Optional[str],
    as_json: bool,
    **arguments: Any,
) -> None:
    """Write the folder MODEL without the vocabulary pieces that a domain never uses.

    Tokenizer and table shrink together; texts whose pieces all survive are answered exactly as before. Every text of
    --keep-from is cut anew to check that. `albert-edge train --from` the new folder teaches it texts with others.

    \b
    Example:
      albert-edge prune-vocab news/ --keep-from train.tsv --data dev.tsv --out domain/
    """
    from albert_edge.text.tables import Columns

    if data_text_column is not None and arguments["data"] is None:
        raise click.UsageError(f"--data-text-column belongs to --data; received {data_text_column!r} alone")
    columns = Columns.from_options(text_column, text_pair_column, None)
    data_columns = columns if data_text_column is None else dataclasses.replace(columns, text=data_text_column)
    report = albert_edge.prune_vocab(model, columns=columns, data_columns=data_columns, **arguments)
    if as_json:
        print_json(report)
        return
    rows = [[what, *_both(report[what])] for what in ("pieces", "table_bytes", "weights_bytes")]
    print_table(["", "before", "after", "share"], rows)
    click.echo(f"{report['texts_kept']:,} of {report['texts']:,} texts keep their pieces, checked by cutting them anew")
    if report["data"] is not None:
        within, texts = report["data"]["within"], report["data"]["texts"]
        click.echo(f"{report['data']['path']}: all pieces survive of {within:,} of {texts:,} texts")


def _both(values: dict[str, int]) -> list[str]:
    before, after = values["before"], values["after"]
    return [f"{before:,}", f"{after:,}", f"{after / before:.1%}"]

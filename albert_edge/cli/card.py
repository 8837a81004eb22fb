"""`albert-edge card`."""

from __future__ import annotations

from typing import Optional

import click

from albert_edge.cli.options import json_option, overwrite_option, print_json


@click.command("card")
@click.argument("path")
@click.option("--result", "results", multiple=True, type=click.Path(), help="Add what `bench --out` measured of PATH.")
@click.option("--out", type=click.Path(), help="Write the Markdown to this file.  [default: standard output]")
@overwrite_option
@json_option
def command(path: str, results: tuple[str, ...], out: Optional[str], overwrite: bool, as_json: bool) -> None:
    """Show the model card of the .tflite PATH: task, data, metrics, sizes, limits, licence, in Markdown.

    `convert` writes it into the file and beside it; figures that were measured later are added here.

    \b
    Example:
      albert-edge card news.tflite --result result.json --out news.card.md --overwrite
    """
    import albert_edge

    found = albert_edge.card(path, results, out, overwrite)
    if as_json:
        print_json(found)
    elif out is None:
        click.echo(found["card"], nl=False)
    else:
        click.echo(f"{out}: {len(found['card'].encode()):,} bytes")

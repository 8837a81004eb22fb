"""`albert-edge similar`."""

from __future__ import annotations

from typing import Optional

import click

import albert_edge
from albert_edge.cli.options import json_option, print_json_line, runtime_option, text_column_option, threads_option


@click.command("similar")
@click.argument("path")
@click.argument("query")
@click.option(
    "--file",
    help="Texts to compare with: those of a .tsv, .csv or .jsonl, or one a line.  [default: standard input]",
)
@text_column_option
@click.option("-k", type=click.IntRange(1), default=5, show_default=True, help="How many to show.")
@click.option("--max-depth", type=int, help="Apply only this many layers (looped layout).  [default: all]")
@threads_option
@runtime_option
@json_option
def command(
    path: str,
    query: str,
    file: Optional[str],
    text_column: Optional[str],
    k: int,
    max_depth: Optional[int],
    threads: int,
    runtime: Optional[str],
    as_json: bool,
) -> None:
    """Find the texts nearest to QUERY by the vectors of the .tflite at PATH, which has a feature-extraction head.

    Each text runs once, and every vector is compared: for a few hundred thousand texts, not for millions. The table
    has the cosine, the text's number from 1 and the text; with --json each text is an object on one line, its index
    from 0.

    \b
    Example:
      albert-edge similar embedder.tflite "Oil prices rise" --file texts.txt -k 5 --json
    """
    from albert_edge.cli.predictions import similar_line
    from albert_edge.cli.requests import Source

    texts = Source(file=file, text_column=text_column).items(("feature-extraction",))
    for found in albert_edge.similar(path, query, texts, k, max_depth, threads, runtime):
        if as_json:
            print_json_line(found.to_dict())
        else:
            click.echo(similar_line(found))

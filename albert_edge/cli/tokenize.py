"""`albert-edge tokenize`."""

from __future__ import annotations

from typing import Any, Optional

import click

from albert_edge.cli.options import input_texts, json_option, print_json_line, print_table, texts_argument


@click.command()
@click.argument("path")
@texts_argument
@click.option("--file", help="Read the texts from this file, one a line.  [default: standard input]")
@click.option(
    "--rules",
    type=click.Choice(["google", "huggingface"]),
    help="Whose ids to give.  [default: those that the model at PATH was trained with]",
)
@json_option
def command(path: str, texts: tuple[str, ...], file: Optional[str], rules: Optional[str], as_json: bool) -> None:
    """Turn texts into ids, pieces and offsets with the tokenizer at PATH.

    PATH is a .tflite, a model folder, or one of its files spiece.model, vocab.txt and tokenizer.json. Texts are TEXTS,
    or else the lines of --file or of standard input. Offsets count characters of the text, [start, end); the white
    space before a word belongs to no piece. One vocabulary gives other ids in Google's program than in transformers:
    --rules names whose; under huggingface, [MASK] in a text is shown as the mask piece.

    \b
    Example:
      albert-edge tokenize spiece.model "Oil prices rise" --rules huggingface --json
    """
    from albert_edge.text.tokenizer import tokenize

    for result in tokenize(path, input_texts(texts, file), rules):
        if as_json:
            print_json_line(result)
        else:
            _print_pieces(result)


def _print_pieces(result: dict[str, Any]) -> None:
    click.echo(result["text"])
    spans = [(f"{start}-{end}", result["text"][start:end]) for start, end in result["offsets"]]
    rows = [[piece_id, piece, *span] for piece_id, piece, span in zip(result["ids"], result["pieces"], spans)]
    print_table(["id", "piece", "characters", "text"], rows)
    click.echo()

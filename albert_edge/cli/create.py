"""`albert-edge create`."""

from __future__ import annotations

from typing import Optional

import click

import albert_edge
from albert_edge.cli.options import json_option, overwrite_option, print_json, seed_option
from albert_edge.config import PROBLEM_TYPES
from albert_edge.model.sizes import SIZES


@click.command("create")
@click.option("--size", type=click.Choice(list(SIZES)), default="base", show_default=True)
@click.option("--task", default="text-classification", show_default=True, help="What it answers, as train has it.")
@click.option(
    "--vocab", required=True, type=click.Path(), help="A SentencePiece model or vocab.txt, or a model's folder."
)
@click.option("--labels", help="The labels of a task that has some, separated by commas.")
@click.option("--out", required=True, type=click.Path(), help="The folder to write.")
@click.option("--layers", type=click.IntRange(1), help="Another depth than the size's own.")
@click.option("--problem-type", type=click.Choice(PROBLEM_TYPES), help="What the logits mean.  [default: one label]")
@click.option("--cased", is_flag=True, help="The tokenizer keeps upper case.  [default: as beside the vocabulary]")
@click.option("--keep-accents", is_flag=True, help="The tokenizer keeps accents.  [default: as beside the vocabulary]")
@seed_option
@overwrite_option
@json_option
def command(
    size: str,
    task: str,
    vocab: str,
    labels: Optional[str],
    out: str,
    layers: Optional[int],
    problem_type: Optional[str],
    cased: bool,
    keep_accents: bool,
    seed: int,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write a model with random weights, for measuring.

    \b
    Example:
      albert-edge create --size tiny --vocab spiece.model --labels no,yes --out random/
    """
    made = albert_edge.create(
        out,
        size,
        vocab,
        None if labels is None else [label.strip() for label in labels.split(",")],
        task=task,
        layers=layers,
        seed=seed,
        lower_case=False if cased else None,
        keep_accents=True if keep_accents else None,
        problem_type=problem_type,
        overwrite=overwrite,
    )
    if as_json:
        print_json(made)
    else:
        click.echo(f"{made['folder']}: {made['size']}, {made['layers']} layers, {made['parameters']:,} parameters")

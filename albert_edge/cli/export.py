"""`albert-edge export`."""

from __future__ import annotations

import click

import albert_edge
from albert_edge.cli.options import json_option, overwrite_option, print_json
from albert_edge.model.formats import EXPORT_FORMATS, WEIGHT_TYPES


@click.command("export")
@click.argument("model")
@click.option("--out", required=True, type=click.Path(), help="The folder to write.")
@click.option(
    "--format",
    "checkpoint_format",
    required=True,
    type=click.Choice(EXPORT_FORMATS),
    help="The program that shall read it.",
)
@click.option(
    "--dtype",
    type=click.Choice(WEIGHT_TYPES),
    default="float32",
    show_default=True,
    help="What the weights are stored in; float16 is for huggingface only.",
)
@overwrite_option
@json_option
def command(model: str, out: str, checkpoint_format: str, dtype: str, overwrite: bool, as_json: bool) -> None:
    """Write the model folder MODEL in another program's format.

    \b
    Example:
      albert-edge export model/ --format google-tf1 --out ckpt/
    """
    report = albert_edge.export_checkpoint(model, out, checkpoint_format, dtype=dtype, overwrite=overwrite)
    if as_json:
        print_json(report)
    else:
        click.echo(
            f"{report['folder']}: {report['class']} as {report['format']}, {report['tensors']} tensors"
            + (f", {report['zero_heads']} attention heads of zeros" if report["zero_heads"] else "")
            + "".join(f"\ndropped: {entry['name']} ({entry['reason']})" for entry in report["dropped"])
        )

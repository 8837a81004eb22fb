"""`albert-edge convert`: a model folder into one verified `.tflite`."""

from __future__ import annotations

from typing import Optional

import click

from albert_edge.cli.options import json_option, overwrite_option, print_json, print_table


@click.command("convert")
@click.argument("model")
@click.argument("out", type=click.Path(dir_okay=False))
@click.option("--scheme", default="dynamic-range", show_default=True, help="float32, float16 or dynamic-range.")
@click.option(
    "--target",
    "targets",
    multiple=True,
    default=["litert"],
    show_default=True,
    help="A runtime that must load the file and answer as the model does: litert, tflite-runtime==2.14.0. Repeatable.",
)
@click.option("--layout", default="looped", show_default=True, help="looped or unrolled.")
@click.option("--length", type=int, help="Tokens, of the unrolled layout only.")
@overwrite_option
@json_option
def command(
    model: str,
    out: str,
    scheme: str,
    targets: tuple[str, ...],
    layout: str,
    length: Optional[int],
    overwrite: bool,
    as_json: bool,
) -> None:
    """Convert the folder MODEL (or hf:owner/name@revision) into the file OUT.

    The file is compared with the Keras model on each target before it is written; if an answer is too far off, nothing
    is written.

    \b
    Example:
      albert-edge convert news/ news.tflite --scheme dynamic-range --target litert
    """
    import albert_edge

    report = albert_edge.convert(
        model, out, scheme=scheme, targets=targets, layout=layout, length=length, overwrite=overwrite
    )
    if as_json:
        print_json(report)
        return
    click.echo(f"{out}: {report['file_bytes']:,} bytes, {report['scheme']}, {report['layout']}")
    print_table(
        ["verified on", "relative error", "allowed", "largest difference"],
        [
            (
                check["target"],
                f"{check['relative_error']:.5f}",
                f"{check['relative_tolerance']}",
                f"{check['max_abs_difference']:.5f}",
            )
            for check in report["verified"]
        ],
    )

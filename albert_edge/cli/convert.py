"""`albert-edge convert`: a model folder into one verified `.tflite`."""

from __future__ import annotations

from typing import Any, Optional

import click

from albert_edge.cli.options import json_option, overwrite_option, print_json, print_table
from albert_edge.settings import POOLINGS


@click.command("convert")
@click.argument("model")
@click.argument("out", type=click.Path(dir_okay=False))
@click.option("--task", help="What the file answers, as tag or token-classification.  [default: the folder's task]")
@click.option(
    "--with",
    "with_",
    multiple=True,
    metavar="FOLDER[=TASK]",
    help="A further head on the same encoder, which was frozen when it was trained. Repeatable.",
)
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
@click.option("--pooling", type=click.Choice(POOLINGS), help="Of an embedding.  [default: the folder's]")
@click.option("--normalize/--no-normalize", default=None, help="Of an embedding: length 1.  [default: the folder's]")
@click.option("--max-length", type=int, help="Tokens of a window of a long text.  [default: the folder's]")
@click.option("--stride", type=int, help="Tokens from one window to the next.  [default: the folder's]")
@click.option("--no-answer-threshold", type=float, help="Of question-answering.  [default: the folder's]")
@overwrite_option
@json_option
def command(
    model: str,
    out: str,
    task: Optional[str],
    with_: tuple[str, ...],
    scheme: str,
    targets: tuple[str, ...],
    layout: str,
    length: Optional[int],
    pooling: Optional[str],
    normalize: Optional[bool],
    max_length: Optional[int],
    stride: Optional[int],
    no_answer_threshold: Optional[float],
    overwrite: bool,
    as_json: bool,
) -> None:
    """Convert the folder MODEL (or hf:owner/name@revision) into the file OUT.

    The file is compared with the Keras model on each target before it is written; if an answer is too far off, nothing
    is written. With --with it answers for several heads from one pass.

    \b
    Example:
      albert-edge convert news/ news.tflite --scheme dynamic-range --target litert
      albert-edge convert pretrained/ both.tflite --task sentence-order --with pretrained/=fill-mask
    """
    import albert_edge

    report = albert_edge.convert(
        model,
        out,
        task=task,
        with_=with_,
        scheme=scheme,
        targets=targets,
        layout=layout,
        length=length,
        pooling=pooling,
        normalize=normalize,
        max_length=max_length,
        stride=stride,
        no_answer_threshold=no_answer_threshold,
        overwrite=overwrite,
    )
    if as_json:
        print_json(report)
        return
    click.echo(f"{out}: {report['file_bytes']:,} bytes, {report['scheme']}, {report['layout']}")
    _print_checks(report)


def _print_checks(report: dict[str, Any]) -> None:
    print_table(
        ["verified on", "output", "relative error", "allowed", "largest difference"],
        [
            (
                check["target"],
                name,
                f"{output['relative_error']:.5f}",
                f"{check['relative_tolerance']}",
                f"{output['max_abs_difference']:.5f}",
            )
            for check in report["verified"]
            for name, output in check["outputs"].items()
        ],
    )

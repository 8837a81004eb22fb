"""`albert-edge convert`: a model folder into one verified `.tflite`."""

from __future__ import annotations

from typing import Any, Mapping, Optional

import click

from albert_edge.cli.options import (
    exit_line,
    exit_options,
    json_option,
    overwrite_option,
    print_json,
    print_table,
    text_column_options,
)
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
@click.option(
    "--scheme",
    default="dynamic-range",
    show_default=True,
    help="float32, float16, dynamic-range, int8, int16x8, int4 or mixed.",
)
@click.option(
    "--part",
    "parts",
    multiple=True,
    metavar="PART=PRECISION",
    help="Store one part otherwise than the scheme does, as embedding=int4: float32, float16, int8, int4. Repeatable.",
)
@click.option(
    "--parts",
    "parts_file",
    type=click.Path(dir_okay=False),
    help="The same for several parts, as `sensitivity --out` writes it.",
)
@click.option(
    "--calibrate",
    type=click.Path(dir_okay=False),
    help="Texts that the rounding and the activations' ranges are fitted to, as train.tsv; int8 and int16x8 need it.",
)
@text_column_options
@click.option(
    "--activation-scales",
    default="auto",
    show_default=True,
    help="Of int8 and int16x8: one range for all depths (shared), one a depth (per-depth, unrolled), or measured.",
)
@click.option(
    "--range-method",
    default="mse",
    show_default=True,
    help="Of int8 and int16x8: the ranges of the least squared error on --calibrate (mse), or of 99.99 % of the values "
    "(percentile).",
)
@click.option("--integer-outputs", is_flag=True, help="Of int8 and int16x8: give integers, for accelerators.")
@click.option(
    "--target",
    "targets",
    multiple=True,
    default=["litert"],
    show_default=True,
    help="A runtime that must load the file and answer as the model does: litert, litert==VERSION, "
    "tflite-runtime==2.14.0, android-2.16.1, a board (raspberry-pi-4) or another device. Repeatable.",
)
@click.option("--layout", default="looped", show_default=True, help="looped or unrolled.")
@click.option("--length", type=int, help="Tokens, of the unrolled layout only.")
@click.option("--pooling", type=click.Choice(POOLINGS), help="Of an embedding.  [default: the folder's]")
@click.option("--normalize/--no-normalize", default=None, help="Of an embedding: length 1.  [default: the folder's]")
@click.option("--max-length", type=int, help="Tokens of a window of a long text.  [default: the folder's]")
@click.option("--stride", type=int, help="Tokens from one window to the next.  [default: the folder's]")
@click.option("--no-answer-threshold", type=float, help="Of question-answering.  [default: the folder's]")
@exit_options
@click.option("--licence", help="Of the model, for its card, as Apache-2.0.  [default: the folder's README.md]")
@overwrite_option
@json_option
def command(
    model: str,
    out: str,
    task: Optional[str],
    with_: tuple[str, ...],
    scheme: str,
    parts: tuple[str, ...],
    parts_file: Optional[str],
    calibrate: Optional[str],
    text_column: Optional[str],
    text_pair_column: Optional[str],
    activation_scales: str,
    range_method: str,
    integer_outputs: bool,
    targets: tuple[str, ...],
    layout: str,
    length: Optional[int],
    pooling: Optional[str],
    normalize: Optional[bool],
    max_length: Optional[int],
    stride: Optional[int],
    no_answer_threshold: Optional[float],
    exit_: str,
    exit_threshold: Optional[float],
    exit_data: Optional[str],
    exit_max_drop: Optional[float],
    licence: Optional[str],
    overwrite: bool,
    as_json: bool,
) -> None:
    """Convert the folder MODEL (or hf:owner/name@revision) into the file OUT.

    The file is compared with the Keras model on each target before it is written; if an answer is too far off, nothing
    is written. With --with it answers for several heads from one pass. With --exit the loop stops once it is sure, at a
    confidence that --exit-data tells.

    \b
    Example:
      albert-edge convert news/ news.tflite --scheme dynamic-range --target litert
      albert-edge convert news/ small.tflite --scheme int4 --part ffn_out=int8 --calibrate train.tsv
      albert-edge convert news/ integer.tflite --scheme int8 --calibrate train.tsv
      albert-edge convert news/ news.tflite --exit entropy --exit-data dev.tsv --exit-max-drop 0.5
      albert-edge convert pretrained/ both.tflite --task sentence-order --with pretrained/=fill-mask
    """
    if (text_column or text_pair_column) and not (calibrate or exit_data):
        raise click.UsageError(
            "--text-column and --text-pair-column belong to --calibrate and --exit-data; received neither"
        )
    import albert_edge
    from albert_edge.text.tables import Columns
    from converters.parts import parse_parts, read_parts

    report = albert_edge.convert(
        model,
        out,
        task=task,
        with_=with_,
        scheme=scheme,
        parts={**(read_parts(parts_file) if parts_file else {}), **parse_parts(parts)},
        calibrate=calibrate,
        columns=Columns.from_options(text_column, text_pair_column, None),
        activation_scales=activation_scales,
        range_method=range_method,
        integer_outputs=integer_outputs,
        targets=targets,
        layout=layout,
        length=length,
        pooling=pooling,
        normalize=normalize,
        max_length=max_length,
        stride=stride,
        no_answer_threshold=no_answer_threshold,
        exit=exit_,
        exit_threshold=exit_threshold,
        exit_data=exit_data,
        exit_max_drop=exit_max_drop,
        licence=licence,
        overwrite=overwrite,
    )
    if as_json:
        print_json(report)
        return
    click.echo(f"{out}: {report['file_bytes']:,} bytes, {report['scheme']}, {report['layout']}")
    if "activation_scales" in report:
        click.echo(_scales_line(report["activations"], report["activation_scales"]))
    if report["exit"]:
        click.echo(exit_line(report["exit"]))
    _print_checks(report)


def _scales_line(activations: str, found: Mapping[str, Any]) -> str:
    """Which of the two ways was taken, and on what ground."""
    source = f"by {found['ranges']} on {found['texts']:,} texts" if found["texts"] else f"from {found['ranges']}"
    return f"activations: {activations}, scales {found['used']} (asked for: {found['asked']}), ranges {source}"


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

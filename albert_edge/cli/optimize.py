"""`albert-edge optimize`: which file of a model is best, found by trying."""

from __future__ import annotations

import sys
from typing import Any, Mapping, Optional

import click

from albert_edge.cli.options import (
    column_options,
    json_option,
    label_separator_option,
    overwrite_option,
    print_json,
    print_table,
)


@click.command("optimize")
@click.argument("model")
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="The .tflite to write.")
@click.option(
    "--data", required=True, type=click.Path(dir_okay=False), help="Labelled data: scores, exits, latency are of it."
)
@click.option("--calibrate", type=click.Path(dir_okay=False), help="Texts to fit rounding and activations to.")
@click.option(
    "--target",
    "targets",
    multiple=True,
    default=["litert"],
    show_default=True,
    help="A runtime that the file must be right on, as for convert. Repeatable.",
)
@click.option(
    "--max-drop",
    type=click.FloatRange(0, 100, max_open=True),
    default=0.5,
    show_default=True,
    help="Points of the task's first metric that the file may lose from the Keras model.",
)
@click.option(
    "--prefer",
    type=click.Choice(["balanced", "latency", "size"]),
    default="balanced",
    show_default=True,
    help="What the best is: the least product of bytes and latency, the fastest, or the smallest.",
)
@click.option("--schemes", help="What to try beside float32, with commas, as dynamic-range,int4.  [default: all]")
@click.option("--layout", default="looped", show_default=True, help="looped or unrolled.")
@click.option("--length", type=int, help="Tokens, of the unrolled layout only.")
@click.option("--plot", type=click.Path(dir_okay=False), help="Draw all files into this .svg or .png.")
@click.option("--report", type=click.Path(dir_okay=False), help="Write what --json prints to this file too.")
@column_options
@label_separator_option
@overwrite_option
@json_option
def command(
    model: str,
    out: str,
    schemes: Optional[str],
    text_column: Optional[str],
    text_pair_column: Optional[str],
    label_column: Optional[str],
    label_separator: Optional[str],
    as_json: bool,
    **arguments: Any,
) -> None:
    """Try every way to convert the folder MODEL and write the best file that keeps its accuracy.

    Each is verified and scored on each target; all are timed on texts of --data, in turn, on this machine. A file that
    fails its check is never chosen. Exit code 1, and no file, if none is within --max-drop.

    \b
    Example:
      albert-edge optimize news/ --data dev.tsv --calibrate train.tsv --target litert --out best.tflite
    """
    import albert_edge
    from albert_edge.text.tables import Columns

    report = albert_edge.optimize(
        model,
        out,
        schemes=[] if schemes is None else schemes.split(","),
        columns=Columns.from_options(text_column, text_pair_column, label_column, label_separator),
        tell=lambda line: click.echo(line, err=True),
        **arguments,
    )
    if as_json:
        print_json(report)
    else:
        _print(report)
    if report["chosen"] is None:
        click.echo(f"albert-edge: failed: a file must lose at most {report['max_drop']:g} points; none did", err=True)
        sys.exit(1)


def _print(report: Mapping[str, Any]) -> None:
    files = [row for row in report["rows"] if row["failed"] is None]
    header = ["file", report["metric"].replace("_", " "), "drop", "bytes"]
    for target in report["targets"]:
        header += [f"ms, {target}", "x float32"]
    print_table([*header, ""], [_cells(row, report) for row in files])
    click.echo(f"Keras: {report['keras']['score']:.2f} on {report['keras']['examples']:,} examples; ms: mean a text")
    for row in report["rows"]:
        if row["failed"] is not None:
            click.echo(f"failed: {row['name']}: {row['failed']}")
    for line in report["not_tried"]:
        click.echo(f"not tried: {line}")
    if report["chosen"] is not None:
        click.echo(f"{report['out']}: {report['chosen']}, {report['file_bytes']:,} bytes")


def _cells(row: Mapping[str, Any], report: Mapping[str, Any]) -> list[str]:
    cells = [row["name"], f"{min(row['scores'].values()):.2f}", f"{row['drop']:.2f}", f"{row['file_bytes']:,}"]
    slower = []
    for target in report["targets"]:
        timing = row["timings"][target]
        times = timing["times_float32"]
        cells += [f"{timing['mean_ms']:.2f}", "-" if times is None else f"{times:.2f}"]
        slower += [target] if timing["is_slower"] else []
    remarks = {
        "chosen": row["name"] == report["chosen"],
        "on the front": row["on_front"],
        "loses too much": not row["allowed"],
        f"slower than float32 on {', '.join(slower)}": bool(slower),
    }
    return [*cells, ", ".join(remark for remark, holds in remarks.items() if holds)]

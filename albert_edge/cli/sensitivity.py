"""`albert-edge sensitivity`: what each part of a model loses in fewer bits, and a mixture for `convert --parts`."""

from __future__ import annotations

from typing import Any, Mapping, Optional

import click
from click.core import ParameterSource

from albert_edge.cli.options import (
    column_options,
    json_option,
    label_separator_option,
    overwrite_option,
    print_json,
    print_table,
    threads_option,
)


@click.command("sensitivity")
@click.argument("model")
@click.option("--data", required=True, type=click.Path(dir_okay=False), help="Labelled data, as `evaluate` takes it.")
@click.option("--precision", default="int8", show_default=True, help="What each part is tried in: int8 or int4.")
@click.option("--task", help="As tag or token-classification.  [default: the folder's task]")
@click.option("--calibrate", type=click.Path(dir_okay=False), help="Texts to fit the rounding to, as train.tsv.")
@click.option(
    "--max-drop",
    type=click.FloatRange(0),
    default=0.5,
    show_default=True,
    help="What the mixture may lose, in points of the task's first metric.",
)
@click.option("--limit", type=click.IntRange(1), help="Use the first so many examples.")
@click.option("--out", type=click.Path(dir_okay=False), help="Write the mixture there, for `convert --parts`.")
@click.option("--layers", is_flag=True, help="Compare activations, layer by layer, in place of the parts.")
@click.option("--scheme", default="int8", show_default=True, help="Of --layers: the file that is looked at.")
@column_options
@label_separator_option
@threads_option
@overwrite_option
@json_option
def command(
    model: str,
    data: str,
    precision: str,
    task: Optional[str],
    calibrate: Optional[str],
    max_drop: float,
    limit: Optional[int],
    out: Optional[str],
    layers: bool,
    scheme: str,
    text_column: Optional[str],
    text_pair_column: Optional[str],
    label_column: Optional[str],
    label_separator: Optional[str],
    threads: int,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Store one part of the folder MODEL at a time in fewer bits, and measure on the data what that costs.

    The parts: embedding, projection, query, key, value, attention_output, ffn_in, ffn_out, pooler, head. At the end
    stands the smallest mixture that was measured to lose no more than --max-drop; --out writes it for
    `convert --scheme mixed --parts`.

    \b
    Example:
      albert-edge sensitivity news/ --data dev.tsv --precision int4 --out parts.json
      albert-edge sensitivity news/ --data dev.tsv --layers --scheme int8 --calibrate train.tsv
    """
    import albert_edge
    from albert_edge.text.tables import Columns

    _refuse_unused(layers)
    columns = Columns.from_options(text_column, text_pair_column, label_column, label_separator)
    if layers:
        from converters.tracing import TRACED_TEXTS, trace

        traced = trace(
            model, data, scheme=scheme, task=task, calibrate=calibrate, columns=columns, limit=limit or TRACED_TEXTS
        )
        print_json(traced) if as_json else _print_layers(traced)
        return
    report = albert_edge.sensitivity(
        model,
        data,
        precision=precision,
        task=task,
        calibrate=calibrate,
        max_drop=max_drop,
        columns=columns,
        limit=limit,
        threads=threads,
        out=out,
        overwrite=overwrite,
    )
    if as_json:
        print_json(report)
        return
    _print_report(report)


def _refuse_unused(layers: bool) -> None:
    """An option of the other of the two reports would be ignored."""
    context = click.get_current_context()
    for name in ("precision", "max_drop", "threads", "out", "overwrite") if layers else ("scheme",):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = f"--{name.replace('_', '-')}"
            wanted = "must be left out with --layers" if layers else "belongs to --layers"
            raise click.UsageError(f"{option} {wanted}; received {context.params[name]!r}")


def _print_layers(traced: Mapping[str, Any]) -> None:
    click.echo(f"{traced['scheme']} against float32, {traced['texts']} texts in {traced['length']} tokens")
    print_table(
        ["point", "layer", "relative error", "SQNR dB"],
        [
            (
                row["point"],
                str(row["depth"] + 1 or "-"),
                f"{row['relative_error']:.5f}",
                "-" if row["sqnr_db"] is None else f"{row['sqnr_db']:.1f}",
            )
            for row in traced["rows"]
        ],
    )


def _print_report(report: Mapping[str, Any]) -> None:
    base = report["float32"]
    scored = f"{report['metric']} {base['score']:.2f} on {report['examples']:,}"
    click.echo(f"float32: {scored}, {base['model_bytes']:,} bytes")
    print_table(
        ["part", "precision", "bytes saved", report["metric"], "drop", "relative error", "KL", "same answer"],
        [_cells(row) for row in [*report["rows"], report["mixture"]]],
    )
    verdict = "the proposed mixture" if report["mixture"]["within"] else "no mixture is within the drop; the nearest"
    click.echo(f"{verdict}: " + " ".join(f"{part}={precision}" for part, precision in report["mixed"].items()))


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    kl, agreement = row["kl"], row["top1_agreement"]
    return (
        row["part"],
        row["precision"],
        f"{row['bytes_saved']:,}",
        f"{row['score']:.2f}",
        f"{row['drop']:.2f}",
        f"{row['relative_error']:.4f}",
        "-" if kl is None else f"{kl:.5f}",
        "-" if agreement is None else f"{agreement:.4f}",
    )

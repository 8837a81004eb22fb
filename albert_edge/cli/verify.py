"""`albert-edge verify`: a `.tflite` against the model that it came from."""

from __future__ import annotations

import sys
from typing import Optional

import click

from albert_edge.cli.options import (
    column_options,
    json_option,
    print_json,
    print_table,
    runtime_option,
    threads_option,
)


@click.command("verify")
@click.argument("path")
@click.option("--reference", required=True, help="The model's folder, or hf:owner/name@revision.")
@click.option("--with", "with_", multiple=True, metavar="FOLDER[=TASK]", help="Of a further head, as for convert.")
@click.option("--data", type=click.Path(dir_okay=False), help="Texts to compare on.  [default: random token ids]")
@column_options
@click.option(
    "--min-agreement",
    type=click.FloatRange(0, 1),
    default=0.97,
    show_default=True,
    help="Share of the answers (of texts, tokens, masks) that must be the reference's; least cosine of embeddings.",
)
@threads_option
@runtime_option
@json_option
def command(
    path: str,
    reference: str,
    with_: tuple[str, ...],
    data: Optional[str],
    text_column: Optional[str],
    text_pair_column: Optional[str],
    label_column: Optional[str],
    min_agreement: float,
    threads: int,
    runtime: Optional[str],
    as_json: bool,
) -> None:
    """Compare the .tflite PATH with its reference: token ids equal, outputs close, answers the same.

    Exit code 1 if they are not.

    \b
    Example:
      albert-edge verify news.tflite --reference news/ --data dev.tsv
    """
    import albert_edge
    from albert_edge.text.tables import Columns

    report = albert_edge.verify(
        path,
        reference,
        data,
        with_=with_,
        columns=Columns.from_options(text_column, text_pair_column, label_column),
        min_agreement=min_agreement,
        threads=threads,
        runtime=runtime,
    )
    if as_json:
        print_json(report)
    else:
        rows = [(name, _shown(report[name])) for name in _SHOWN if report[name] is not None]
        print_table(["comparison", "value"], rows)
        if len(report["outputs"]) > 1:
            click.echo(f"(the worst of {', '.join(report['outputs'])})")
    for failure in report["failures"]:
        click.echo(f"albert-edge: failed: {failure}", err=True)
    sys.exit(1 if report["failures"] else 0)


_SHOWN = (
    "runtime",
    "texts",
    "equal_token_ids",
    "top1_agreement",
    "relative_error",
    "relative_tolerance",
    "max_abs_difference",
    "mean_abs_difference",
    "kl",
    "cosine",
)


def _shown(value: object) -> str:
    return f"{value:.5f}" if isinstance(value, float) else str(value)

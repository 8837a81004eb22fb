"""`albert-edge demo`: the whole way once, with its figures."""

from __future__ import annotations

from typing import Any, Optional

import click

from albert_edge.cli.options import json_option, overwrite_option, print_json, print_table, seed_option


@click.command("demo")
@click.option("--out", default="demo", show_default=True, help="A folder for the model and the files.")
@click.option("--data", help="A folder with train.tsv, dev.tsv and perhaps test.tsv.  [default: examples/topics]")
@click.option("--size", help="Start from random weights of a size.  [default: from examples/mini_en]")
@seed_option
@overwrite_option
@json_option
def command(out: str, data: Optional[str], size: Optional[str], seed: int, overwrite: bool, as_json: bool) -> None:
    """Fine-tune a classifier, quantize and convert it, check it against Keras, measure it, and classify a sentence.

    \b
    Example:
      albert-edge demo --out demo/
    """
    import albert_edge
    from albert_edge.training.reporting import TerminalReporter

    report = albert_edge.demo(out, data, size=size, seed=seed, overwrite=overwrite, reporter=TerminalReporter())
    if as_json:
        print_json(report)
        return
    _print(report, out)


def _print(report: dict[str, Any], out: str) -> None:
    print_table(
        ["model", "bytes", "accuracy", "as Keras", f"p50 ms, {report['tokens']} tokens", "RSS MB", "above runtime"],
        [
            ("TF-IDF + logistic regression", "-", f"{report['baseline_accuracy']:.1%}", "-", "-", "-", "-"),
            ("Keras", "-", f"{report['keras_accuracy']:.1%}", "-", "-", "-", "-"),
            *(
                (
                    row["scheme"],
                    f"{row['file_bytes']:,}",
                    f"{row['accuracy']:.1%}",
                    f"{row['agreement']:.1%}",
                    f"{row['p50_ms']:.2f}",
                    f"{row['rss_mb']:.1f}",
                    f"{row['rss_above_runtime_mb']:.1f}",
                )
                for row in report["rows"]
            ),
        ],
    )
    prediction = report["prediction"]
    click.echo(f"\nAccuracy on {report['examples']} sentences that training did not see.")
    click.echo(f"A process without TensorFlow read: {prediction['text']!r}")
    click.echo(f"and answered: {prediction['label']} ({prediction['score']:.1%})")
    click.echo(f'\nTry: albert-edge predict {out}/dynamic-range.tflite "Your own sentence"')

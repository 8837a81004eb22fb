"""`albert-edge baseline`: record what a file measures as the measure of later ones, or show it."""

from __future__ import annotations

from typing import Any, Mapping, Optional

import click

from albert_edge.cli.gate_options import cost_of, lengths_of, measuring_options
from albert_edge.cli.options import json_option, print_json, print_table, threads_option


@click.group("baseline")
def command() -> None:
    """Record a baseline for `gate`, or show one.

    \b
    Example:
      albert-edge baseline update news.tflite --baseline baselines/x86-64/news.json --reason "first release"
    """


@command.command("update")
@click.argument("path")
@click.option("--baseline", required=True, type=click.Path(), help="The file to write; its history goes on.")
@click.option("--reason", required=True, help="Why this is the measure from now on.")
@threads_option
@measuring_options
@json_option
def update(
    path: str,
    baseline: str,
    reason: str,
    threads: int,
    data: Optional[str],
    text_column: Optional[str],
    text_pair_column: Optional[str],
    label_column: Optional[str],
    lengths: Optional[str],
    runtime: Optional[str],
    cost: Optional[str],
    count: Optional[bool],
    as_json: bool,
) -> None:
    """Measure PATH, a .tflite or the JSON of `bench --out`, and write it to --baseline.

    \b
    Example:
      albert-edge baseline update news.tflite --baseline baselines/x86-64/news.json --reason "int8" --data dev.tsv
    """
    import albert_edge
    from albert_edge.text.tables import Columns

    columns = Columns.from_options(text_column, text_pair_column, label_column, None)
    recorded = albert_edge.baseline(
        baseline, path, reason, data, columns, lengths_of(lengths), threads, runtime, cost_of(cost), count
    )
    _show(recorded, as_json)


@command.command("show")
@click.argument("baseline")
@json_option
def show(baseline: str, as_json: bool) -> None:
    """Print what the file BASELINE holds and why it was recorded.

    \b
    Example:
      albert-edge baseline show baselines/x86-64/news.json
    """
    import albert_edge

    _show(albert_edge.baseline(baseline), as_json)


def _show(baseline: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        passes = {metric: [one.to_dict() for one in each] for metric, each in baseline["passes"].items()}
        print_json({**baseline, "passes": passes})
        return
    result = baseline["result"]
    click.echo(f"{result['file']}: {result['scheme']}, {result['file_bytes']:,} bytes, {result['sha256'][:12]}")
    click.echo(f"{result['environment']['cpu_model']}, {result['runtime']}, threads {result['threads']}")
    _show_machine(result)
    if result["accuracy"]:
        accuracy = result["accuracy"]
        click.echo(f"{accuracy['metric']} {accuracy['value']:.4f} on {accuracy['examples']:,} of {accuracy['data']}")
    if result["cost"]:
        click.echo(f"instructions {result['cost']['instructions']:,} at {result['cost']['tokens']} tokens")
    for entry in baseline["history"]:
        click.echo(f"{entry['created']}  {entry['sha256'][:12]}  {entry['reason']}")


def _show_machine(result: Mapping[str, Any]) -> None:
    """Times and memory, where they are those of the device."""
    from albert_edge.harness.gate.likeness import is_emulated

    if is_emulated(result):
        click.echo("an emulated board: no times and no memory")
        return
    rows = [[item["tokens"], f"{item['p50_ms']:.2f}", f"{item['p90_ms']:.2f}"] for item in result["lengths"]]
    print_table(["tokens", "p50 ms", "p90 ms"], rows)
    click.echo(f"memory above the runtime {result['rss_above_runtime_mb']:.1f} MB")

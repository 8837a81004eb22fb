"""`albert-edge gate`: a file against a baseline or another file, one verdict a metric."""

from __future__ import annotations

from typing import Any, Mapping, Optional

import click

from albert_edge.cli.gate_options import budget_options, cost_of, lengths_of, measuring_options
from albert_edge.cli.options import json_option, print_json, print_table
from albert_edge.errors import CheckFailedError


@click.command("gate")
@click.argument("path")
@click.option("--baseline", type=click.Path(), help="What `albert-edge baseline update` recorded.")
@click.option("--against", type=click.Path(), help="Another .tflite, which runs in turn with PATH.")
@click.option("--threads", type=click.IntRange(1), help="Of the interpreter.  [default: the baseline's, or 1]")
@measuring_options
@budget_options
@click.option("--strict", is_flag=True, help="Fail on inconclusive too.")
@click.option("--junit", type=click.Path(), help="Write JUnit's XML to this file.")
@click.option("--markdown", type=click.Path(), help="Write a summary in Markdown to this file.")
@json_option
def command(
    path: str,
    baseline: Optional[str],
    against: Optional[str],
    threads: Optional[int],
    data: Optional[str],
    text_column: Optional[str],
    text_pair_column: Optional[str],
    label_column: Optional[str],
    lengths: Optional[str],
    runtime: Optional[str],
    cost: Optional[str],
    count: Optional[bool],
    max_bytes: Optional[int],
    max_p90_ms: Optional[float],
    max_rss_mb: Optional[float],
    min_accuracy: Optional[float],
    max_drop: Optional[float],
    strict: bool,
    junit: Optional[str],
    markdown: Optional[str],
    as_json: bool,
) -> None:
    """Judge PATH, a .tflite or the JSON of `bench --out`: better, same, worse or inconclusive in each metric.

    --against runs both files in short turns in one process and tells 15 % on a busy machine. --baseline compares with a
    committed file: bytes, accuracy, memory and instructions wherever they can be compared, time only on the same
    processor, runtime and thread count, where 25 % are the tolerance. Instructions are counted here, with valgrind,
    where the baseline's were. Budgets are hard. Exit code 0: nothing is worse; 1: something is, or a budget is
    exceeded, or with --strict something is inconclusive; 2: bad use.

    \b
    Example:
      albert-edge gate news.tflite --against released.tflite --data dev.tsv
      albert-edge gate news.tflite --baseline baselines/x86-64/news.json --data dev.tsv --max-bytes 2000000
    """
    import albert_edge
    from albert_edge.harness.gate.budgets import Budgets
    from albert_edge.text.tables import Columns

    outcome = albert_edge.gate(
        path,
        baseline,
        against,
        data,
        Columns.from_options(text_column, text_pair_column, label_column, None),
        lengths_of(lengths),
        threads,
        runtime,
        cost_of(cost),
        Budgets(max_bytes, max_p90_ms, max_rss_mb, min_accuracy, max_drop),
        strict,
        junit,
        markdown,
        count,
    )
    if as_json:
        print_json(outcome)
    else:
        _print(outcome)
    for line in outcome["warnings"]:
        click.echo(f"albert-edge: warning: {line}", err=True)
    if not outcome["passed"]:
        raise CheckFailedError(_failure(outcome))


def _print(outcome: Mapping[str, Any]) -> None:
    from albert_edge.harness.gate.reports import table_of

    if outcome["metrics"]:
        print_table(["metric", "before", "after", "change", "verdict", "remark"], table_of(outcome))
    if outcome["budgets"]:
        rows = [
            [
                item["budget"],
                f"{item['limit']:,.12g}",
                f"{item['value']:,.12g}",
                "held" if item["passed"] else "exceeded",
            ]
            for item in outcome["budgets"]
        ]
        print_table(["budget", "limit", "measured", ""], rows)
    click.echo(f"{outcome['file']}: {outcome['verdict']}")


def _failure(outcome: Mapping[str, Any]) -> str:
    """What failed, in one line."""
    failing = {"worse", "inconclusive"} if outcome["strict"] else {"worse"}
    metrics = [f"{item['metric']} {item['verdict']}" for item in outcome["metrics"] if item["verdict"] in failing]
    budgets = [f"{item['budget']} exceeded" for item in outcome["budgets"] if not item["passed"]]
    return f"the gate must find nothing worse and every budget held; received {', '.join([*metrics, *budgets])}"

"""`albert-edge inspect`."""

from __future__ import annotations

from typing import Any

import click

import albert_edge
from albert_edge.cli.options import json_option, print_json, print_table


@click.command("inspect")
@click.argument("path")
@click.option("--foreign", is_flag=True, help="Take any .tflite, with or without the files that `convert` adds.")
@click.option("--run", is_flag=True, help="Also run it once on zeros, in a process of its own that may crash.")
@json_option
def command(path: str, foreign: bool, run: bool, as_json: bool) -> None:
    """Show what the .tflite at PATH holds, once its hashes and its structure have been checked.

    \b
    Example:
      albert-edge inspect examples/topics/topics.tflite --json
    """
    report = albert_edge.inspect(path, foreign)
    if run:
        from albert_edge.runtime.isolated import trial

        report["run"] = trial(path)
    if as_json:
        print_json(report)
    else:
        _print_report(report)


def _print_report(report: dict[str, Any]) -> None:
    hidden = ("card", *(() if report["licence"] else ("licence",)))
    facts = {
        key: value
        for key, value in report.items()
        if not isinstance(value, (list, dict)) and value is not None and key not in hidden
    }
    if report["lengths"] is not None:
        facts.update(_of_the_manifest(report))
    facts.update({key: f"{report[key]:,}" for key in ("file_bytes", "model_bytes", "unique_weight_bytes")})
    if "run" in report:
        facts["run"] = f"on zeros, {report['run']['runtime']}"
    width = max(map(len, facts))
    for key, value in facts.items():
        click.echo(f"{key:{width}}  {value}")
    for title in ("inputs", "outputs"):
        click.echo()
        print_table([title, "type", "shape"], [[row["name"], row["dtype"], row["shape"]] for row in report[title]])
    for title, rows in (("operators", ("name", "version", "count")), ("files", ("name", "bytes"))):
        if report[title]:
            click.echo()
            print_table([title, *rows[1:]], [[row[key] for key in rows] for row in report[title]])
    if report["card"]:
        click.echo(f"\n{report['card'].rstrip()}")


def _of_the_manifest(report: dict[str, Any]) -> dict[str, str]:
    """What only a file with a manifest has, of more than one value each."""
    tokenizer, heads = report["tokenizer"], report["heads"]
    facts = {
        "lengths": f"{report['lengths']['min']} to {report['lengths']['max']}",
        "targets": ", ".join(report["targets"]),
        "tokenizer": ", ".join([tokenizer["kind"], tokenizer["options"].get("tokenizer_rules", "google")]),
        "task": ", ".join(head["task"] for head in heads),
    }
    if report["parts"]:
        facts["parts"] = ", ".join(f"{part} {precision}" for part, precision in report["parts"].items())
    if report["exit"]:
        facts["exit"] = f"{report['exit']['kind']} at {report['exit']['threshold']:g}"
    for head in heads:
        if head["labels"]:
            facts["labels" if len(heads) == 1 else f"{head['task']} labels"] = ", ".join(head["labels"])
    return facts

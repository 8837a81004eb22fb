"""`albert-edge bench`: latency, start and memory of a `.tflite`."""

from __future__ import annotations

from typing import Any, Optional

import click

from albert_edge.cli.options import json_option, print_json, print_table, runtime_option, threads_option


@click.command("bench")
@click.argument("path")
@click.option("--lengths", default="16,64,128", show_default=True, help="Tokens of a request, separated by commas.")
@threads_option
@click.option("--runs", type=click.IntRange(1), help="Timed runs at each length.  [default: by --seconds, at least 30]")
@click.option(
    "--seconds",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="Time to measure at each length, without --runs.",
)
@click.option("--max-depth", type=click.IntRange(1), help="Apply only so many layers.  [default: all]")
@click.option(
    "--exit-threshold",
    type=click.FloatRange(0, min_open=True),
    help="Of a file with an exit: stop at this confidence.  [default: never]",
)
@runtime_option
@click.option("--raw", is_flag=True, help="With --json, keep every measured value.")
@json_option
def command(
    path: str,
    lengths: str,
    threads: int,
    runs: Optional[int],
    seconds: float,
    max_depth: Optional[int],
    exit_threshold: Optional[float],
    runtime: Optional[str],
    raw: bool,
    as_json: bool,
) -> None:
    """Measure latency, start and memory of the .tflite PATH on this machine.

    Times are of the interpreter alone, one request at its exact length: p50, p90 and p99 are measured values that so
    many percent of the runs don't exceed, "first" is the first run at a length, which fits the graph to it. Memory is
    that of a process that opened the file and answered one text. Requests are random ids, which say nothing about when
    texts would stop a file with an exit: it runs at full depth. Nothing else should run meanwhile.

    \b
    Example:
      albert-edge bench news.tflite --lengths 16,64,128 --threads 1 --json
    """
    import albert_edge

    result = albert_edge.bench(path, _numbers(lengths), threads, runs, seconds, runtime, max_depth, raw, exit_threshold)
    if as_json:
        print_json(result)
    else:
        _print_result(result)
    for line in result["warnings"]:
        click.echo(f"albert-edge: warning: {line}", err=True)


def _numbers(lengths: str) -> list[int]:
    try:
        return [int(length) for length in lengths.split(",")]
    except ValueError:
        raise click.BadParameter(
            f"must be whole numbers separated by commas; received {lengths!r}", param_hint="--lengths"
        ) from None


def _print_result(result: dict[str, Any]) -> None:
    facts = result["environment"]
    machine = facts["board"] or facts["cpu_model"] or facts["architecture"]
    click.echo(f"{machine}, {result['runtime']}, threads: {result['threads']}")
    if result["exit_threshold"] is not None:
        stops = "never" if result["exit_threshold"] > 1 else f"at a confidence of {result['exit_threshold']:g}"
        click.echo(f"exit: {stops}, on random ids")
    click.echo()
    times = ("p50_ms", "p90_ms", "p99_ms", "min_ms", "first_ms")
    print_table(
        ["tokens", *(f"{name[:-3]} ms" for name in times), "runs"],
        [[item["tokens"], *(f"{item[name]:.2f}" for name in times), item["runs"]] for item in result["lengths"]],
    )
    click.echo()
    print_table(["figure", "value", "unit"], [[name, f"{value:,.1f}", unit] for name, value, unit in _start(result)])


def _start(result: dict[str, Any]) -> list[tuple[str, float, str]]:
    return [
        ("load: interpreter and allocation", result["load_ms"], "ms"),
        ("open: from the path to ready", result["open_ms"], "ms"),
        (f"memory, one text of {result['rss_tokens']} tokens answered", result["rss_mb"], "MB"),
        ("memory above the bare runtime", result["rss_above_runtime_mb"], "MB"),
        ("file", result["file_bytes"] / 1e6, "MB"),
    ]

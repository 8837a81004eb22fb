"""A result of `bench` as tables on standard output."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Tuple

import click

from albert_edge.cli.options import print_table

TIMES = ("p50_ms", "p90_ms", "p99_ms")


def print_result(result: Mapping[str, Any]) -> None:
    """The figures, without the raw values; what wasn't measured is left out."""
    facts = result["environment"]
    machine = facts["board"] or facts["cpu_model"] or facts["architecture"]
    delegate = f", {facts['delegate']}" if facts.get("delegate") else ""
    name = f"{result['device']['name']}: " if result["device"] else ""
    preset = f", preset: {result['preset']}" if result["preset"] else ""
    click.echo(f"{name}{machine}, {result['runtime']}{delegate}, threads: {result['threads']}{preset}")
    if result["exit_threshold"] is not None:
        stops = "never" if result["exit_threshold"] > 1 else f"at a confidence of {result['exit_threshold']:g}"
        click.echo(f"exit: {stops}, on random ids")
    for print_part in (_lengths, _scaling, _mix, _sustained, _figures):
        print_part(result)


def _lengths(result: Mapping[str, Any]) -> None:
    times = (*TIMES, "min_ms", "first_ms")
    click.echo()
    print_table(
        ["tokens", *(f"{name[:-3]} ms" for name in times), "runs"],
        [[item["tokens"], *(f"{item[name]:.2f}" for name in times), item["runs"]] for item in result["lengths"]],
    )


def _scaling(result: Mapping[str, Any]) -> None:
    if not result["thread_scaling"]:
        return
    alone = {item["tokens"]: item["p50_ms"] for item in reversed(result["thread_scaling"])}
    click.echo()
    print_table(
        ["threads", "tokens", *(f"{name[:-3]} ms" for name in TIMES), "times as fast"],
        [
            [
                item["threads"],
                item["tokens"],
                *(f"{item[name]:.2f}" for name in TIMES),
                f"{alone[item['tokens']] / item['p50_ms']:.2f}",
            ]
            for item in result["thread_scaling"]
        ],
    )


def _mix(result: Mapping[str, Any]) -> None:
    mix = result["mix"]
    if mix is None:
        return
    click.echo()
    times = ("mean_ms", *TIMES)
    row = [mix["data"], f"{mix['mean_tokens']:.1f}", *(f"{mix[name]:.2f}" for name in times), len(mix["raw_ms"])]
    print_table(["texts of", "mean tokens", *(f"{name[:-3]} ms" for name in times), "queries"], [row])


def _sustained(result: Mapping[str, Any]) -> None:
    sustained = result["sustained"]
    if sustained is None:
        return
    click.echo()
    print_table(
        [f"at {sustained['tokens']} tokens, from s", "queries a s", "p50 ms", "C", "MHz"],
        [
            [
                f"{window['start_s']:.0f}",
                f"{window['queries_per_s']:.1f}",
                f"{window['p50_ms']:.2f}",
                *("-" if window[name] is None else f"{window[name]:.0f}" for name in ("temperature_c", "clock_mhz")),
            ]
            for window in sustained["windows"]
        ],
    )


def _figures(result: Mapping[str, Any]) -> None:
    rows = [
        *_start(result),
        *_weights(result),
        *((f"accuracy: {each['metric']} on {each['data']}", each["value"], "") for each in _given(result, "accuracy")),
        *(row for each in _given(result, "agreement") for row in _agreement(each)),
        *(("instructions", each["instructions"] / 1e6, "million") for each in _given(result, "cost")),
    ]
    click.echo()
    print_table(
        ["figure", "value", "unit"],
        [[name, _shown(value, unit), unit] for name, value, unit in rows if value is not None],
    )


Rows = List[Tuple[str, Optional[float], str]]


def _start(result: Mapping[str, Any]) -> Rows:
    tokens = result["rss_tokens"]
    return [
        ("load: interpreter and allocation", result["load_ms"], "ms"),
        ("open: from the path to ready", result["open_ms"], "ms"),
        (f"memory, one text of {tokens} tokens answered", result["rss_mb"], "MB"),
        ("memory above the bare runtime", result["rss_above_runtime_mb"], "MB"),
        ("peak of the memory", result["peak_rss_mb"], "MB"),
        ("peak above the bare runtime", result["peak_above_runtime_mb"], "MB"),
        ("file", result["file_bytes"] / 1e6, "MB"),
    ]


def _weights(result: Mapping[str, Any]) -> Rows:
    return [
        row
        for each in _given(result, "weights")
        for row in (
            ("weights in the file, each once", _megabytes(each["unique_bytes"]), "MB"),
            ("products of one stored matrix, at most", each["copies"], "copies"),
            ("allocated by loading: packed weights", _megabytes(each["packed_bytes"]), "MB"),
            ("allocated by the first run: activations", _megabytes(each["activation_bytes"]), "MB"),
        )
    ]


def _agreement(found: Mapping[str, Any]) -> Rows:
    name = found["reference"]
    return [
        (f"same first choice as {name}", found["top1_agreement"], ""),
        ("largest difference of an output", found["max_abs_difference"], ""),
        ("mean difference of an output", found["mean_abs_difference"], ""),
        ("KL divergence", found["kl"], "nats"),
    ]


def _megabytes(size: Optional[int]) -> Optional[float]:
    return None if size is None else size / 1e6


def _given(result: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [] if result[name] is None else [result[name]]


def _shown(value: float, unit: str) -> str:
    if unit in ("", "nats"):
        return f"{value:.4f}"
    return str(value) if unit == "copies" else f"{value:,.1f}"

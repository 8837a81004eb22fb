"""Public `bench`: latency, start and memory of one `.tflite` on this machine, with all that the figures depend on."""

from __future__ import annotations

import hashlib
from typing import Any, Optional, Sequence

from albert_edge.artifact import artifact_bytes
from albert_edge.artifact.exits import NEVER
from albert_edge.errors import ConfigError
from albert_edge.files import PathLike
from albert_edge.harness.environment import environment
from albert_edge.harness.latency import MINIMUM_RUNS, Latency, measure_latency, quantile, request
from albert_edge.harness.startup import measure_startup
from albert_edge.runtime.predictor import Predictor, load

SCHEMA_VERSION = 1

UNSTABLE_RATIO = 1.13
"""p90 / p50 above which a warning is given. pyperf warns from a standard deviation of 10 % of the mean; in a normal
distribution p90 lies 1.28 of them above the middle."""

RSS_TOKENS = 128


def bench(
    path: PathLike,
    lengths: Sequence[int] = (16, 64, 128),
    threads: int = 1,
    runs: Optional[int] = None,
    seconds: float = 1.0,
    runtime: Optional[str] = None,
    max_depth: Optional[int] = None,
    raw: bool = False,
    exit_threshold: Optional[float] = None,
) -> dict[str, Any]:
    """Measure the artifact at `path`.

    Arguments:
        lengths: tokens of a request, special pieces included; each measured by itself, batch 1.
        threads: of the interpreter.
        runs: timed runs at each length; None: at least 30, and as many as `seconds` of them take.
        runtime: the interpreter's package, as for `load`.
        max_depth: layers to apply, looped layout only; None: all.
        exit_threshold: of a file with an exit, the confidence at which it stops; None: never, since the random ids that
            are run here say nothing about when texts would stop it.
        raw: keep every value under `raw_ms` and `warmup_ms` (each length) and `raw` (start and memory).

    Returns a dict with `schema_version`, `file_bytes`, `sha256` (both of the whole file), `task` (of the first head),
    `tasks` (of all), `scheme`, `layout`, `runtime`, `threads`, `max_depth`, `exit_threshold` (what the runs had; None
    without an exit), the keys of `Startup.summary` (`load_ms`, `open_ms`, `rss_mb`, `rss_above_runtime_mb`,
    `rss_tokens`), `lengths` (a list of `Latency.summary`), `warnings` (one line each) and `environment`. What lies
    inside each figure is said where it is measured: `harness.latency`, `harness.startup`.

    Raises `ConfigError` on a length that the file doesn't take, and what `load` raises.
    """
    with load(path, threads, runtime) as predictor:
        _check_lengths(predictor, lengths, max_depth, exit_threshold)
        latencies = [
            measure_latency(
                predictor.session, tokens, runs, seconds, max_depth=max_depth, exit_threshold=exit_threshold
            )
            for tokens in lengths
        ]
        startup = measure_startup(path, predictor, RSS_TOKENS, threads, max_depth)
        facts = environment(predictor.runtime, threads, predictor.artifact.manifest.model_sha256)
        return {
            "schema_version": SCHEMA_VERSION,
            **_file_facts(predictor),
            "runtime": predictor.runtime,
            "threads": threads,
            "max_depth": max_depth,
            "exit_threshold": NEVER if exit_threshold is None and predictor.artifact.manifest.exit else exit_threshold,
            **startup.summary(),
            "lengths": [{**item.summary(), **(_raw(item) if raw else {})} for item in latencies],
            "warnings": [line for item in latencies for line in unstable(item, facts["governor"])],
            "environment": facts,
            **({"raw": startup.to_dict()} if raw else {}),
        }


def unstable(latency: Latency, governor: Optional[str]) -> list[str]:
    """One line for each reason not to trust these values, with what to do; empty if there is none."""
    lines = []
    middle, high = quantile(latency.raw_ms, 0.5), quantile(latency.raw_ms, 0.9)
    if high > UNSTABLE_RATIO * middle:
        settled = "" if governor in (None, "performance") else f", set the CPU governor (now {governor}) to performance"
        lines.append(
            f"{latency.tokens} tokens: the result may be unstable, p90 is {high / middle - 1:.0%} above p50; "
            f"stop other programs{settled}, or measure longer with --seconds"
        )
    if len(latency.raw_ms) < MINIMUM_RUNS:
        lines.append(
            f"{latency.tokens} tokens: {len(latency.raw_ms)} runs are too few for p90 and p99; "
            f"measure at least {MINIMUM_RUNS} with --runs"
        )
    return lines


def _check_lengths(
    predictor: Predictor, lengths: Sequence[int], max_depth: Optional[int], exit_threshold: Optional[float]
) -> None:
    """Before minutes of measuring, not after."""
    if not lengths:
        raise ConfigError("lengths must hold at least one length; received none")
    for tokens in lengths:
        request(predictor.session, tokens, max_depth, exit_threshold)


def _file_facts(predictor: Predictor) -> dict[str, Any]:
    # The reader takes only the bytes that the artifact has, so they needn't be read again.
    data, manifest = artifact_bytes(predictor.artifact), predictor.artifact.manifest
    return {
        "file_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "task": manifest.task,
        "tasks": [head.task for head in manifest.all_heads],
        "scheme": manifest.scheme,
        "layout": manifest.layout,
    }


def _raw(latency: Latency) -> dict[str, list[float]]:
    return {"warmup_ms": list(latency.warmup_ms), "raw_ms": list(latency.raw_ms)}

"""Public `bench`: latency, start, memory and, on a data file, accuracy of one `.tflite` on this machine.

One result holds all of it, with what the figures depend on: the file's hash, the machine, the versions, every raw
value. What lies inside each figure is said where it is measured: `harness.latency`, `mix`, `sustained`, `startup`,
`accuracy`, `agreement`; what the result's keys are in `harness.results`.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence, Union

from albert_edge.artifact.exits import NEVER
from albert_edge.errors import ConfigError
from albert_edge.files import PathLike
from albert_edge.harness.environment import environment
from albert_edge.harness.evaluations.base import DataFile
from albert_edge.harness.file_facts import file_facts
from albert_edge.harness.latency import (
    MINIMUM_RUNS,
    Latency,
    interleave,
    measure_latency,
    quantile,
    request,
    summed_up,
)
from albert_edge.harness.on_data import check_on_data, measure_on_data
from albert_edge.harness.presets import preset_named
from albert_edge.harness.progress import with_progress
from albert_edge.harness.results import check_result
from albert_edge.harness.setting import Setting, thread_counts
from albert_edge.harness.startup import measure_allocation, measure_startup
from albert_edge.harness.sustained import measure_sustained, throttled
from albert_edge.harness.workload import WORKLOAD_NAME, WORKLOAD_VERSION, run_workload_ms
from albert_edge.runtime.interpreter import delegate_of, open_session, package_of
from albert_edge.runtime.predictor import Predictor, load

if TYPE_CHECKING:
    from albert_edge.text.tables import Columns

UNSTABLE_RATIO = 1.13
"""p90 / p50 above which a warning is given. pyperf warns from a standard deviation of 10 % of the mean; in a normal
distribution p90 lies 1.28 of them above the middle."""

RSS_TOKENS = 128

MOST_ROUNDS = 300
"""Of several thread counts that take turns; fewer if the length itself was run fewer times."""


def bench(
    path: PathLike,
    lengths: Sequence[int] = (16, 64, 128),
    threads: Union[int, Sequence[int]] = 1,
    runs: Optional[int] = None,
    seconds: float = 1.0,
    runtime: Optional[str] = None,
    max_depth: Optional[int] = None,
    exit_threshold: Optional[float] = None,
    data: Optional[PathLike] = None,
    columns: Optional[Columns] = None,
    limit: Optional[int] = None,
    reference: Optional[PathLike] = None,
    preset: Optional[str] = None,
    sustained_minutes: Optional[float] = None,
    cost: Optional[Mapping[str, Any]] = None,
) -> dict[str, Any]:
    """Measure the artifact at `path`.

    Arguments:
        lengths: tokens of a request, special pieces included; each measured by itself, batch 1.
        threads: of the interpreter. Of several the first is the one that all else is measured with, and all of them
            take turns at each length (`thread_scaling`).
        runs: timed runs at each length; None: at least 30, and as many as `seconds` of them take.
        runtime: the interpreter's package, as for `load`.
        max_depth: layers to apply, looped layout only; None: all.
        exit_threshold: of a file with an exit, the confidence at which it stops. None: never for `lengths`, since the
            random ids that are run there say nothing about when texts would stop it; the file's own on `data`.
        data: examples with the right answers, as for `evaluate`, which give `mix` and `accuracy`; None: neither.
        columns: of a table; None: the usual names.
        limit: use the first so many examples; None: all.
        reference: another `.tflite` of the model, usually float32, that gives `agreement` on `data`.
        preset: `mlperf`: at least 1,024 queries and 60 s, on the mix of `data`, else at each length.
        sustained_minutes: run the longest of `lengths` for so long; None: not at all.
        cost: instructions of one inference, counted elsewhere (`harness.cost`), kept in the result.

    Returns a result of `harness.results`, checked. Raises `ConfigError` on a length that the file doesn't take or an
    option that doesn't fit another, and what `load` and `evaluate` raise; for data or a reference that can't be used
    all of that before anything is measured.
    """
    setting = Setting(
        path=path,
        lengths=lengths,
        threads=thread_counts(threads),
        runs=runs,
        seconds=seconds,
        runtime=runtime,
        max_depth=max_depth,
        exit_threshold=exit_threshold,
        data=None if data is None else DataFile(data, columns, limit),
        reference=reference,
        preset=preset_named(preset),
        sustained_minutes=sustained_minutes,
    )
    if limit is not None and data is None:
        raise ConfigError(f"limit needs data, whose examples it counts; received {limit} alone")
    with load(path, setting.threads[0], runtime) as predictor:
        for tokens in lengths:
            request(predictor.session, tokens, **setting.request)
        check_on_data(setting)
        measured = _measured(predictor, setting)
        return check_result({**_facts(predictor, setting), **measured, "cost": None if cost is None else dict(cost)})


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


def crowded(threads: Sequence[int], cores: Optional[int]) -> list[str]:
    """A line if one of the numbers of threads is above the cores that this process may use; else none."""
    if cores is None or max(threads) <= cores:
        return []
    return [f"threads: {max(threads)} share {cores} core{'s' * (cores > 1)}, where they wait for each other"]


def _measured(predictor: Predictor, setting: Setting) -> dict[str, Any]:
    """All that takes time, the reference workload in between."""
    workload_ms: list[float] = []

    def between() -> None:
        workload_ms.append(run_workload_ms())

    latencies = [
        measure_latency(predictor.session, tokens, **setting.repeats, between=between, **setting.request)
        for tokens in with_progress(setting.lengths, "lengths")
    ]
    scaling = _thread_scaling(predictor, setting, latencies)
    on_data = measure_on_data(setting, between)
    common = RSS_TOKENS, setting.threads[0], setting.max_depth
    startup = measure_startup(setting.path, predictor, *common)
    weights = measure_allocation(setting.path, predictor, *common)
    sustained = None
    if setting.sustained_minutes is not None:
        tokens = max(setting.lengths)
        sustained = measure_sustained(predictor.session, tokens, setting.sustained_minutes, **setting.request)
    facts = environment(
        predictor.runtime,
        setting.threads[0],
        predictor.artifact.manifest.model_sha256,
        delegate_of(predictor.runtime),
    )
    warnings = [
        *(line for item in latencies for line in unstable(item, facts["governor"])),
        *crowded(setting.threads, facts["cpu_cores"]),
        *throttled(sustained),
    ]
    return {
        **startup.summary(),
        "weights": weights,
        "lengths": [item.to_dict() for item in latencies],
        "thread_scaling": scaling,
        "sustained": sustained,
        **on_data,
        "reference_workload": {"name": WORKLOAD_NAME, "version": WORKLOAD_VERSION, "raw_ms": workload_ms},
        "warnings": warnings,
        "environment": facts,
        "raw": startup.to_dict(),
    }


def _thread_scaling(predictor: Predictor, setting: Setting, latencies: Sequence[Latency]) -> list[dict[str, Any]]:
    """All thread counts in turn, so that their ratios hold on a busy machine; nothing for a single one."""
    if len(setting.threads) < 2:
        return []
    runtime, _ = package_of(predictor.runtime)
    rows = []
    with contextlib.ExitStack() as stack:
        sessions = {
            str(threads): stack.enter_context(open_session(predictor.artifact, threads, runtime))
            for threads in setting.threads
        }
        for latency in latencies:
            rounds = min(len(latency.raw_ms), MOST_ROUNDS)
            raw_ms = interleave(sessions, latency.tokens, rounds, **setting.request)
            rows += [
                {"threads": int(threads), "tokens": latency.tokens, **summed_up(values), "raw_ms": values}
                for threads, values in raw_ms.items()
            ]
    return rows


def _facts(predictor: Predictor, setting: Setting) -> dict[str, Any]:
    """The file, and how it was run."""
    never = NEVER if predictor.artifact.manifest.exit else None
    return {
        **file_facts(setting.path, predictor.artifact),
        "preset": setting.preset and setting.preset.name,
        "runtime": predictor.runtime,
        "threads": setting.threads[0],
        "max_depth": setting.max_depth,
        "exit_threshold": never if setting.exit_threshold is None else setting.exit_threshold,
        "device": None,
    }

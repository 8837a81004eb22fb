"""TensorFlow Lite's official `benchmark_model` program: what it is told, and a result of `bench` from what it prints.

Follows tensorflow/lite/tools/benchmark (README.md, and util/stats_calculator.h for the line of figures). It gets the
very request that `bench` would run, as files, by the order of the graph's inputs: it knows no signatures. It prints no
single runs, so p90 and p99 are upper bounds, its p95 and its slowest run, and the result says so.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Optional, Sequence

from albert_edge.artifact import read_artifact
from albert_edge.artifact.exits import NEVER
from albert_edge.errors import DeviceError
from albert_edge.harness.environment import software
from albert_edge.harness.file_facts import file_facts
from albert_edge.harness.latency import MINIMUM_RUNS, request
from albert_edge.harness.results import SHAPE
from albert_edge.runtime.interpreter import InterpreterSession, open_session

if TYPE_CHECKING:
    from numpy.typing import NDArray

RUNTIME = "benchmark_model"
BOUNDS = "benchmark_model prints no single runs: p90_ms is its p95, p99_ms its slowest run, rss_mb its growth"

_FIGURES = re.compile(r"\b(count|first|curr|min|max|avg|std|p5|median|p95)=([-+.\deE]+)")
_TIMINGS = re.compile(r"Inference timings in us: Init: ([-+.\deE]+), First inference: ([-+.\deE]+)")
_MEMORY = re.compile(r"Memory footprint delta.*\(MB\): init=([-+.\deE]+) overall=([-+.\deE]+)")


class Asked(NamedTuple):
    """What `bench` was asked for, as far as the program can do it."""

    lengths: tuple[int, ...] = (16, 64, 128)
    threads: int = 1
    runs: Optional[int] = None
    """None: at least `MINIMUM_RUNS`, and as many as `seconds` take."""
    seconds: float = 1.0
    max_depth: Optional[int] = None


def asked_of(name: str, arguments: Sequence[str]) -> Asked:
    """`bench {path} --lengths=... --json` as `--device` writes it; raises `DeviceError` for what can't be had."""
    values: dict[str, Any] = {}
    readers = {"lengths": _numbers, "threads": int, "runs": int, "seconds": float, "max_depth": int}
    command, file, *options = [*arguments, "", ""]
    if command != "bench" or file != "{path}":
        raise DeviceError(
            f"device {name} must be asked for `bench FILE` without an app; received {' '.join(arguments)}"
        )
    for option in filter(None, options):
        key = option.partition("=")[0].lstrip("-").replace("-", "_")
        if key == "json":
            continue
        if key not in readers:
            raise DeviceError(f"device {name} must be asked for what benchmark_model can do; received {option}")
        try:
            values[key] = readers[key](option.partition("=")[2])  # type: ignore[operator]
        except ValueError:
            raise DeviceError(f"device {name}: a number must be given; received {option}") from None
    return Asked(**values)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


def inputs_of(path: Path, tokens: int, max_depth: Optional[int]) -> dict[str, NDArray[Any]]:
    """The request of `bench` at a length: name -> array, in the graph's order."""
    with open_session(read_artifact(path)) as session:
        values = request(session, tokens, max_depth)
        assert isinstance(session, InterpreterSession)
        return {name: values[name] for name in session.inputs_in_order()}


def command_line(program: str, graph: str, inputs: Mapping[str, NDArray[Any]], folder: str, asked: Asked) -> list[str]:
    """The call, with each input's bytes in the file of its name in `folder`."""
    return [
        program,
        f"--graph={graph}",
        f"--num_threads={asked.threads}",
        f"--num_runs={asked.runs or MINIMUM_RUNS}",
        # It runs until it has both.
        f"--min_secs={0 if asked.runs else asked.seconds:g}",
        f"--input_layer={','.join(inputs)}",
        f"--input_layer_shape={':'.join(','.join(map(str, array.shape)) for array in inputs.values())}",
        f"--input_layer_value_files={','.join(f'{name}:{folder}/{name}' for name in inputs)}",
    ]


def script(words: Sequence[str], folder: str) -> str:
    """For the phone's shell; the program logs to standard error. While it runs its number is in `folder`/pid."""
    pid = shlex.quote(f"{folder}/pid")
    return f"{shlex.join(words)} 2>&1 & p=$!; echo $p > {pid}; wait $p; s=$?; rm -f {pid}; exit $s"


def ending_script(folder: str) -> str:
    """Ends what `script` left running, and removes the folder."""
    pid = shlex.quote(f"{folder}/pid")
    return f"[ -f {pid} ] && kill -9 $(cat {pid}); rm -rf {shlex.quote(folder)}"


class Printed(NamedTuple):
    """Figures of one length."""

    length: dict[str, Any]
    load_ms: float
    growth_mb: float


def read_output(name: str, tokens: int, output: str) -> Printed:
    """The figures that the program printed; raises `DeviceError` with its last line if they aren't there."""
    rows = [dict(_FIGURES.findall(line)) for line in output.splitlines() if "count=" in line and "curr=" in line]
    timings, memory = _TIMINGS.search(output), _MEMORY.search(output)
    if not rows or timings is None:
        last = (output.strip().splitlines() or ["nothing"])[-1]
        raise DeviceError(f"device {name}: benchmark_model must print its timings; received {last.strip()[:120]!r}")
    us = {key: float(value) for key, value in rows[-1].items()}
    # A single run has but `curr`.
    typical = us.get("median", us.get("avg", us["curr"]))
    slowest = us.get("max", us["curr"])
    length = {
        "tokens": tokens,
        "p50_ms": typical / 1000,
        "p90_ms": us.get("p95", slowest) / 1000,
        "p99_ms": slowest / 1000,
        "min_ms": us.get("min", us["curr"]) / 1000,
        "runs": int(us["count"]),
        "first_ms": float(timings[2]) / 1000,
        "raw_ms": [],
        "warmup_ms": [],
    }
    return Printed(length, float(timings[1]) / 1000, float(memory[2]) if memory else 0.0)


def result_of(path: Path, asked: Asked, printed: Sequence[Printed], environment: Mapping[str, Any]) -> dict[str, Any]:
    """A result as `bench` writes it; what the program doesn't measure is None or empty."""
    artifact, growth_mb = read_artifact(path), max(each.growth_mb for each in printed)
    load_ms = min(each.load_ms for each in printed)
    known = {
        **file_facts(path, artifact),
        "runtime": RUNTIME,
        "threads": asked.threads,
        "max_depth": asked.max_depth,
        "exit_threshold": NEVER if artifact.manifest.exit else None,
        "load_ms": load_ms,
        "open_ms": load_ms,
        "rss_mb": growth_mb,
        "rss_above_runtime_mb": growth_mb,
        "rss_tokens": max(asked.lengths),
        "lengths": [each.length for each in printed],
        "thread_scaling": [],
        "warnings": [BOUNDS],
        "environment": {
            **environment,
            "runtime": RUNTIME,
            "delegate": None,
            "threads": asked.threads,
            "model_sha256": artifact.manifest.model_sha256,
            "project_version": software()["project_version"],
        },
        "raw": {
            **{name: [] for name in ("load_ms", "open_ms", "rss_mb", "peak_rss_mb", "bare_rss_mb")},
            "load_ms": [each.load_ms for each in printed],
        },
    }
    return {name: known.get(name) for name in SHAPE}

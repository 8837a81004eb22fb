"""How often the gate is right: runs of an unchanged file on a busy machine, and regressions put in on purpose.

    python -m benchmarks.gate examples/topics/topics.tflite --data examples/topics/dev.tsv --runs 20

Whole gates of the unchanged file against a baseline come first; each of their results is then judged again with a
regression in it: every value of memory above the runtime's 10 % higher, answers of 1 point of the examples wrong, 2 %
more instructions. Then gates with `against`, latency alone, of a copy of the file and of a copy whose runs take 15 %
more of the processor's time. `--load` starts programs that keep the machine busy. Everything is in the JSON of --out.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Iterator
from unittest import mock

import albert_edge
from albert_edge.harness.gate import figures, measuring, times, turns
from albert_edge.harness.gate.measuring import Ways
from albert_edge.harness.gate.verdicts import VERDICTS

SLOWER = 0.15
CALIBRATION_RUNS = 20

_BUSY = "import numpy as np\nx = np.ones((512, 512), np.float32)\nwhile True: x = np.tanh(x @ x)"


@contextlib.contextmanager
def busy(programs: int) -> Iterator[None]:
    """So many programs that compute all the time."""
    started = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(programs)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


class Slowed:
    """A session whose runs take `share` more of the processor's time."""

    def __init__(self, session: Any, share: float) -> None:
        self.session, self.inputs, self.share = session, session.inputs, share
        self.extra_ns: dict[int, int] = {}

    def run(self, inputs: Any) -> Any:
        tokens = inputs["input_ids"].size
        if tokens not in self.extra_ns:
            runs = [turns.timed_ms(lambda: self.session.run(inputs)) for _ in range(CALIBRATION_RUNS)]
            self.extra_ns[tokens] = int(1e6 * self.share * min(runs))
        outputs = self.session.run(inputs)
        end = time.thread_time_ns() + self.extra_ns[tokens]
        while time.thread_time_ns() < end:
            pass
        return outputs

    def __enter__(self) -> Slowed:
        return self

    def __exit__(self, *_: Any) -> None:
        self.session.close()


@contextlib.contextmanager
def slowed_file(path: Path, share: float) -> Iterator[None]:
    """While this holds, the gate's turns of the file `path` are slower by `share`."""
    opened = turns.open_session

    def open_session(artifact: Any, *rest: Any) -> Any:
        session = opened(artifact, *rest)
        return Slowed(session, share) if os.path.samefile(artifact.file.path, path) else session

    with mock.patch.object(turns, "open_session", open_session):
        yield


def unchanged(path: Path, baseline: Path, data: str) -> dict[str, Any]:
    """A whole gate against the baseline."""
    outcome = albert_edge.gate(path, baseline, data=data)
    return {"metrics": outcome["metrics"], "result": outcome["result"], "passes": outcome["passes"]}


def against(new: Path, old: Path) -> dict[str, Any]:
    """The latencies of a gate with `against`."""

    def decided(passes: times.Passes) -> bool:
        return all(judgement.verdict != "inconclusive" for judgement in times.judge_against(passes))

    passes = measuring.against_passes(new, old, Ways(), decided)
    metrics = [judgement.to_dict() for judgement in times.judge_against(passes)]
    raw = {metric: [one.to_dict() for one in each] for metric, each in passes.items()}
    return {"metrics": metrics, "passes": raw}


def with_regressions(old: dict[str, Any], new: dict[str, Any], seed: int) -> dict[str, Any]:
    """The real result `new`, with each regression put in, judged."""
    worse = copy.deepcopy(new)
    bare = statistics.median(worse["raw"]["bare_rss_mb"])
    for name in ("rss_mb", "peak_rss_mb"):
        worse["raw"][name] = [bare + 1.1 * (value - bare) for value in worse["raw"][name]]
    correct = worse["accuracy"]["correct"]
    lost = random.Random(seed).sample([place for place, right in enumerate(correct) if right], len(correct) // 100)  # noqa: S311
    for place in lost:
        correct[place] = 0
    worse["accuracy"]["value"] -= len(lost) / len(correct)
    if worse["cost"] is None:
        counted = {"instructions": 10**8, "tokens": 64, "tool": "callgrind", "cpu": "x86", "tool_version": "0"}
        old, worse["cost"] = {**old, "cost": counted}, dict(counted)
    worse["cost"]["instructions"] = round(1.02 * worse["cost"]["instructions"])
    return {"metrics": [judgement.to_dict() for judgement in figures.judge_figures(old, worse)]}


def counts(outcomes: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Metric -> verdict -> how many."""
    found: dict[str, dict[str, int]] = {}
    for outcome in outcomes:
        for item in outcome["metrics"]:
            row = found.setdefault(item["metric"], dict.fromkeys(VERDICTS, 0))
            row[item["verdict"]] += 1
    return found


def measure(arguments: argparse.Namespace, report: Any) -> dict[str, list[dict[str, Any]]]:
    """Every run of every kind; `report` is called after each."""
    found: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder, busy(arguments.load):
        baseline, copied, slow = (Path(folder) / name for name in ("baseline.json", "copied.tflite", "slow.tflite"))
        shutil.copy(arguments.file, copied)
        shutil.copy(arguments.file, slow)
        old: dict[str, Any] = {}
        if "baseline" in arguments.only:
            if arguments.baseline is not None:
                shutil.copy(arguments.baseline, baseline)
            else:
                albert_edge.baseline(baseline, arguments.file, "measured", data=arguments.data)
            old = albert_edge.baseline(baseline)["result"]
        for number in range(arguments.runs):
            if "baseline" in arguments.only:
                found.setdefault("unchanged, baseline", []).append(unchanged(arguments.file, baseline, arguments.data))
                new = found["unchanged, baseline"][-1]["result"]
                found.setdefault("memory, accuracy, instructions", []).append(with_regressions(old, new, number))
            if "against" in arguments.only:
                found.setdefault("unchanged, against", []).append(against(copied, arguments.file))
                with slowed_file(slow, SLOWER):
                    found.setdefault("15 % slower, against", []).append(against(slow, arguments.file))
            for each in found.values():
                each[-1]["load"] = os.getloadavg()[0]
            report(found)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--data", required=True)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--load", type=int, default=2, help="programs that keep the machine busy")
    parser.add_argument("--only", nargs="+", choices=("baseline", "against"), default=("baseline", "against"))
    parser.add_argument(
        "--baseline", type=Path, help="one that is there, of a quiet machine perhaps; default: a new one"
    )
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()

    def report(found: dict[str, list[dict[str, Any]]]) -> None:
        if arguments.out is not None:
            arguments.out.write_text(json.dumps(found), encoding="utf-8")
        print(f"run {len(next(iter(found.values())))}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)

    found = measure(arguments, report)
    for name, outcomes in found.items():
        print(f"{name}: {len(outcomes)} gates")
        for metric, row in counts(outcomes).items():
            print(f"  {metric}: {', '.join(f'{count} {verdict}' for verdict, count in row.items() if count)}")


if __name__ == "__main__":
    main()

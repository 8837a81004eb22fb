"""How often the gate is right: runs of an unchanged file on a busy machine, and of files that really are worse.

    python -m benchmarks.gate examples/topics/topics.tflite --data examples/topics/test.tsv --runs 20

Each run gates the unchanged file against a baseline, then three files of `benchmarks.regressions` against the same
baseline, without passes of time: one that takes 12 % more memory, one that loses a point on the data, and one that
executes 2 % more instructions, beside another count of the unchanged file. Then gates with `against`, latency alone: a
copy of the file, and a copy whose runs take 15 % more of the processor's time. `--load` starts programs that keep the
machine busy. Everything is in the JSON of --out.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Iterator, Optional, Sequence
from unittest import mock

import albert_edge
from albert_edge.artifact import read_artifact
from albert_edge.harness import gate
from albert_edge.harness.gate import measuring, times, turns
from albert_edge.harness.gate.measuring import Ways
from albert_edge.harness.gate.verdicts import VERDICTS
from benchmarks.regressions import changed, less_accurate, widened

SLOWER = 0.15
CALIBRATION_RUNS = 20

MORE_MEMORY = 2.2
"""Times the feed-forward part's width, added to it: the sample's memory above the runtime grows by about 12 %."""
MORE_WORK = 1 / 16
"""The same for instructions: 2 to 3 % of the sample's."""
LOST_POINTS = 1.0, 1.5
SHORT = 16
"""Tokens, where time isn't judged."""

KINDS = ("unchanged", "memory", "accuracy", "instructions", "against")

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
    """A whole gate against the baseline, but for the instructions, which have gates of their own."""
    return _kept(albert_edge.gate(path, baseline, data=data, count=False))


def untimed(path: Path, baseline: Path, data: Optional[str], count: Optional[bool]) -> dict[str, Any]:
    """A gate against the baseline that judges everything but time."""
    with mock.patch.object(gate, "workload_passes", return_value={}):
        kept = _kept(albert_edge.gate(path, baseline, data=data, lengths=[SHORT], count=count))
    judged = [item for item in kept["metrics"] if not item["metric"].startswith("latency_")]
    return {**kept, "metrics": judged}


def _kept(outcome: dict[str, Any]) -> dict[str, Any]:
    return {name: outcome[name] for name in ("metrics", "passed", "result", "passes")}


def against(new: Path, old: Path) -> dict[str, Any]:
    """The latencies of a gate with `against`."""

    def decided(passes: times.Passes) -> bool:
        return all(judgement.verdict != "inconclusive" for judgement in times.judge_against(passes))

    passes = measuring.against_passes(new, old, Ways(), decided)
    metrics = [judgement.to_dict() for judgement in times.judge_against(passes)]
    raw = {metric: [one.to_dict() for one in each] for metric, each in passes.items()}
    return {"metrics": metrics, "passes": raw}


def counts(outcomes: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Metric -> verdict -> how many."""
    found: dict[str, dict[str, int]] = {}
    for outcome in outcomes:
        for item in outcome["metrics"]:
            row = found.setdefault(item["metric"], dict.fromkeys(VERDICTS, 0))
            row[item["verdict"]] += 1
    return found


class Files:
    """The file and what is made of it, in a folder."""

    def __init__(self, path: Path, folder: Path, data: str, kinds: Sequence[str]) -> None:
        self.path, self.data, self.baseline = path, data, folder / "baseline.json"
        self.copied, self.slow, *worse = (folder / f"{name}.tflite" for name in ("copied", "slow", *KINDS[1:4]))
        self.worse = dict(zip(KINDS[1:4], worse))
        for out in (self.copied, self.slow):
            shutil.copy(path, out)
        width = read_artifact(path).config.intermediate_size
        for kind, share in (("memory", MORE_MEMORY), ("instructions", MORE_WORK)):
            changed(path, self.worse[kind], functools.partial(widened, width=width, units=round(share * width)))
        if "accuracy" in kinds:
            lost = less_accurate(path, self.worse["accuracy"], data, *LOST_POINTS)
            print(f"a copy with noise loses {lost:.2f} points", file=sys.stderr, flush=True)

    def gates(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """What is shown, and the outcome, of each gate of `kind`."""
        if kind == "unchanged":
            yield "unchanged, baseline", unchanged(self.path, self.baseline, self.data)
        elif kind == "against":
            yield "unchanged, against", against(self.copied, self.path)
            with slowed_file(self.slow, SLOWER):
                yield "15 % slower, against", against(self.slow, self.path)
        else:
            data, count = self.data if kind == "accuracy" else None, None if kind == "instructions" else False
            if kind == "instructions":
                yield "unchanged, instructions", untimed(self.path, self.baseline, data, count)
            yield f"worse {kind}", untimed(self.worse[kind], self.baseline, data, count)


def measure(arguments: argparse.Namespace, report: Any) -> dict[str, list[dict[str, Any]]]:
    """Every run of every kind; `report` is called after each gate."""
    found: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder, busy(arguments.load):
        files = Files(arguments.file, Path(folder), arguments.data, arguments.only)
        if arguments.baseline is not None:
            shutil.copy(arguments.baseline, files.baseline)
        elif set(arguments.only) != {"against"}:
            counted = "instructions" in arguments.only
            albert_edge.baseline(files.baseline, arguments.file, "measured", data=arguments.data, count=counted)
        for _ in range(arguments.runs):
            for kind in arguments.only:
                for shown, outcome in files.gates(kind):
                    found.setdefault(shown, []).append({**outcome, "load": os.getloadavg()[0]})
                    report(found)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--data", required=True)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--load", type=int, default=2, help="programs that keep the machine busy")
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument(
        "--baseline", type=Path, help="one that is there, of a quiet machine perhaps; default: a new one"
    )
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()

    def report(found: dict[str, list[dict[str, Any]]]) -> None:
        if arguments.out is not None:
            arguments.out.write_text(json.dumps(found), encoding="utf-8")
        done = ", ".join(f"{len(each)} {name}" for name, each in found.items())
        print(f"{done}; load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)

    found = measure(arguments, report)
    for name, outcomes in found.items():
        print(f"{name}: {len(outcomes)} gates")
        for metric, row in counts(outcomes).items():
            print(f"  {metric}: {', '.join(f'{count} {verdict}' for verdict, count in row.items() if count)}")


if __name__ == "__main__":
    main()

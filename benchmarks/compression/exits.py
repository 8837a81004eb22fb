"""The exit inside the graph against fixed depths: mean milliseconds over dev, accuracy, layers used.

On the model whose every depth was trained to answer, and on the plain one, whose first layers alone are poor. The
threshold is found on dev for at most `MAX_DROP` points lost, and the same dev is walked through: a threshold for other
texts would be found on texts like them. Fixed depths run in the file without an exit, which pays nothing for looking.
"""

import contextlib
from functools import partial
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

import albert_edge
from albert_edge.artifact.exits import NEVER
from albert_edge.harness.walks import Run, in_turn, mean_ms
from albert_edge.pipelines.base import TextRequest
from albert_edge.runtime.base import HeadPredictor, Predictor
from albert_edge.runtime.running import run_packed
from albert_edge.tasks import DEPTH_USED
from albert_edge.text.packing import Packed
from albert_edge.text.tables import read_examples
from benchmarks.compression.scores import points_lost, scored
from benchmarks.compression.tables import ms, percent, points, table
from benchmarks.compression.work import DataSet, Work

MAX_DROP = 0.5
EXITS = ("entropy", "patience")
NEVER_TAKEN = "entropy, never taken"
KINDS = {"every depth trained": True, "plain": False}
HEADER = ("set", "model", "run", "mean depth", "mean ms", "of full depth", "accuracy", "points lost", "remark")


def measure(work: Work) -> str:
    """The part's table."""
    rows, lines = work.rows("exits"), []
    for data in work.sets.values():
        for kind, multi_exit in kinds(work, data):
            row = rows.once(f"{data.name}, {kind}", partial(_walked, work, data, multi_exit))
            lines += [{"set": data.name, "model": kind, **cells} for cells in lines_of(row)]
    return table("Exit and fixed depths, means over dev", HEADER, lines)


def kinds(work: Work, data: DataSet) -> list[tuple[str, bool]]:
    """Those of `KINDS` that are different folders: one may be given as both."""
    same = work.model(data, multi_exit=True) == work.model(data)
    return [(kind, multi_exit) for kind, multi_exit in KINDS.items() if multi_exit or not same]


def _walked(work: Work, data: DataSet, multi_exit: bool) -> dict[str, Any]:
    """Raw milliseconds, answers and depths of every way to run dev."""
    model, kind = work.model(data, multi_exit), "multi-exit" if multi_exit else "plain"
    fixed = work.file(model, work.path(data.name, "files", f"{kind}-fixed.tflite"), exit="none")
    leaving = {
        name: work.file(
            model,
            work.path(data.name, "files", f"{kind}-{name}.tflite"),
            exit=name,
            exit_data=data.dev,
            exit_max_drop=MAX_DROP,
        )
        for name in EXITS
    }
    with albert_edge.load(fixed) as predictor:
        layers = predictor.artifact.config.num_hidden_layers
    scores = {f"depth {depth}": scored(fixed, data, max_depth=depth) for depth in range(1, layers + 1)}
    texts = [example.text for example in read_examples(data.dev)]
    return {
        "layers": layers,
        "exits": {name: albert_edge.inspect(path)["exit"] for name, path in leaving.items()},
        "scores": {**{name: scored(path, data) for name, path in leaving.items()}, **scores},
        **_timed(leaving, fixed, texts, layers, work.plan.walks),
    }


def packed_texts(predictor: HeadPredictor, texts: Sequence[str]) -> list[list[Packed]]:
    """Each text's windows, the shortest text first."""
    packed = [predictor.pipeline.inputs(TextRequest(text)) for text in texts]
    return sorted(packed, key=lambda windows: sum(len(each.input_ids) for each in windows))


def _timed(leaving: Mapping[str, Path], fixed: Path, texts: list[str], layers: int, walks: int) -> dict[str, Any]:
    """`depth_used` of each exit's windows, and `raw_ms` of every run, all in this process."""
    with contextlib.ExitStack() as stack:
        opened = {name: stack.enter_context(albert_edge.load(path)) for name, path in leaving.items()}
        whole = stack.enter_context(albert_edge.load(fixed))
        windows = packed_texts(whole.head(whole.tasks[0]), texts)
        runs = {name: _run(predictor) for name, predictor in opened.items()}
        depths = {
            name: [float(run(packed)[whole.tasks[0]][DEPTH_USED][0]) for text in windows for packed in text]
            for name, run in runs.items()
        }
        runs[NEVER_TAKEN] = _run(opened["entropy"], exit_threshold=NEVER)
        runs.update({f"depth {depth}": _run(whole, max_depth=depth) for depth in range(1, layers + 1)})
        return {"depth_used": depths, "raw_ms": in_turn(runs, windows, walks)}


def _run(predictor: Predictor, **options: Any) -> Run:
    return lambda packed: run_packed(predictor.session, predictor.artifact.manifest, packed, **options)


def lines_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    """A line for each way to run, from the raw values."""
    full = f"depth {row['layers']}"
    lines = []
    for name, raw_ms in row["raw_ms"].items():
        score = row["scores"].get(name, row["scores"][full])
        lines.append(
            {
                "run": name,
                "mean depth": ms(_depth(row, name)),
                "mean ms": ms(mean_ms(raw_ms)),
                "of full depth": f"{mean_ms(raw_ms) / mean_ms(row['raw_ms'][full]):.2f}",
                "accuracy": percent(score["accuracy"]),
                "points lost": points(points_lost(row["scores"][full], score)),
                **({"remark": verdict(row, name)} if name in row["depth_used"] else {}),
            }
        )
    return lines


def _depth(row: dict[str, Any], name: str) -> float:
    if name in row["depth_used"]:
        used = row["depth_used"][name]
        return float(sum(used) / len(used))
    return float(row["layers"] if name == NEVER_TAKEN else name.split()[1])


def verdict(row: dict[str, Any], name: str) -> str:
    """An exit beside the fixed depths: the best one that takes no longer, and the mix of two that takes as long."""
    exit_ms, accuracy = mean_ms(row["raw_ms"][name]), row["scores"][name]["accuracy"]
    fixed = [(mean_ms(row["raw_ms"][depth]), row["scores"][depth]["accuracy"], depth) for depth in _depth_names(row)]
    best = max((each for each in fixed if each[0] <= exit_ms), key=lambda each: each[1], default=None)
    if best is None:
        return "faster than every fixed depth"
    mixed = mixed_accuracy([each[:2] for each in fixed], exit_ms)
    return f"{100 * (accuracy - best[1]):+.1f} points to {best[2]}, the best that takes no longer" + (
        "" if mixed is None else f"; {100 * (accuracy - mixed):+.1f} to a mix of two depths of equal time"
    )


def _depth_names(row: dict[str, Any]) -> list[str]:
    return [f"depth {depth}" for depth in range(1, row["layers"] + 1)]


def mixed_accuracy(fixed: list[tuple[float, float]], exit_ms: float) -> Optional[float]:
    """The accuracy of running a share of the texts at one depth and the rest at the next, `exit_ms` in the mean.

    `fixed`: (mean ms, accuracy) by depth. None where no two neighbours lie around `exit_ms`.
    """
    for (low_ms, low), (high_ms, high) in zip(fixed, fixed[1:]):
        if low_ms <= exit_ms < high_ms:
            return low + (high - low) * (exit_ms - low_ms) / (high_ms - low_ms)
    return None

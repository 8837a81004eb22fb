"""Pruning: half of the feed-forward units and a quarter of the heads gone, and half of the weights zero.

The first leaves a smaller dense model, which is faster everywhere; the second leaves zeros, which only a zip is smaller
for. Both are tuned after it, on a small set with the unpruned model as their teacher; the plain folder tuned as long
stands beside them, or its further training would count as pruning's merit.
"""

from functools import partial
from pathlib import Path
from typing import Any

import albert_edge
from albert_edge.training.reporting import TerminalReporter
from benchmarks.compression.scores import points_lost, scored, weight
from benchmarks.compression.tables import megabytes, ms, percent, points, table
from benchmarks.compression.work import DataSet, Work, slug
from benchmarks.timing import latencies, median, ratio

KINDS: dict[str, dict[str, float]] = {
    "half of the feed-forward units, three quarters of the heads": {"ffn": 0.5, "heads": 0.75},
    "half of the weights zero": {"sparsity": 0.5},
}
UNPRUNED, TUNED = "unpruned", "unpruned, tuned as long"
HEADER = (
    "set",
    "model",
    "Keras",
    "points lost",
    "file",
    "points lost in it",
    "model MB",
    "zip MB",
    "zip of unpruned's",
)


def measure(work: Work) -> str:
    """The part's table."""
    rows, lines = work.rows("pruning"), []
    longest = max(work.plan.lengths)
    for data in work.sets.values():
        found = {
            name: rows.once(f"{data.name}, {name}", partial(_described, work, data, name, model))
            for name, model in models(work, data).items()
        }
        files = {name: Path(row["path"]) for name, row in found.items()}
        raw_ms = rows.once(f"{data.name}, milliseconds", partial(latencies, files, work.plan.rounds, (longest,)))
        for name, row in found.items():
            times = {
                f"p50 ms, {longest} tokens": ms(median(raw_ms[name][str(longest)])),
                "time of unpruned's": f"{ratio(raw_ms, name, UNPRUNED, longest):.2f}",
            }
            lines.append({"set": data.name, "model": name, **_cells(found[UNPRUNED], row), **times})
    return table("Pruning", (*HEADER, f"p50 ms, {longest} tokens", "time of unpruned's"), lines)


def models(work: Work, data: DataSet) -> dict[str, Path]:
    """Name -> folder: the unpruned one, the same tuned, and each kind pruned and tuned."""
    model = work.model(data)
    found = {UNPRUNED: model}
    if work.plan.controls:
        found[TUNED] = work.tuned(data, "tuned", model)
    for name, shares in KINDS.items():
        path = work.path(data.name, "models", f"pruned-{'-'.join(shares)}")
        found[name] = work.made(path, partial(_prune, work, data, model, path, shares))
    return found


def _prune(work: Work, data: DataSet, model: Path, path: Path, shares: dict[str, float]) -> None:
    settings = {"epochs": data.tuning_epochs, "threads": 1, "reporter": TerminalReporter(), **work.plan.settings}
    teacher = {"teacher": str(model)} if data.is_taught else {}
    albert_edge.prune(model, data.train, data.dev, path, **{**settings, **teacher, **shares})


def _described(work: Work, data: DataSet, name: str, model: Path) -> dict[str, Any]:
    """Answers by Keras and by the dynamic-range file, and what that weighs."""
    file = work.file(model, work.path(data.name, "files", f"pruning-{slug(name)}.tflite"))
    return {"path": str(file), **weight(file), "keras": scored(model, data), "score": scored(file, data)}


def _cells(unpruned: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    return {
        "Keras": percent(row["keras"]["accuracy"]),
        "points lost": points(points_lost(unpruned["keras"], row["keras"])),
        "file": percent(row["score"]["accuracy"]),
        "points lost in it": points(points_lost(unpruned["keras"], row["score"])),
        "model MB": megabytes(row["model_bytes"]),
        "zip MB": megabytes(row["zipped_bytes"]),
        "zip of unpruned's": f"{row['zipped_bytes'] / unpruned['zipped_bytes']:.2f}",
    }

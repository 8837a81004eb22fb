"""`albert-edge optimize` unattended: what it tried, what it chose, and whether that keeps its promises.

The chosen file is scored again here: it must lose no more than was allowed, be verified on its target, and be a row
that the command itself calls allowed.
"""

from functools import partial
from typing import Any

import albert_edge
from benchmarks.compression.exits import kinds
from benchmarks.compression.scores import points_lost, scored
from benchmarks.compression.tables import megabytes, ms, points, table
from benchmarks.compression.work import DataSet, Work

MAX_DROP = 0.5
TARGET = "litert"
HEADER = ("set", "model", "file", "model MB", "points lost", "mean ms", "times float32's", "remark")


def measure(work: Work) -> str:
    """The part's table: every candidate, and of the chosen one what came out here."""
    rows, lines = work.rows("optimize"), []
    for data in work.sets.values():
        for kind, multi_exit in kinds(work, data):
            names = {"set": data.name, "model": kind}
            found = rows.once(f"{data.name}, {kind}", partial(_optimized, work, data, multi_exit))
            lines += [{**names, **_cells(row, found)} for row in found["report"]["rows"]]
            lines.append({**names, "file": "the chosen one", "remark": verdict(found)})
    return table("What optimize tries and chooses", HEADER, lines)


def _optimized(work: Work, data: DataSet, multi_exit: bool) -> dict[str, Any]:
    model = work.model(data, multi_exit)
    out = work.path(data.name, "files", f"best{'-multi-exit' if multi_exit else ''}.tflite")
    report = albert_edge.optimize(
        model, out, data=data.dev, calibrate=data.train, targets=[TARGET], max_drop=MAX_DROP, overwrite=True
    )
    if report["chosen"] is None:
        return {"report": report}
    lost = points_lost(scored(model, data), scored(out, data))
    return {"report": report, "lost": lost, "targets": albert_edge.inspect(out)["targets"]}


def _cells(row: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    if row["failed"] is not None:
        return {"file": row["name"], "remark": f"failed: {row['failed']}"}
    (timing,) = row["timings"].values()
    remarks = {
        "chosen": row["name"] == found["report"]["chosen"],
        "loses too much": not row["allowed"],
        "slower than float32": timing["times_float32"] is not None and timing["times_float32"] > 1,
    }
    return {
        "file": row["name"],
        "model MB": megabytes(row["model_bytes"]),
        "points lost": points(row["drop"]),
        "mean ms": ms(timing["mean_ms"]),
        "times float32's": None if timing["times_float32"] is None else f"{timing['times_float32']:.2f}",
        "remark": ", ".join(remark for remark, holds in remarks.items() if holds),
    }


def verdict(found: dict[str, Any]) -> str:
    """Whether what was chosen may be chosen, by what was measured here."""
    report = found["report"]
    if report["chosen"] is None:
        return "none was within the allowed drop"
    (row,) = (row for row in report["rows"] if row["name"] == report["chosen"])
    targets = found["targets"]
    faults = {
        f"loses {points(found['lost'])} points, of {points(MAX_DROP)} allowed": found["lost"] > MAX_DROP,
        f"is verified on {', '.join(targets) or 'nothing'}": not any(each.startswith(TARGET) for each in targets),
        "isn't allowed by the command's own table": not row["allowed"] or row["failed"] is not None,
    }
    broken = [fault for fault, holds in faults.items() if holds]
    if broken:
        return f"BROKEN: it {' and '.join(broken)}"
    return f"loses {points(found['lost'])} points here, and is verified on {', '.join(targets)}"

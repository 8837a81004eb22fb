"""ALBERT-base's shape with random weights in every scheme, looped: bytes, copies of the weights, milliseconds.

Random weights answer nothing, but weigh and take as long as trained ones. Ranges of activations come from
`examples/topics`. Time is litert's alone: what the schemes cost on tflite-runtime shows in the table of schemes.
"""

from functools import partial
from pathlib import Path
from typing import Any

import albert_edge
from benchmarks.compression.schemes import OPTIONS, scheme_options, takes_any_length, timed, timed_header
from benchmarks.compression.scores import weight
from benchmarks.compression.tables import megabytes, table
from benchmarks.compression.work import Work, slug
from benchmarks.graph import ROOT, random_model
from benchmarks.timing import latencies

TEXTS = ROOT / "examples" / "topics" / "train.tsv"


def measure(work: Work) -> str:
    """The part's table."""
    rows = work.rows("shape", on_data=False)
    folder = work.path("shape", "model").parent
    model = work.made(folder / "model", partial(random_model, folder, work.plan.base))
    found = [rows.once(scheme, partial(_weighed, work, model, scheme)) for scheme in OPTIONS]
    files = {row["scheme"]: Path(row["file"]) for row in found if takes_any_length(row)}
    raw_ms = rows.once("milliseconds", partial(latencies, files, work.plan.rounds, work.plan.lengths))
    lines = [{**_cells(row), **timed(raw_ms, row["scheme"])} for row in found]
    header = ("scheme", "model MB", "copies", *timed_header(work.plan.lengths), "remark")
    return table(f"Bytes and time of the shape of {work.plan.base}", header, lines)


def _weighed(work: Work, model: Path, scheme: str) -> dict[str, Any]:
    path = work.path("shape", f"{slug(scheme)}.tflite")
    file, reason = work.file_or_reason(model, path, **scheme_options(scheme, TEXTS))
    if file is None:
        return {"scheme": scheme, "refused": reason}
    return {"scheme": scheme, "file": str(file), "lengths": albert_edge.inspect(file)["lengths"], **weight(file)}


def _cells(row: dict[str, Any]) -> dict[str, Any]:
    if "refused" in row:
        return {"scheme": row["scheme"], "remark": row["refused"]}
    return {"scheme": row["scheme"], "model MB": megabytes(row["model_bytes"]), "copies": row["weight_copies"]}

"""What a model answers to a set's dev rows, and how far two models' answers lie apart."""

import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any, NamedTuple, Optional

import albert_edge
from benchmarks.compression.work import DataSet

Score = dict[str, Any]
"""`accuracy`, `correct`, `rows` and `labels`, the label that each row got."""


def scored(path: Path, data: DataSet, **options: Any) -> Score:
    """The answers of a folder (by Keras) or of a `.tflite` (one thread, as on a device); `evaluate`'s options."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "predictions.jsonl"
        report = albert_edge.evaluate(path, data.dev, predictions=file, **options)
        labels = [json.loads(line)["label"] for line in file.read_text(encoding="utf-8").splitlines()]
    rows = report["examples"]
    return {
        "accuracy": report["accuracy"],
        "correct": round(report["accuracy"] * rows),
        "rows": rows,
        "labels": labels,
        "runtime": report["runtime"],
    }


def agreement(one: Score, other: Score) -> float:
    """Share of the rows that got one label from both."""
    return float(sum(a == b for a, b in zip(one["labels"], other["labels"])) / len(one["labels"]))


def points_lost(reference: Score, score: Score) -> float:
    """Points of accuracy; below 0 where `score` is the better one."""
    return float(100 * (reference["correct"] - score["correct"]) / reference["rows"])


class Weight(NamedTuple):
    """What a file weighs."""

    file_bytes: int
    model_bytes: int
    """The flatbuffer alone, without vocabulary and manifest."""
    weight_copies: Optional[int]
    zipped_bytes: int
    """The file in a zip, deflated at level 9: what a download weighs."""


def weight(path: Path) -> dict[str, Any]:
    """`Weight` of a `.tflite`, as a dict."""
    facts = albert_edge.inspect(path)
    return Weight(path.stat().st_size, facts["model_bytes"], facts["weight_copies"], zipped_bytes(path))._asdict()


def zipped_bytes(path: Path) -> int:
    """The size of a zip that holds `path`, deflated at level 9."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "a.zip"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            archive.write(path, path.name)
        return target.stat().st_size

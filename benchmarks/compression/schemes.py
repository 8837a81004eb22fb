"""Every scheme on every runtime that takes it: accuracy, bytes and time beside the Keras model and float32.

A scheme that a target can't have is a row too, with the converter's reason. What was tuned for a scheme (`--qat`) has a
folder of its own; what it loses is counted from the plain folder's Keras accuracy as for the others.
"""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import albert_edge
from benchmarks.compression.scores import Score, agreement, points_lost, scored, weight
from benchmarks.compression.tables import megabytes, ms, percent, points, table
from benchmarks.compression.work import DataSet, Rows, Work, slug
from benchmarks.timing import Raw, latencies, median, ratio
from converters.schemes import SCHEMES
from converters.targets import Target, installed_targets

QAT = ("int4", "int8")
HEADER = ("set", "scheme", "runtime", "model MB", "copies", "accuracy", "points lost", "rows lost", "labels as Keras")
REFERENCE = "float32"
KERAS, SENSITIVITY = "Keras", "sensitivity"
PART_HEADER = ("set", "part", "saves MB", "points lost", "relative error of the logits", "in the mixture")


class Variant(NamedTuple):
    """A folder and how it is converted."""

    name: str
    model: Path
    options: dict[str, Any]


OPTIONS: dict[str, dict[str, Any]] = {
    **{name: {"scheme": name} for name, scheme in SCHEMES.items() if scheme.parts},
    "int4, table too": {"scheme": "int4", "parts": {"embedding": "int4"}},
}
"""Every scheme that says what each part is stored in, and int4 with the table of words in 4 bits too."""


def scheme_options(name: str, texts: Path) -> dict[str, Any]:
    """What `convert` takes: weights that are rounded and ranges of activations are fitted to the file `texts`."""
    fits = not name.startswith("float")
    return {**OPTIONS[name], **({"calibrate": texts} if fits else {})}


def variants(work: Work, data: DataSet, rows: Rows) -> list[Variant]:
    """Each scheme of the plain folder, and what was tuned for one: its weights and ranges need no texts.

    `mixed` is what `sensitivity` proposes for 4 bits where they lose little and 8 elsewhere, at most half a point lost.
    """
    model = work.model(data)
    parts = rows.once(f"{data.name}, {SENSITIVITY}", partial(_sensitivity, model, data))["mixed"]
    mixed = {"scheme": "mixed", "parts": parts, "calibrate": data.train}
    found = [Variant(name, model, scheme_options(name, data.train)) for name in OPTIONS]
    wanted = QAT if work.plan.controls else QAT[:1]
    tuned = [
        Variant(f"{precision} after QAT", _tuned_for(work, data, precision), OPTIONS[precision]) for precision in wanted
    ]
    return [*found, Variant("mixed", model, mixed), *tuned]


def _sensitivity(model: Path, data: DataSet) -> dict[str, Any]:
    found: dict[str, Any] = albert_edge.sensitivity(model, data.dev, precision="int4", calibrate=data.train)
    return found


def _tuned_for(work: Work, data: DataSet, precision: str) -> Path:
    """Trained once over some rows with the rounding on, at a checkpoint's rates, to answer as the plain folder does."""
    model = work.model(data)
    settings = {"epochs": 1, "qat": precision, "teacher": str(model)}
    return work.train(data, f"qat-{precision}", data.few, from_=model, **settings)


def measure(work: Work) -> str:
    """The part's table."""
    rows, lines, parts = work.rows("schemes"), [], []
    for data in work.sets.values():
        keras = rows.once(f"{data.name}, {KERAS}", partial(scored, work.model(data), data))
        known = variants(work, data, rows)
        lines.append({"set": data.name, **_cells(keras, {"scheme": KERAS, "score": keras})})
        for each in known[len(OPTIONS) + 1 :]:
            score = rows.once(f"{data.name}, {each.name}, {KERAS}", partial(scored, each.model, data))
            lines.append({"set": data.name, **_cells(keras, {"scheme": f"{KERAS}, {each.name}", "score": score})})
        for target in installed_targets():
            answers = [
                rows.once(f"{data.name}, {each.name}, {target.name}", partial(_answered, work, data, each, target))
                for each in known
            ]
            raw_ms = _times(work, rows, data, target, answers)
            names = {"set": data.name, "runtime": target.label}
            lines += [{**names, **_cells(keras, row), **timed(raw_ms, row["scheme"])} for row in answers]
        parts += _parts(data, rows.once(f"{data.name}, {SENSITIVITY}", partial(_sensitivity, work.model(data), data)))
    schemes = table("Schemes", (*HEADER, *timed_header(work.plan.lengths), "remark"), lines)
    return f"{schemes}\n{table('Each part alone in 4 bits, and the mixture', PART_HEADER, parts)}"


def _parts(data: DataSet, found: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "set": data.name,
            "part": row["part"],
            "saves MB": megabytes(row["bytes_saved"]),
            "points lost": points(row["drop"]),
            "relative error of the logits": f"{row['relative_error']:.3f}",
            "in the mixture": found["mixed"].get(row["part"]),
        }
        for row in (*found["rows"], found["mixture"])
    ]


def _answered(work: Work, data: DataSet, variant: Variant, target: Target) -> dict[str, Any]:
    """A variant on a target: its answers and bytes, or the reason why there is no file."""
    path = work.path(data.name, "files", f"{slug(variant.name)}-{target.name}.tflite")
    file, reason = work.file_or_reason(variant.model, path, targets=[target.label], **variant.options)
    if file is None:
        return {"scheme": variant.name, "refused": reason}
    return {
        "scheme": variant.name,
        "file": str(file),
        "lengths": albert_edge.inspect(file)["lengths"],
        **weight(file),
        "score": scored(file, data, runtime=target.runtime),
    }


def _times(work: Work, rows: Rows, data: DataSet, target: Target, answers: list[dict[str, Any]]) -> Raw:
    """Milliseconds of the files for `target` that take any length, in one process."""
    files = {row["scheme"]: Path(row["file"]) for row in answers if takes_any_length(row)}
    measured: Raw = rows.once(
        f"{data.name}, milliseconds, {target.name}",
        partial(latencies, files, work.plan.rounds, work.plan.lengths, target.runtime),
    )
    return measured


def takes_any_length(row: dict[str, Any]) -> bool:
    """Whether a row has a file, and that file isn't of one length."""
    return "file" in row and row["lengths"]["min"] != row["lengths"]["max"]


def _cells(keras: Score, row: dict[str, Any]) -> dict[str, Any]:
    if "refused" in row:
        return {"scheme": row["scheme"], "remark": row["refused"]}
    score = row["score"]
    return {
        "scheme": row["scheme"],
        **({"model MB": megabytes(row["model_bytes"]), "copies": row["weight_copies"]} if "file" in row else {}),
        "accuracy": percent(score["accuracy"]),
        "points lost": points(points_lost(keras, score)),
        "rows lost": keras["correct"] - score["correct"],
        "labels as Keras": percent(agreement(keras, score)),
    }


def timed_header(lengths: tuple[int, ...]) -> tuple[str, ...]:
    """The columns of `timed`, but for the remark."""
    return (*(f"p50 ms, {tokens} tokens" for tokens in lengths), f"times {REFERENCE}'s")


def timed(raw_ms: Raw, name: str) -> dict[str, str]:
    """Cells of a file: the median at each length, the ratios to float32's, and a remark where it is slower."""
    if name not in raw_ms:
        return {}
    ratios = {tokens: ratio(raw_ms, name, REFERENCE, int(tokens)) for tokens in raw_ms[name]}
    slower = [tokens for tokens, value in ratios.items() if value > 1 and name != REFERENCE]
    return {
        **{f"p50 ms, {tokens} tokens": ms(median(values)) for tokens, values in raw_ms[name].items()},
        f"times {REFERENCE}'s": ", ".join(f"{value:.2f}" for value in ratios.values()),
        **({"remark": f"slower than {REFERENCE} at {', '.join(slower)} tokens"} if slower else {}),
    }

"""Public `optimize`: try every way to convert a model, measure all of them, and write the file that is best.

The model is scored by Keras once. Each candidate is then converted, which verifies it on each target, and scored there;
what passed is timed on each target, all files in turn; one of those that lose few enough points is chosen, and exactly
its bytes, those that were measured, become the output. Everything else lies in a temporary folder until the end.
"""

from __future__ import annotations

import functools
import hashlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Sequence

import albert_edge
from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.files import PathLike, atomic_write, check_writable
from albert_edge.harness.environment import environment
from albert_edge.model.hub import resolve_folder
from albert_edge.model.tensors import task_of_folder
from albert_edge.tasks import task_named
from converters.layout import Layout
from converters.metric import first_metric
from converters.optimization.candidates import Candidate, candidates, not_tried
from converters.optimization.choosing import PREFERENCES, chosen, judged
from converters.optimization.mixture import mixed_parts
from converters.optimization.picture import check_picture, picture
from converters.optimization.rows import Row
from converters.optimization.timing import with_timings
from converters.optimization.trials import Setting, Trials
from converters.requests import read_requests
from converters.targets import DEFAULT_TARGET, Target, parse_targets, prepare

if TYPE_CHECKING:
    from albert_edge.text.tables import Columns

SCHEMA_VERSION = 1

Tell = Callable[[str], None]


def optimize(
    model: PathLike,
    out: PathLike,
    *,
    data: PathLike,
    calibrate: Optional[PathLike] = None,
    targets: Sequence[str] = (DEFAULT_TARGET,),
    max_drop: float = 0.5,
    prefer: str = "balanced",
    schemes: Sequence[str] = (),
    layout: str = "looped",
    length: Optional[int] = None,
    columns: Optional[Columns] = None,
    plot: Optional[PathLike] = None,
    report: Optional[PathLike] = None,
    overwrite: bool = False,
    tell: Optional[Tell] = None,
) -> dict[str, Any]:
    """Find the best file of the folder `model` for `targets` and write it to `out`.

    Arguments:
        model: a folder, or `hf:owner/name@revision`.
        data: a labelled file of the model's task: what the drop is measured on, an exit calibrated, latency taken.
        calibrate: a file of texts for activations and rounding; without one `int8` and `int16x8` fail.
        targets: as for `convert`, but no device; the file must be right, and is measured, on each.
        max_drop: points of the task's first metric that the file may lose from the Keras model on `data`.
        prefer: `balanced`, `latency` or `size`; `converters.optimization.choosing` states the rule of each.
        schemes: what to try; empty: all. float32 is always tried, since the others' latency is told beside its own.
        layout, length: of every file, as for `convert`.
        columns: of `data` and `calibrate`, if they are tables.
        plot: a .svg or .png to draw the files in; report: a .json for what this function returns.
        overwrite: whether the outputs may be replaced.
        tell: gets a line of progress from time to time.

    Returns `schema_version`, `chosen` (the name of a row; None: no file was within the drop, and none was written),
    `out`, `file_bytes` and `sha256` of it, `metric`, `max_drop`, `prefer`, `targets`, `keras` (its `score` in points
    and the `examples`), `rows` (`Row.to_dict`), `not_tried` (a line each) and `environment`.

    Raises `ConfigError` on options that can't be, and what reading the model and the data raises; whatever happens to
    one candidate is told in its row.
    """
    _check(max_drop, prefer)
    for path in (out, plot, report):
        if path is not None:
            check_writable(path, overwrite)
    if plot is not None:
        check_picture(plot)
    wanted = parse_targets(targets)
    _check_near(wanted)
    config = AlbertConfig.load(resolve_folder(model))
    tries = candidates(config, schemes, layout)
    Layout(layout, length).lengths(config)
    if calibrate is not None:
        # Else every candidate would fail by it, and the run end without a file.
        read_requests(task_named(task_of_folder(config)), calibrate, columns)
    prepare(wanted)
    say = tell or _silence
    say("scoring the Keras model")
    keras = albert_edge.evaluate(model, data, columns)
    metric, keras_score = first_metric(keras["task"], keras)
    setting = Setting(model, data, columns, calibrate, wanted, layout, length, max_drop, keras_score)
    with tempfile.TemporaryDirectory() as folder:
        rows, files = _tried(tries, setting, Path(folder), say)
        best = chosen(rows, prefer)
        contents = None if best is None else files[best.name].read_bytes()
    found = {
        "schema_version": SCHEMA_VERSION,
        "chosen": None if best is None else best.name,
        "out": None if best is None else str(out),
        "file_bytes": None if contents is None else len(contents),
        "sha256": None if contents is None else hashlib.sha256(contents).hexdigest(),
        "metric": metric,
        "max_drop": max_drop,
        "prefer": prefer,
        "targets": [target.label for target in wanted],
        "keras": {"score": keras_score, "examples": keras["examples"]},
        "rows": [row.to_dict() for row in rows],
        "not_tried": not_tried(config, schemes, layout),
        "environment": environment(wanted[0].label, 1, keras["model_sha256"]),
    }
    _write(found, rows, contents, {"out": out, "plot": plot, "report": report})
    return found


def _check(max_drop: float, prefer: str) -> None:
    if not 0 <= max_drop < 100:
        raise ConfigError(f"max_drop must be a number of points from 0 to below 100; received {max_drop}")
    if prefer not in PREFERENCES:
        raise ConfigError(f"prefer must be one of {', '.join(PREFERENCES)}; received {prefer!r}")


def _check_near(targets: Sequence[Target]) -> None:
    for target in targets:
        if target.device is not None:
            raise ConfigError(
                f"targets to optimize for must be runtimes of this machine, which can be timed in turn: give "
                f"{target.name}, and the file's name to `bench --device`; received {target.device}"
            )


def _silence(_: str) -> None:
    """For callers who want no progress."""


def _tried(
    tries: Sequence[Candidate], setting: Setting, folder: Path, say: Tell
) -> tuple[list[Row], Mapping[str, Path]]:
    trials = Trials(setting, folder, functools.lru_cache(lambda: mixed_parts(setting)))
    for number, candidate in enumerate(tries, start=1):
        say(f"{number} of {len(tries)}: {candidate.name}")
        row = trials.try_(candidate)
        say(f"    failed: {row.failed}" if row.failed else f"    {row.score:.2f} points, {row.file_bytes:,} bytes")
    say(f"measuring {len(trials.files)} files in turn")
    return judged(list(with_timings(trials.rows, trials.files, setting).values()), setting.max_drop), trials.files


def _write(
    found: Mapping[str, Any], rows: Sequence[Row], contents: Optional[bytes], paths: Mapping[str, Optional[PathLike]]
) -> None:
    """The file itself last: it is there only if the rest is."""
    if paths["plot"] is not None:
        atomic_write(paths["plot"], picture(rows, found, Path(paths["plot"]).suffix))
    if paths["report"] is not None:
        atomic_write(paths["report"], (json.dumps(found, ensure_ascii=False, indent=2) + "\n").encode())
    if contents is not None and paths["out"] is not None:
        atomic_write(paths["out"], contents)

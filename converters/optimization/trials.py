"""One candidate after another: converted, verified on each target, scored there by the device's code.

Each score is taken in a fresh process without TensorFlow, as a device has it; a crash there, or in the conversion,
which has a process of its own, is the reason in a row. Nothing that happens to one candidate ends the run.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

import albert_edge
from albert_edge.errors import AlbertEdgeError, CheckFailedError
from albert_edge.files import PathLike
from albert_edge.harness.processes import probe
from albert_edge.runtime.interpreter import PACKAGES
from albert_edge.text.tables import Columns
from converters.metric import first_metric
from converters.optimization.candidates import MIXED, Candidate
from converters.optimization.rows import Row
from converters.targets import Target, python_of

_LONGEST_REASON = 240


@dataclasses.dataclass(frozen=True)
class Setting:
    """What all candidates of a run have in common."""

    model: PathLike
    data: PathLike
    columns: Optional[Columns]
    calibrate: Optional[PathLike]
    targets: tuple[Target, ...]
    layout: str
    length: Optional[int]
    max_drop: float
    """In points."""
    keras_score: float
    """In points, of the task's first metric."""

    @property
    def column_fields(self) -> Optional[dict[str, Any]]:
        """`columns` for another process, as JSON values."""
        return None if self.columns is None else dataclasses.asdict(self.columns)


class Trials:
    """The rows of a run and their files."""

    def __init__(self, setting: Setting, folder: Path, mixed_parts: Callable[[], Mapping[str, str]]) -> None:
        """`folder` takes the files; `mixed_parts` measures which precision each part of `mixed` gets."""
        self._setting = setting
        self._folder = folder
        self._mixed_parts = mixed_parts
        self.rows: dict[str, Row] = {}
        self.files: dict[str, Path] = {}

    def try_(self, candidate: Candidate) -> Row:
        """Convert, verify and score `candidate`; the row says what came of it."""
        path = self._folder / f"{len(self.rows)}.tflite"
        try:
            row = self._scored(candidate, path)
        except Exception as reason:
            row = Row(candidate.name, candidate.scheme, failed=_in_a_line(reason))
        else:
            self.files[row.name] = path
        self.rows[row.name] = row
        return row

    def _scored(self, candidate: Candidate, path: Path) -> Row:
        facts = self._converted(candidate, path)
        scores = {target.label: self._score(path, target) for target in self._setting.targets}
        return Row(
            candidate.name,
            candidate.scheme,
            parts=facts["parts"],
            early_exit=facts["exit"],
            file_bytes=facts["file_bytes"],
            model_bytes=facts["model_bytes"],
            scores=scores,
            drop=self._setting.keras_score - min(scores.values()),
        )

    def _converted(self, candidate: Candidate, path: Path) -> dict[str, Any]:
        setting, early_exit = self._setting, self._exit(candidate)
        return albert_edge.convert(
            setting.model,
            path,
            scheme=candidate.scheme,
            parts=self._mixed_parts() if candidate.scheme == MIXED else candidate.parts,
            calibrate=setting.calibrate,
            columns=setting.columns,
            targets=[target.label for target in setting.targets],
            layout=setting.layout,
            length=setting.length,
            **early_exit,
        )

    def _exit(self, candidate: Candidate) -> dict[str, Any]:
        if not candidate.early_exit:
            return {"exit": "none"}
        plain = self.rows[dataclasses.replace(candidate, early_exit=False).name]
        if plain.drop is None or plain.drop > self._setting.max_drop:
            raise CheckFailedError(f"the scheme must leave room for an exit's drop; received {_without_room(plain)}")
        left = self._setting.max_drop - max(plain.drop, 0.0)
        return {"exit": "entropy", "exit_data": self._setting.data, "exit_max_drop": left}

    def _score(self, path: Path, target: Target) -> float:
        setting = self._setting
        arguments: dict[str, Any] = {"path": str(path), "data": str(setting.data), "runtime": target.runtime}
        arguments["columns"] = setting.column_fields
        with probe(PACKAGES[target.runtime].module, "evaluated", arguments, python_of(target)) as started:
            return first_metric(started.answer["task"], started.answer)[1]


def _without_room(plain: Row) -> str:
    return "no file" if plain.drop is None else f"{plain.drop:.2f} points lost without one"


def _in_a_line(reason: Exception) -> str:
    text = " ".join(str(reason).split())
    shown = text if isinstance(reason, AlbertEdgeError) else f"{type(reason).__name__}: {text}"
    return shown if len(shown) <= _LONGEST_REASON else shown[:_LONGEST_REASON] + "..."

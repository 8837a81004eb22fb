"""The log of a pretraining: a JSON object a line, one for every so many updates and one for every evaluation.

A pretraining that goes on from its last snapshot makes some updates again: their lines are dropped first, so that each
update is in the log once. Only the last line can be half of one, after a kill; it is dropped too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Optional

from albert_edge.files import atomic_write, reported_as

if TYPE_CHECKING:
    from albert_edge.training.pretraining.board import Board


class Log:
    """The file `path`, with the lines of the updates up to `step`; without a path, the new lines in memory."""

    def __init__(self, path: Optional[Path], step: int = 0) -> None:
        self._path = path
        self.lines: list[dict[str, Any]] = []
        self.board: Optional[Board] = None
        """Gets each new line too."""
        if path is not None:
            self.lines += [line for line in read_log(path) if line["step"] <= step] if step else []
            atomic_write(path, self.data())

    def data(self) -> bytes:
        """The whole file."""
        return "".join(map(_line, self.lines)).encode()

    def add(self, values: Mapping[str, Any]) -> None:
        """One more line, in the file when this returns."""
        self.lines.append(dict(values))
        if self._path is not None:
            with reported_as(self._path), self._path.open("a", encoding="utf-8") as file:
                file.write(_line(values))
        if self.board is not None:
            self.board.add(values)


def read_log(path: Path) -> list[dict[str, Any]]:
    """The whole lines of the file `path`; none if there is no file."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def _line(values: Mapping[str, Any]) -> str:
    return json.dumps(values) + "\n"

"""The log of a pretraining as TensorBoard reads it: each number of a line is a scalar at the line's update.

The events are those of `tf.summary.scalar`, which alone would need TensorBoard itself to be installed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator, Mapping, Sequence

from albert_edge.files import reported_as
from albert_edge.model.keras import tf

_EVENTS = "events.out.tfevents.*"
_SCALAR = 1
"""`DATA_CLASS_SCALAR` of TensorFlow's `summary.proto`, whose enumeration has no public name in Python."""
_NOT_DRAWN = ("step", "seconds", "cpu_seconds")


class Board:
    """Event files in `folder`, which hold the lines given so far and no others."""

    def __init__(self, folder: Path, lines: Sequence[Mapping[str, Any]]) -> None:
        """`lines`: the log up to here. What else the folder's event files hold is made again, and goes."""
        with reported_as(folder):
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.glob(_EVENTS):
                path.unlink()
        self._writer = tf.summary.create_file_writer(str(folder))
        for line in lines:
            self.add(line)

    def add(self, line: Mapping[str, Any]) -> None:
        """One line more, in the file when this returns."""
        with self._writer.as_default(step=line["step"]):
            for name, value in scalars(line):
                tf.summary.write(name, tf.constant(value, tf.float32), metadata=_metadata())
        self._writer.flush()


def scalars(line: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The numbers of a line of the log by their names: `training/loss`, `held_out/books/accuracy`."""
    for corpus, scores in line.get("held_out", {}).items():
        yield from ((f"held_out/{corpus}/{name}", value) for name, value in scores.items())
    if "held_out" not in line:
        yield from ((f"training/{name}", value) for name, value in line.items() if name not in _NOT_DRAWN)


def _metadata() -> Any:
    metadata = tf.compat.v1.SummaryMetadata()
    metadata.plugin_data.plugin_name = "scalars"
    metadata.data_class = _SCALAR
    return metadata

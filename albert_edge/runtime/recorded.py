"""Runs a model on recorded inputs and writes its outputs: what the host asks of a device, in one start.

    python -m albert_edge.runtime.recorded MODEL RUNS ANSWERS [RUNTIME]

MODEL is a flatbuffer that the host answers for. RUNS is a message (`runtime.frames`) with the inputs of each run,
ANSWERS gets one with the outputs of each, behind a first one with `runtime` (package and version) or `error`, in one
line, if the runtime refused. Leaves out crashes: they end the process, and the host sees that.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Optional, Sequence

from albert_edge.errors import AlbertEdgeError, ArtifactError
from albert_edge.files import PathLike, atomic_write, read_bytes
from albert_edge.runtime.frames import receive, send
from albert_edge.runtime.interpreter import open_session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.runtime.session import Arrays


def write_runs(path: PathLike, runs: Sequence[Arrays]) -> None:
    """Write the inputs of each run, name -> array, to `path`."""
    stream = io.BytesIO()
    for inputs in runs:
        send(stream, {}, inputs)
    atomic_write(path, stream.getvalue())


def answer_runs(model: PathLike, runs: PathLike, answers: PathLike, runtime: Optional[str] = None) -> None:
    """Run the flatbuffer at `model` on the inputs in `runs` and write the outputs to `answers`, or why there are none.

    `runtime` is as for `open_session`. Raises `AlbertEdgeError` if a file can't be read or written.
    """
    flatbuffer = read_bytes(model)
    stream = io.BytesIO()
    try:
        with open_session(flatbuffer, runtime=runtime) as session:
            send(stream, {"runtime": session.runtime}, {})
            for _, inputs in _messages(runs):
                send(stream, {}, session.run(inputs))
    except AlbertEdgeError as error:
        stream = io.BytesIO()
        send(stream, {"error": str(error)}, {})
    atomic_write(answers, stream.getvalue())


def read_answers(path: PathLike, count: int) -> tuple[str, list[dict[str, NDArray[Any]]]]:
    """Package and version of the runtime, and the outputs of each of `count` runs, as `answer_runs` wrote them.

    Raises `ArtifactError` if the runtime refused the model or the inputs, or if there are fewer answers.
    """
    messages = list(_messages(path))
    fields = messages[0][0] if messages else {}
    if "error" in fields:
        raise ArtifactError(fields["error"])
    if len(messages) != count + 1 or "runtime" not in fields:
        raise ArtifactError(f"a device must answer each of {count} runs; received {max(len(messages) - 1, 0)} answers")
    return fields["runtime"], [arrays for _, arrays in messages[1:]]


def _messages(path: PathLike) -> Iterator[tuple[dict[str, Any], dict[str, NDArray[Any]]]]:
    with open(Path(path), "rb") as stream:
        while (message := receive(stream)) is not None:
            yield message


if __name__ == "__main__":
    answer_runs(*sys.argv[1:])

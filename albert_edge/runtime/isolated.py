"""Runs any `.tflite` in a process of its own, where a crash of the interpreter is a message.

For files that `read_artifact` can't vouch for: those without a manifest. The native loader of such a file can end the
process (an empty table, an operator that reads what nobody wrote), and Python can't catch that. The child has limited
memory and time. It is no sandbox: code that the file might bring to run would have the user's rights.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any, Mapping, Optional

from albert_edge.errors import ArtifactError
from albert_edge.files import PathLike, read_bytes
from albert_edge.runtime.children import Child, child_environment
from albert_edge.runtime.session import Arrays, InputSpec, Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

TIMEOUT_S = 60.0

MAX_TRIAL_BYTES = 64 * 1024 * 1024
"""Of inputs: this process makes them, and a file may ask for any size."""


def open_isolated(
    path: PathLike,
    threads: int = 1,
    runtime: Optional[str] = None,
    timeout_s: float = TIMEOUT_S,
    python: Optional[PathLike] = None,
) -> Session:
    """Load the `.tflite` at `path`, any with one signature, in a child process.

    `timeout_s` holds for loading and for each run. `python` is that of another environment, which needs numpy and the
    runtime; None: this process's. The session's methods, and this function, raise `ArtifactError` if
    the interpreter refuses the file, crashes or takes too long; the session is closed then.
    """
    import numpy as np

    model = np.frombuffer(read_bytes(path, ArtifactError), np.uint8)
    return IsolatedSession(str(path), model, threads, runtime, timeout_s, python)


def trial(path: PathLike, threads: int = 1, runtime: Optional[str] = None) -> dict[str, Any]:
    """Run the `.tflite` at `path` once on zeros in a child process, sizes of 1 where the model leaves them open.

    Returns `runtime` and `outputs`, a list of {name, dtype, shape}. Raises `ArtifactError` where `open_isolated` does,
    and on inputs of more than `MAX_TRIAL_BYTES`.
    """
    with open_isolated(path, threads, runtime) as session:
        outputs = session.run(_zeros(str(path), session.inputs))
        described = [
            {"name": name, "dtype": array.dtype.name, "shape": list(array.shape)} for name, array in outputs.items()
        ]
        return {"runtime": session.runtime, "outputs": described}


def _zeros(path: str, inputs: Mapping[str, InputSpec]) -> dict[str, NDArray[Any]]:
    import numpy as np

    shapes = {name: [size if size >= 0 else 1 for size in spec.shape] for name, spec in inputs.items()}
    size_bytes = sum(math.prod(shape) * np.dtype(inputs[name].dtype).itemsize for name, shape in shapes.items())
    if size_bytes > MAX_TRIAL_BYTES:
        raise ArtifactError(
            f"{path}: a trial's inputs must have at most {MAX_TRIAL_BYTES:,} bytes; received {size_bytes:,}"
        )
    return {name: np.zeros(shape, inputs[name].dtype) for name, shape in shapes.items()}


class IsolatedSession(Session):
    """A model in an interpreter of a child process."""

    def __init__(
        self,
        name: str,
        model: NDArray[Any],
        threads: int,
        runtime: Optional[str],
        timeout_s: float,
        python: Optional[PathLike] = None,
    ) -> None:
        self._name = name
        self._timeout_s = timeout_s
        self._child = Child("albert_edge.runtime.child", _environment(), python)
        fields, _ = self._exchange("load", {"threads": threads, "runtime": runtime}, {"model": model})
        self._runtime: str = fields["runtime"]
        super().__init__({name: InputSpec(dtype, tuple(shape)) for name, (dtype, shape) in fields["inputs"].items()})

    @property
    def runtime(self) -> str:
        """Package and version."""
        return self._runtime

    def _invoke(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        try:
            return self._exchange("run", {}, inputs)[1]
        except ArtifactError:
            self._is_open = False
            raise

    def _exchange(
        self, action: str, fields: Mapping[str, Any], arrays: Arrays
    ) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Send one message and wait for its answer."""
        timer = threading.Timer(self._timeout_s, self._child.process.kill)
        timer.start()
        try:
            self._child.send(fields, arrays)
            answer = self._child.receive()
        finally:
            in_time = timer.is_alive()
            timer.cancel()
        if answer is not None and "error" not in answer[0]:
            return answer
        if answer is not None:
            error = answer[0]["error"]
        else:
            error = f"an interpreter must be able to {action} the model; received {self._end(in_time)}"
        self._release()
        raise ArtifactError(f"{self._name}: {error}")

    def _end(self, in_time: bool) -> str:
        """How the child ended."""
        ended = self._child.ending("the interpreter")
        return ended if in_time else f"no answer within {self._timeout_s:g} s"

    def _release(self) -> None:
        self._child.close(self._timeout_s)


def _environment() -> dict[str, str]:
    """A child's; each thread of numpy's library reserves address space, which is limited there."""
    return {**child_environment(), "OPENBLAS_NUM_THREADS": "1"}

"""Programs of this package in processes of their own, which answer messages (`runtime.frames`) until nobody asks.

Native code may crash, hang or print past every logger: in a child that is a fact about the child. What is sent and
answered is the callers' matter: `runtime.isolated` runs models in one, `converters.worker` builds files.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Mapping, Optional

from albert_edge.files import PathLike
from albert_edge.runtime.frames import receive, send

if TYPE_CHECKING:
    from numpy.typing import NDArray


# The folder that holds this package may hold every other package of this environment too: on the path it would hide
# those of the other one.
_ONLY_THIS_PACKAGE = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("albert_edge", {file!r}, submodule_search_locations=[{folder!r}])
sys.modules["albert_edge"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["albert_edge"])
"""
_RUN = "import runpy\nrunpy.run_module({module!r}, run_name='__main__')\n"


class Child:
    """A child process that runs the module of that name, seen from its parent.

    `python`: of another environment, as in `program_command`; None: this process's.
    """

    def __init__(self, module: str, environment: Mapping[str, str], python: Optional[PathLike] = None) -> None:
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        self.process = subprocess.Popen(
            [sys.executable, "-m", module] if python is None else program_command(_RUN.format(module=module), python),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            env=environment,
        )

    @property
    def is_gone(self) -> bool:
        """Whether it has ended, by itself or by somebody else's hand."""
        return self.process.poll() is not None

    def send(self, fields: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Send a message. A child that is gone is noticed when its answer is missing."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            send(self.process.stdin, fields, arrays)

    def receive(self) -> Optional[tuple[dict[str, Any], dict[str, NDArray[Any]]]]:
        """The next answer; None from a child that has ended."""
        assert self.process.stdout is not None
        return receive(self.process.stdout)

    def ending(self, what: str) -> str:
        """How the child ended, waiting until it has; `what` crashed if it did."""
        code = self.process.wait()
        self._messages.seek(0)
        return ending(code, what, self._messages.read())

    def close(self, patience_s: float) -> None:
        """End the child: it has `patience_s` from the end of its input on."""
        for stream in (self.process.stdin, self.process.stdout, self._messages):
            if stream is not None:
                _close(stream)
        try:
            self.process.wait(timeout=patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _close(stream: Any) -> None:
    try:
        stream.close()
    except BrokenPipeError:
        # What is left in the buffer was for a child that is gone.
        return


def ending(code: int, what: str, messages: bytes) -> str:
    """In words, how a process ended with the exit code `code` that left `messages` on its standard error."""
    if code < 0:
        return f"a crash of {what} ({signal.Signals(-code).name})"
    lines = messages.decode(errors="replace").strip().splitlines() or ["no message"]
    return f"exit code {code} of its process: {lines[-1]}"


def program_command(program: str, python: Optional[PathLike] = None) -> list[str]:
    """The command of a process that runs the text `program`.

    `python`: the interpreter of another environment; the program can import this package there, and nothing else of
    this environment. None: this process's, with `child_environment`.
    """
    if python is None:
        return [sys.executable, "-c", program]
    folder = Path(__file__).resolve().parents[1]
    prepared = _ONLY_THIS_PACKAGE.format(file=str(folder / "__init__.py"), folder=str(folder))
    return [str(python), "-I", "-c", prepared + program]


def child_environment() -> dict[str, str]:
    """This process's, with the folder that holds this package on the path, however it was found here."""
    folder = str(Path(__file__).resolve().parents[2])
    return {**os.environ, "PYTHONPATH": os.pathsep.join([folder, *filter(None, [os.environ.get("PYTHONPATH")])])}


def answering_stream() -> IO[bytes]:
    """Where a child writes its answers: what was its standard output.

    Native code may print there too, and then gets standard error instead.
    """
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers

"""Programs in fresh Python processes, for what can be measured only once in a process: memory and a first load.

A program imports numpy, sentencepiece and the interpreter, does its work, says so with one line of JSON and waits.
Meanwhile its memory can be read from outside, so that reading it costs the process nothing. Leaves out untrusted files:
those are `runtime.isolated`'s.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from typing import Any, Iterator, Mapping, NamedTuple, Optional

from albert_edge.errors import RuntimeUnavailableError
from albert_edge.files import PathLike
from albert_edge.runtime.children import child_environment, program_command

_IMPORTS = "import sys, numpy, sentencepiece, {module}\n"
_BARE = _IMPORTS + "print('{{}}', flush=True)\nsys.stdin.read()\n"
_PROBE = _IMPORTS + "from albert_edge.harness.probes import main\nmain(*sys.argv[1:])\n"


class Started(NamedTuple):
    """A process that has done its work and waits."""

    pid: int
    answer: dict[str, Any]


def bare(module: str) -> contextlib.AbstractContextManager[Started]:
    """A process that only imported numpy, sentencepiece and the interpreter's `module`; its answer is empty."""
    return _started([sys.executable, "-c", _BARE.format(module=module)])


def probe(
    module: str,
    name: str,
    arguments: Mapping[str, Any],
    python: Optional[PathLike] = None,
    environment: Optional[Mapping[str, str]] = None,
) -> contextlib.AbstractContextManager[Started]:
    """A process that has also called the function `name` of `harness.probes` with `arguments`, and holds its result.

    `python` is that of another environment, None this one's; `environment` is added to this process's variables.
    Raises `RuntimeUnavailableError`, with how the process ended, if it gives no answer.
    """
    return _started([*program_command(_PROBE.format(module=module), python), name, json.dumps(arguments)], environment)


@contextlib.contextmanager
def _started(command: list[str], environment: Optional[Mapping[str, str]] = None) -> Iterator[Started]:
    with tempfile.TemporaryFile() as messages:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=messages,
            env={**child_environment(), **(environment or {})},
            encoding="utf-8",
        )
        # Leaving closes the standard input, which ends the process, and waits for it.
        with process:
            assert process.stdout is not None
            answer = _answer(process.stdout.readline())
            if answer is not None:
                yield Started(process.pid, answer)
                return
        messages.seek(0)
        lines = messages.read().decode(errors="replace").strip().splitlines()
        raise RuntimeUnavailableError(
            f"a fresh process must load and answer; received exit code {process.returncode}"
            + "".join(f": {line}" for line in lines[-1:])
        )


def _answer(line: str) -> Optional[dict[str, Any]]:
    """None for the line of a process that ended or died while writing."""
    return json.loads(line) if line.endswith("\n") else None  # type: ignore[no-any-return]

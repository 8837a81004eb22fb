"""Python programs in processes of their own, so that nothing that the tests have imported is there already."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Sequence

ROOT = Path(__file__).resolve().parents[2]


def run(
    command: Sequence[str], folder: Path = ROOT, text: str = "", path: Sequence[Path] = ()
) -> subprocess.CompletedProcess[str]:
    """Run `command` in `folder` with `text` on its standard input; imports look into `path` first."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    if path:
        environment["PYTHONPATH"] = os.pathsep.join(map(str, path))
    return subprocess.run(
        list(command), cwd=folder, input=text, capture_output=True, encoding="utf-8", env=environment, timeout=600
    )


def run_python(code: str) -> str:
    """Standard output of the program `code` on the running interpreter."""
    done = run([sys.executable, "-c", code])
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_command_line(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """`python -m albert_edge` with `arguments`."""
    return run([sys.executable, "-m", "albert_edge", *arguments], text=text)


def assert_one_line_error(done: subprocess.CompletedProcess[str], exit_code: int = 2) -> None:
    """The program printed nothing, left with `exit_code`, and gave the reason in its last line, after any progress."""
    assert (done.returncode, done.stdout) == (exit_code, ""), (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("albert-edge: error: ")]
    assert errors == done.stderr.splitlines()[-1:], done.stderr

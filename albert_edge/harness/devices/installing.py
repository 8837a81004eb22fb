"""Installs the base wheel on a device, in a folder of its own: a program that runs there, from the wheel itself.

`python3 -m albert_edge.harness.devices.installing FOLDER WHEEL SYSTEM_PACKAGES [REQUIREMENT...]`. What was installed
stands in `FOLDER/installed.json`, written last, so that an installation cut in the middle is done again. Nothing
outside of `FOLDER` is changed but pip's cache. Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Sequence

from albert_edge.files import atomic_write

MARKER = "installed.json"
OLDEST_PYTHON = (3, 9)


def marker(wheel_sha256: str, system_packages: bool, requirements: Sequence[str]) -> dict[str, Any]:
    """What `FOLDER/installed.json` holds once all of it is there."""
    return {
        "wheel_sha256": wheel_sha256,
        "system_packages": system_packages,
        "requirements": list(requirements),
    }


def install(folder: Path, wheel: Path, system_packages: bool, requirements: Sequence[str]) -> None:
    """Make `FOLDER/venv` anew with `wheel` in it. Ends the program with one line if it can't."""
    if sys.version_info[:2] < OLDEST_PYTHON:
        raise SystemExit(f"Python must be 3.9 or newer; received {sys.version.split()[0]}")
    (folder / MARKER).unlink(missing_ok=True)
    environment = folder / "venv"
    shutil.rmtree(environment, ignore_errors=True)
    extra = ["--system-site-packages"] if system_packages else []
    _run([sys.executable, "-m", "venv", *extra, str(environment)], "python3 -m venv (Debian's package python3-venv)")
    python = environment / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--prefer-binary"]
    _run([*pip, str(wheel), *requirements], "pip install")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    atomic_write(folder / MARKER, json.dumps(marker(digest, system_packages, requirements)).encode())


def _run(command: list[str], what: str) -> None:
    # This program runs from the wheel on the path, which must not count as installed in the new environment.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines() or ["no message"]
        line = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1])
        raise SystemExit(f"{what} must succeed; received exit code {done.returncode}: {line}")


if __name__ == "__main__":
    install(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "yes", sys.argv[4:])

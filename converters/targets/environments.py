"""Environments for runtimes of other versions than the installed ones: a virtual environment each, made once and kept.

They lie in the cache folder, under a name that says what is in them. One is made beside its place and renamed when it
is complete and its runtime can be imported, so that nobody ever uses half of one. Packages come from the index that pip
is configured for, as wheels only: nothing of theirs runs while they are installed. Leaves out updates: delete the
folder.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Optional, Sequence

from albert_edge.errors import RuntimeUnavailableError
from albert_edge.harness.devices.qemu.folders import cache_folder
from converters.targets.families import FAMILIES, Family, Target, numbers
from converters.targets.names import installed_version

_PIP_WITH_PYTHON = (22, 3)
"""The first pip that installs into another environment."""

_RETRIES = 2
"""Of a download; pip's usual 5 keep who is offline waiting."""

_VERSION_OF = "import sys; print('%d.%d' % sys.version_info[:2])"


def targets_folder() -> Path:
    """Where the environments lie; it need not exist."""
    return cache_folder().absolute() / "targets"


def environment_python(target: Target) -> Path:
    """The Python of the environment of `target`, which is made now if it isn't there, with a line on standard error.

    Raises `RuntimeUnavailableError`, in one line, if it can't be made.
    """
    base, folder = _place(target)
    python = _python_in(folder)
    # A Python that was removed from the system leaves a link to nothing.
    if python.exists():
        return python
    print(f"installing {target.package} {target.version} for target {target.label}, once: {folder}", file=sys.stderr)
    try:
        _make(target, FAMILIES[target.name], base, folder)
    except OSError as reason:
        raise _failed(target, f"{reason.strerror} in {folder.parent}") from reason
    return python


def is_made(target: Target) -> bool:
    """Whether the environment of `target` is there."""
    return _python_in(_place(target)[1]).exists()


def _place(target: Target) -> tuple[str, Path]:
    """The Python to make it with, and its folder."""
    base, tag = _base_python(target, FAMILIES[target.name])
    return base, targets_folder() / f"{target.package}-{target.version}-py{tag}-{sysconfig.get_platform()}"


def _make(target: Target, family: Family, base: str, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
    try:
        pip = _new_environment(target, base, staging)
        wanted = [f"{target.package}=={target.version}", *family.others]
        options = ["--quiet", "--no-input", "--only-binary", ":all:", "--retries", str(_RETRIES)]
        _run(target, [*pip, "install", *options, *wanted])
        _run(target, [str(_python_in(staging)), "-I", "-c", f"import numpy, sentencepiece, {family.module}"])
        if folder.exists() and not _python_in(folder).exists():
            shutil.rmtree(folder)
        # Whoever was faster has made the same.
        with contextlib.suppress(FileExistsError):
            _rename(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _new_environment(target: Target, base: str, folder: Path) -> list[str]:
    """Make an empty environment in `folder`; the command of a pip that installs into it.

    This environment's pip, if it has one that can: unpacking another takes longer than some runtimes do.
    """
    python = str(_python_in(folder))
    if numbers(installed_version("pip") or "0") >= _PIP_WITH_PYTHON:
        _run(target, [base, "-m", "venv", "--without-pip", str(folder)])
        return [sys.executable, "-m", "pip", "--python", python]
    _run(target, [base, "-m", "venv", str(folder)])
    return [python, "-m", "pip"]


def _rename(staging: Path, folder: Path) -> None:
    try:
        os.rename(staging, folder)
    except OSError as reason:
        if _python_in(folder).exists():
            raise FileExistsError(reason.errno, reason.strerror, str(folder)) from reason
        raise


def _python_in(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _base_python(target: Target, family: Family) -> tuple[str, str]:
    """A Python that the runtime has wheels for, and its version: this one, or the newest that is on the path."""
    here = sys.version_info[:2]
    if family.pythons is None or family.pythons[0] <= here <= family.pythons[1]:
        return sys.executable, "{}.{}".format(*here)
    (major, first), (_, last) = family.pythons
    for minor in range(last, first - 1, -1):
        found = shutil.which(f"python{major}.{minor}")
        if found and _says(found) == f"{major}.{minor}":
            return found, f"{major}.{minor}"
    raise RuntimeUnavailableError(
        f"target {target.label} needs Python {major}.{first} to {major}.{last} to be verified, this one or another on "
        f"the PATH; received {here[0]}.{here[1]} alone"
    )


def _says(python: str) -> Optional[str]:
    """The version of a Python; a shim on the path may lead nowhere."""
    with contextlib.suppress(OSError):
        return subprocess.run([python, "-I", "-c", _VERSION_OF], capture_output=True, text=True).stdout.strip()
    return None


def _run(target: Target, command: Sequence[str]) -> None:
    """Run one step; raises `RuntimeUnavailableError` with what it said last."""
    # What PYTHONPATH or the working folder has would count as installed there.
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        env=environment,
        cwd=targets_folder(),
        stdin=subprocess.DEVNULL,
    )
    if ended.returncode:
        raise _failed(target, _reason(f"{ended.stdout}\n{ended.stderr}"))


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no message"]
    # pip's last error is the plainest; what else failed says it in its last line.
    said = next((line[len("ERROR: ") :] for line in reversed(lines) if line.startswith("ERROR: ")), lines[-1])
    if any("Retrying (" in line for line in lines):
        return f"{said}; the package index can't be reached"
    return said


def _failed(target: Target, reason: str) -> RuntimeUnavailableError:
    return RuntimeUnavailableError(
        f"target {target.label} needs the package {target.package}=={target.version} from the package index to be "
        f"verified; received: {reason}"
    )

"""Environments for runtimes of other versions than the installed ones: a virtual environment each, made once and kept.

They lie in the cache folder, under a name that says what is in them. One is made by one process while others wait,
beside its place, and is renamed when it is complete and its runtime can be imported, so that nobody ever uses half of
one. Packages come from the index that pip is configured for, as wheels only: nothing of theirs runs while they are
installed. Leaves out updates: delete the folder.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Optional, Sequence

from albert_edge.errors import RuntimeUnavailableError
from albert_edge.harness.cache import cache_folder, made_once
from albert_edge.harness.devices.running import end_group
from converters.targets.families import FAMILIES, Family, Target, numbers
from converters.targets.names import installed_version

_PIP_WITH_PYTHON = (22, 3)
"""The first pip that installs into another environment."""

_RETRIES = 2
"""Of a download; pip's usual 5 keep who is offline waiting."""

_VERSION_OF = "import sys; print('%d.%d' % sys.version_info[:2])"

# Compares sizes with what the wheels stated: quicker than an import of TensorFlow, and it misses no file.
_CHECK = """
import csv, sys
from importlib.metadata import PackageNotFoundError, distribution, distributions
from pathlib import Path
package, version, *others = sys.argv[1:]
try:
    received = [distribution(name).version for name in (package, *others)][0]
except PackageNotFoundError as reason:
    sys.exit(f"no package {reason.name}")
if received != version:
    sys.exit(f"{package} {received}")
for each in distributions():
    for path, _, size in csv.reader((each.read_text("RECORD") or "").splitlines()):
        path = Path(each.locate_file(path))
        # Some wheels bring compiled files, and pip writes its own over them.
        if size and path.suffix != ".pyc" and not (path.is_file() and path.stat().st_size == int(size)):
            sys.exit(f"a missing or changed file {path}")
"""


def targets_folder() -> Path:
    """Where the environments lie; it need not exist."""
    return cache_folder() / "targets"


def ready_environment(target: Target) -> None:
    """Make sure of the environment of `target`: one that has lost a file is made anew, with a line on standard error.

    Raises as `environment_python`, which this precedes where hours of work follow.
    """
    folder = _place(target)[1]
    python = _python_in(folder)
    if python.exists():
        damage = _damage(target, python)
        if damage is not None:
            print(f"the environment of target {target.label} is made anew, for it has {damage}", file=sys.stderr)
            shutil.rmtree(folder, ignore_errors=True)
    environment_python(target)


def environment_python(target: Target) -> Path:
    """The Python of the environment of `target`, which is made now if it isn't there, with a line on standard error.

    Raises `RuntimeUnavailableError`, in one line, if it can't be made.
    """
    base, folder = _place(target)
    # A Python that was removed from the system leaves a link to nothing.
    if sys.platform == "win32" and not _python_in(folder).exists():
        raise _failed(target, "Windows, where no environments are made")

    def make(staging: Path) -> None:
        place = f"target {target.label}, once: {folder}"
        print(f"installing {target.package} {target.version} for {place}", file=sys.stderr)
        _make(target, base, staging)

    try:
        made_once(folder, make, lambda place: _python_in(place).exists())
    except OSError as reason:
        raise _failed(target, f"{reason.strerror} in {folder.parent}") from reason
    return _python_in(folder)


def is_made(target: Target) -> bool:
    """Whether the environment of `target` is there."""
    return _python_in(_place(target)[1]).exists()


def _place(target: Target) -> tuple[str, Path]:
    """The Python to make it with, and its folder."""
    base, tag = _base_python(target, FAMILIES[target.name])
    return base, targets_folder() / f"{target.package}-{target.version}-py{tag}-{sysconfig.get_platform()}"


def _make(target: Target, base: str, folder: Path) -> None:
    family = FAMILIES[target.name]
    pip = _new_environment(target, base, folder)
    wanted = [f"{target.package}=={target.version}", *family.others]
    options = ["--quiet", "--no-input", "--only-binary", ":all:", "--retries", str(_RETRIES)]
    _do(target, [*pip, "install", *options, *wanted])
    _do(target, [str(_python_in(folder)), "-I", "-c", f"import numpy, sentencepiece, {family.module}"])
    damage = _damage(target, _python_in(folder))
    if damage is not None:
        raise _failed(target, damage)


def _damage(target: Target, python: Path) -> Optional[str]:
    """What the environment of that Python has where it should be as it was installed; None: nothing."""
    packages = [target.package, target.version, "numpy", "sentencepiece"]
    code, output = _run([str(python), "-I", "-c", _CHECK, *packages])
    return _reason(output) if code else None


def _new_environment(target: Target, base: str, folder: Path) -> list[str]:
    """Make an empty environment in `folder`; the command of a pip that installs into it.

    This environment's pip, if it has one that can: unpacking another takes longer than some runtimes do.
    """
    python = str(_python_in(folder))
    if numbers(installed_version("pip") or "0") >= _PIP_WITH_PYTHON:
        _do(target, [base, "-m", "venv", "--without-pip", str(folder)])
        return [sys.executable, "-m", "pip", "--python", python]
    _do(target, [base, "-m", "venv", str(folder)])
    return [python, "-m", "pip"]


def _python_in(folder: Path) -> Path:
    return folder / "bin" / "python"


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


def _do(target: Target, command: Sequence[str]) -> None:
    """Run one step of an installation; raises `RuntimeUnavailableError` with what it said last."""
    code, output = _run(command)
    if code:
        raise _failed(target, _reason(output))


def _run(command: Sequence[str]) -> tuple[int, str]:
    """The exit code of `command`, and what it printed."""
    # What PYTHONPATH or the working folder has would count as installed there.
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=targets_folder(),
        start_new_session=True,
    )
    try:
        output = process.communicate()[0].decode(errors="replace")
    finally:
        # Whoever is interrupted here takes pip along, and the process that pip has started.
        end_group(process)
    return process.returncode, output


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

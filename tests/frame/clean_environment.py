"""A wheel of this tree, and virtual environments that hold nothing but what that wheel asks for."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Sequence

from fresh_process import ROOT, run

SETUPTOOLS_NEEDED = 69
"""Major version; as `build-system.requires` in pyproject.toml."""


def build_wheel(folder: Path) -> Path:
    """Build the project's wheel from a copy in `folder`: setuptools leaves its traces in the tree that it builds.

    The copy has all of the tree, so that a wheel that took a folder too many shows it; not what git ignores.
    """
    shutil.copytree(ROOT, folder / "tree", ignore=_ignored)
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder / "wheel"), str(folder / "tree")]
    if int(importlib.metadata.version("setuptools").split(".")[0]) >= SETUPTOOLS_NEEDED:
        command.append("--no-isolation")
    checked(command, folder)
    (wheel,) = (folder / "wheel").glob("*.whl")
    return wheel


def _ignored(folder: str, names: list[str]) -> list[str]:
    if Path(folder) != ROOT:
        return ["__pycache__"]
    return [name for name in names if name.startswith(".") or name in ("build", "dist", "out", "albert_edge.egg-info")]


def find_python(version: str) -> Optional[str]:
    """`pythonVERSION` on PATH, if it starts: a version manager's stand-in may have nothing behind it."""
    path = shutil.which(f"python{version}")
    if path is None:
        return None
    done = subprocess.run([path, "--version"], capture_output=True, text=True)
    return path if done.returncode == 0 and re.match(rf"Python {re.escape(version)}\.", done.stdout) else None


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the base install of the wheel, as on a device."""

    folder: Path

    @classmethod
    def create(cls, python: str, wheel: Path, folder: Path) -> Environment:
        checked([python, "-m", "venv", str(folder / "env")], folder)
        environment = cls(folder)
        checked([environment.program("python"), "-m", "pip", "install", "--quiet", str(wheel)], folder)
        return environment

    def program(self, name: str) -> str:
        return str(self.folder / "env" / "bin" / name)

    def albert_edge(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run the installed command in a folder where nothing of the project lies."""
        return run([self.program("albert-edge"), *arguments], folder=self.folder, text=text)

    def python(self, code: str) -> subprocess.CompletedProcess[str]:
        return run([self.program("python"), "-c", code], folder=self.folder)


def checked(command: Sequence[str], folder: Path) -> None:
    done = run(command, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr

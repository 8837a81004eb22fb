"""Runs the programs that the build is made of. A failure is one line: what failed, and what it said first."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Sequence

# Program -> Debian's package.
PACKAGES = {
    "java": "openjdk-17-jdk-headless",
    "keytool": "openjdk-17-jdk-headless",
    "aapt2": "aapt",
    "zipalign": "zipalign",
    "apksigner": "apksigner",
}
# A shrinker or a dexer that takes longer than this hangs.
TIMEOUT_S = 600


class BuildError(Exception):
    """The build can't go on; the message is one line for the user."""


def demand(programs: Sequence[str]) -> None:
    """Raises `BuildError` if one of the programs isn't on the PATH."""
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        packages = " ".join(sorted({PACKAGES[name] for name in missing}))
        raise BuildError(f"{', '.join(missing)} must be on the PATH (Debian: apt install {packages})")


def run(what: str, command: Sequence[str | Path]) -> str:
    """Standard output of a program; `what` names the step if it fails."""
    arguments = [str(part) for part in command]
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except OSError as error:
        raise BuildError(f"{what}: {arguments[0]} does not start: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{what}: {arguments[0]} took more than {TIMEOUT_S} seconds") from error
    if done.returncode != 0:
        raise BuildError(f"{what}: {arguments[0]} exits with {done.returncode}: {_reason(done.stderr + done.stdout)}")
    return done.stdout


def _reason(output: str) -> str:
    """The first line that says which error, or that there was one, or the first at all."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    named = [line for line in lines if re.search(r"(?:error|exception): ", line, re.IGNORECASE)]
    telling = [line for line in lines if "error" in line.lower()]
    return (named or telling or lines or ["no output"])[0]

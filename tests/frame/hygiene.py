"""What no file of the project may hold: paths of one machine, traces of a merge, untidy ends, too much at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator

LARGEST_FILE_BYTES = 2 * 1024 * 1024
LARGER = {"examples/mini_en/albert-edge-mini-en/model.safetensors": 12_000_000}
"""What a file may have that is meant to be large, by the end of its path."""
LONGEST_PYTHON_FILE_LINES = 300

# A slash that starts a path, not one inside a URL or a relative path; written so that this file passes its own check.
_MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(?:work|home|root|Users)" + "/")
_CONFLICT = re.compile(r"(?:<{7}|>{7}|\|{7})(?: |$)")


def complaints(path: Path) -> list[str]:
    """One line for each thing in the file `path` that should not be there."""
    content = path.read_bytes()
    found = []
    most = next((limit for end, limit in LARGER.items() if path.as_posix().endswith(end)), LARGEST_FILE_BYTES)
    if len(content) > most:
        found.append(f"{len(content):,} bytes, of at most {most:,}")
    if is_text(content):
        found += list(_complaints_about_lines(content.decode("utf-8").split("\n"), path.suffix == ".py"))
    return found


def is_text(content: bytes) -> bool:
    """UTF-8 without a NUL, which even a small tensor file has."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in content


def _complaints_about_lines(lines: list[str], python: bool) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        if _MACHINE_PATH.search(line):
            yield f"line {number}: the absolute path of a machine"
        if _CONFLICT.match(line):
            yield f"line {number}: a conflict marker"
        if line != line.rstrip():
            yield f"line {number}: white space at the end"
    if lines[-1]:
        yield "no line feed at the end"
    # The last element stands behind the last line feed.
    if python and len(lines) - 1 > LONGEST_PYTHON_FILE_LINES:
        yield f"{len(lines) - 1} lines of Python, of at most {LONGEST_PYTHON_FILE_LINES}"

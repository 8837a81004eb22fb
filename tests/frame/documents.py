"""What a Markdown page claims about the tree, for the tests that hold it to that."""

from __future__ import annotations

import re
from pathlib import Path

from fresh_process import ROOT

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(r"`((?:[A-Za-z_.][\w.-]*/)+(?:[\w-]+\.(?:py|md|yml|tsv|tflite))?)`")
_FENCE = re.compile(r"^```[a-z]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# A page may name a file from the root, or as the rest of the page does, from the package or the tests of the frame.
BASES = ("", "albert_edge", "tests/frame")


def code_lines(text: str) -> list[str]:
    """The lines of fenced blocks, continued ones put together, without a shell's prompt."""
    blocks = "".join(_FENCE.findall(text)).replace("\\\n", " ")
    return [line.strip().removeprefix("$ ") for line in blocks.splitlines()]


def broken_links(page: Path, text: str) -> list[str]:
    """Relative links whose file isn't there, or whose heading isn't in that file."""
    broken = []
    for link in _LINK.findall(text):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if "://" not in link and not (target.exists() and (not anchor or anchor in _anchors(target))):
            broken.append(link)
    return broken


def missing_paths(text: str) -> list[str]:
    """Paths in backticks, of files and of folders with a slash behind them, that the tree doesn't have."""
    return [path for path in _PATH.findall(text) if not any((ROOT / base / path).exists() for base in BASES)]


def make_targets(text: str) -> set[str]:
    """The targets of `make TARGET...` where code starts so: in backticks or on a line of a fenced block."""
    code = [*code_lines(text), *re.findall(r"`([^`\n]+)`", text)]
    calls = [line.partition("#")[0].split() for line in code if line.startswith("make ")]
    return {word for call in calls for word in call[1:] if "=" not in word}


def _anchors(page: Path) -> set[str]:
    """The headings' names in links, as Git hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}

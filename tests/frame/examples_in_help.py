"""The runnable examples in commands' help, taken apart with click's own parser."""

from __future__ import annotations

import inspect
import shlex

import click


def examples(command: click.Command) -> list[str]:
    """The command lines below `Example:` in a command's help, continued lines put together."""
    text = inspect.cleandoc(command.help or "")
    _, found, block = text.partition("Example:\n")
    lines = block.partition("\n\n")[0].replace("\\\n", " ").splitlines() if found else []
    return [line.strip() for line in lines if line.strip().startswith("albert-edge")]


def parse_example(command: click.Command, name: str, line: str) -> click.Context:
    """Parse `line` as a call of `command`; raises `click.UsageError` if it could not be run as it stands."""
    words = shlex.split(line, comments=True)
    for shell_sign in ("<", "|", ">"):
        words = words[: words.index(shell_sign)] if shell_sign in words else words
    if words[:2] != ["albert-edge", name]:
        raise click.UsageError(f"an example must call albert-edge {name}; received {line!r}")
    return command.make_context(name, words[2:])

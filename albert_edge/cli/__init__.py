"""The command line. Each command lives in a module of its own that is imported only when that command is called.

A command parses its arguments, calls one public function and prints what it returns: results to standard output,
progress and messages to standard error. Exit code 0: done; 1: a check failed; 2: bad use or bad input;
130: interrupted with Ctrl-C.
"""

from __future__ import annotations

import contextlib
import importlib
import keyword
import os
import sys
from typing import Any, Iterator, Optional

import click

import albert_edge
from albert_edge.errors import AlbertEdgeError, StoppedError

# Command -> the line that `albert-edge --help` shows; the module has the command's name, but for `import`, which no
# module can be called.
COMMANDS = {
    "sizes": "List the named model sizes and their parameters.",
    "create": "Write a model with random weights, for measuring.",
    "vocab": "Train a SentencePiece vocabulary.",
    "tokenize": "Turn lines of text into ids, pieces and offsets.",
    "import": "Turn another program's checkpoint into a model folder.",
    "export": "Write a model folder in another program's format.",
    "train": "Train or fine-tune a model.",
    "corpus": "Turn text files into a corpus for pretraining.",
    "pretrain": "Train a model on plain text, for every task to start from.",
    "adapt": "Go on with a model's pretraining, on a domain's text.",
    "prune": "Take heads, units or weights out of a model, and train it again.",
    "prune-vocab": "Drop the vocabulary pieces that a domain never uses.",
    "convert": "Convert a model folder into one verified .tflite.",
    "optimize": "Find the smallest, fastest file that keeps the accuracy.",
    "sensitivity": "Measure what each part loses in fewer bits.",
    "inspect": "Show what a .tflite holds, its hashes checked.",
    "card": "Show a .tflite's model card, with what was measured of it.",
    "verify": "Compare a .tflite with the model that it came from.",
    "predict": "Run a .tflite on texts.",
    "similar": "Find the texts nearest to a query.",
    "evaluate": "Score a .tflite or a model folder on a data file.",
    "score": "Score predictions made elsewhere on a data file.",
    "bench": "Measure latency, memory and accuracy of a .tflite.",
    "gate": "Judge a .tflite against a baseline or another file.",
    "baseline": "Record what a .tflite measures, or show it.",
    "device": "Add, list, check and remove machines to measure on.",
    "report": "Turn results of `bench` into one page of HTML.",
    "demo": "Train, convert, check, measure and run a classifier.",
}


class UseError(click.ClickException):
    """A wrong option or argument as one line, like all other mistakes; click has two lines about use before its own."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print it on standard error."""
        click.echo(f"albert-edge: error: {self.format_message()}", file=file, err=True)


@contextlib.contextmanager
def _in_one_line() -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        # Newer versions of click have this for a group without a command, and show its help.
        if type(error).__name__ == "NoArgsIsHelpError":
            raise
        hint = "" if error.ctx is None else f"; see `{error.ctx.command_path} --help`"
        raise UseError(" ".join(error.format_message().split()).rstrip(".") + hint) from error


class LazyGroup(click.Group):
    """A group that imports a command's module when it is called, and lists commands without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, without importing anything."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> Optional[click.Command]:  # noqa: ARG002
        """Import the one command's module."""
        if cmd_name not in COMMANDS:
            return None
        module = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name.replace("-", "_")
        return importlib.import_module(f"albert_edge.cli.{module}").command  # type: ignore[no-any-return]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The commands with their lines, for `--help`."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the options before the command."""
        with _in_one_line():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. A reader that left and Ctrl-C end it here: click's exit code 1 means a failed check."""
        try:
            with _in_one_line():
                return super().invoke(ctx)
        except BrokenPipeError:
            # `albert-edge predict ... | head`: the reader left; what is still to be flushed goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except KeyboardInterrupt:
            click.echo("albert-edge: interrupted", err=True)
            ctx.exit(StoppedError.exit_code)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(albert_edge.__version__, prog_name="albert-edge")
def cli() -> None:
    """ALBERT Edge: an ALBERT from training to one .tflite on a phone or a Raspberry Pi.

    \b
    Example:
      albert-edge predict examples/topics/topics.tflite "Oil prices rise"
    """


def main(arguments: Optional[list[str]] = None) -> Any:
    """Run the command line; a user's mistake is one line on standard error and the error's exit code."""
    try:
        return cli.main(args=arguments, prog_name="albert-edge")
    except AlbertEdgeError as error:
        click.echo(f"albert-edge: error: {error}", err=True)
        sys.exit(error.exit_code)

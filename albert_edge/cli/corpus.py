"""`albert-edge corpus`."""

from __future__ import annotations

import dataclasses
from typing import Any, Optional

import click

import albert_edge
from albert_edge.cli.options import json_option, overwrite_option, print_json, print_table
from albert_edge.training.corpus.settings import AS_IT_IS, SEGMENTS, UNICODE, CorpusSettings

_SHARE = click.FloatRange(0, 1)

# The settings: option, type, meaning. Their home is training/corpus/settings.py, which has the defaults.
_SETTINGS: tuple[tuple[str, Any, str], ...] = (
    ("--held-out", click.FloatRange(0, 1, max_open=True), "Share of the documents that is kept apart, by their hash."),
    ("--shards", click.IntRange(1), "Files of each part."),
    ("--segments", click.Choice(SEGMENTS), "What passages are made of."),
    ("--field", str, "The text's, in rows of .jsonl files."),
    ("--unicode", click.Choice(UNICODE), "The normal form of texts."),
    ("--blanks/--no-blanks", None, "Drop control characters, and make runs of blanks one."),
    ("--min-characters", click.IntRange(0), "Drop shorter documents."),
    ("--min-letters", _SHARE, "Drop documents with a smaller share of letters."),
    ("--max-repeated", _SHARE, "Drop documents with more paragraphs that repeat an earlier one."),
    ("--near-duplicates", click.FloatRange(0, 1, max_open=True), "Drop documents this similar to another; 0: none."),
    ("--mask-personal/--no-mask-personal", None, "Mask e-mail addresses, phone, card and other numbers of persons."),
)

_DEFAULTS = {field.name: field.default for field in dataclasses.fields(CorpusSettings)}


def _with_settings(function: Any) -> Any:
    for flag, kind, meaning in reversed(_SETTINGS):
        value = _DEFAULTS[flag.split("/")[0].strip("-").replace("-", "_")]
        written = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
        function = click.option(flag, type=kind, default=None, help=f"{meaning}  [default: {written}]")(function)
    return function


@click.command("corpus")
@click.argument("inputs", nargs=-1, required=True)
@click.option("--vocab", required=True, help="A vocabulary's file, or a folder or .tflite that has one.")
@click.option("--out", required=True, help="The folder to write: train, and held-out if a share is.")
@_with_settings
@click.option("--no-clean", is_flag=True, help="Keep every document as it is, but for copies.")
@click.option("--workers", type=click.IntRange(1), help="Processes of the local runner.  [default: one a core]")
@click.option("--runner", default="local", show_default=True, help="Or one of Beam's: FlinkRunner, SparkRunner, ...")
@click.option("--beam-option", "beam_options", multiple=True, help="--name=value for Beam; repeatable.")
@click.option("--restart", is_flag=True, help="Forget a corpus that was stopped, and start over.")
@click.option("--progress/--no-progress", default=None, help="A progress bar.  [default: if stderr is a terminal]")
@overwrite_option
@json_option
def command(
    inputs: tuple[str, ...], vocab: str, out: str, no_clean: bool, progress: Optional[bool], as_json: bool, **rest: Any
) -> None:
    """Make a corpus for pretraining from INPUTS: text files or patterns, plain or as .gz, .xz or .zst.

    A line is a paragraph, a blank line parts documents; in .jsonl files a row is a document. Documents are cleaned,
    copies and near copies dropped. A run that was stopped or killed goes on when the same command is given again.

    \b
    Example:
      albert-edge corpus 'texts/*.txt.gz' --vocab spiece.model --held-out 0.03 --out books/
    """
    from albert_edge.training.reporting import TerminalReporter

    changes = {name: value for name, value in AS_IT_IS.items() if no_clean and rest[name] is None}
    corpora = albert_edge.build_corpus(inputs, vocab, out, reporter=TerminalReporter(progress), **{**rest, **changes})
    build = next(iter(corpora.values())).build
    sizes = {
        name: {"documents": each.documents, "segments": each.segments, "tokens": each.tokens}
        for name, each in corpora.items()
    }
    if as_json:
        print_json({"parts": sizes, **build})
        return
    print_table(
        ["part", *("documents", "segments", "tokens")], [[name, *size.values()] for name, size in sizes.items()]
    )
    click.echo(f"{out}: {', '.join(f'{name} {number:,}' for name, number in build['counts'].items())}")

"""`albert-edge import`."""

from __future__ import annotations

from typing import Any, Optional

import click

import albert_edge
from albert_edge.cli.options import json_option, overwrite_option, print_json, print_table
from albert_edge.model.formats import IMPORT_FORMATS


@click.command("import")
@click.argument("path")
@click.option("--out", required=True, type=click.Path(), help="The model folder to write.")
@click.option(
    "--format", "checkpoint_format", type=click.Choice(IMPORT_FORMATS), help="What it is.  [default: recognized]"
)
@click.option(
    "--task",
    help="The head to take: a task, `pretraining` or `multiple-choice`; `feature-extraction` takes the encoder alone.  "
    "[default: the head that is there]",
)
@click.option("--labels", help="Names of a classifier's outputs, separated by commas.  [default: those stored]")
@click.option("--vocab", type=click.Path(), help="The vocabulary.  [default: the one in the folder]")
@click.option("--config", type=click.Path(), help="The albert_config.json.  [default: the one in the folder]")
@click.option(
    "--tokenizer-rules",
    type=click.Choice(["google", "huggingface"]),
    help="Whose ids the model was trained with.  [default: as the folder says]",
)
@click.option("--cased", is_flag=True, help="The tokenizer keeps upper case.  [default: as beside the vocabulary]")
@click.option("--keep-accents", is_flag=True, help="The tokenizer keeps accents.  [default: as beside the vocabulary]")
@overwrite_option
@json_option
def command(
    path: str,
    out: str,
    checkpoint_format: Optional[str],
    task: Optional[str],
    labels: Optional[str],
    vocab: Optional[str],
    config: Optional[str],
    tokenizer_rules: Optional[str],
    cased: bool,
    keep_accents: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Turn the checkpoint at PATH, of another program, into a model folder.

    PATH is a folder of Hugging Face's (safetensors, pytorch_model.bin or tf_model.h5, in one file or several), a
    checkpoint of google-research/albert (a folder or the prefix of a model.ckpt-*.index), or a SavedModel of TF-Hub.

    \b
    Example:
      albert-edge import google-checkpoint/ --out model/
    """
    report = albert_edge.import_checkpoint(
        path,
        out,
        checkpoint_format=checkpoint_format,
        task=task,
        labels=None if labels is None else [label.strip() for label in labels.split(",")],
        vocab=vocab,
        config=config,
        tokenizer_rules=tokenizer_rules,
        lower_case=False if cased else None,
        keep_accents=True if keep_accents else None,
        overwrite=overwrite,
    )
    if as_json:
        print_json(report)
    else:
        _print_report(report)


def _print_report(report: dict[str, Any]) -> None:
    click.echo(
        f"{report['folder']}: {report['class']} from {report['format']} ({report['weights']}), "
        f"{report['tensors']} tensors, {report['parameters']:,} parameters"
    )
    if report["labels"]:
        click.echo(f"labels: {', '.join(report['labels'])}")
    for name in report["made"]:
        click.echo(f"not in the checkpoint: {name}")
    if report["dropped"]:
        click.echo()
        print_table(["dropped", "reason"], [[entry["name"], entry["reason"]] for entry in report["dropped"]])

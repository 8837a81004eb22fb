"""`albert-edge train`: a group with a command for each task, made from the task's recipe."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

import click

import albert_edge
from albert_edge.cli.options import columns_of_options, print_json, print_table
from albert_edge.cli.train_options import train_options
from albert_edge.tasks import TASKS
from albert_edge.training.recipes import RECIPES, shown


class _Words(NamedTuple):
    """What the help of a task's command says."""

    does: str
    files: str
    example: str


_WORDS = {
    "text-classification": _Words(
        "a classifier of texts, or of pairs of texts",
        ".tsv, .csv or .jsonl with a text and a label",
        "text-classification --train train.tsv --dev dev.tsv --size mini --out news/",
    ),
    "token-classification": _Words(
        "a tagger, which finds entities",
        "CoNLL (IOB1, IOB2, BIOES), or .jsonl with spans",
        "token-classification --train train.conll --dev dev.conll --from model/ --out tagger/",
    ),
    "question-answering": _Words(
        "a model that answers questions about a passage",
        "SQuAD's .json, version 1.1 or 2.0, or .jsonl",
        "question-answering --train train-v2.0.json --dev dev-v2.0.json --from model/ --out qa/",
    ),
    "feature-extraction": _Words(
        "a model of vectors that are near where texts are related",
        ".tsv, .csv or .jsonl of pairs, with a label for cosine",
        "feature-extraction --train pairs.tsv --dev dev.tsv --from model/ --out embedder/",
    ),
    "fill-mask": _Words(
        "a model that fills in masked pieces",
        ".txt with a text a line, or a table",
        "fill-mask --train train.txt --dev dev.txt --size mini --out filler/",
    ),
    "sentence-order": _Words(
        "a model of whether two passages are in order",
        ".txt with a sentence or paragraph a line and a blank line between documents, or a table of labelled pairs",
        "sentence-order --train train.txt --dev dev.txt --size mini --out order/",
    ),
}


class _Tasks(click.Group):
    """The commands under the tasks' long names, which the short ones reach too."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> Optional[click.Command]:
        """By either name."""
        names = [task.name for task in TASKS if cmd_name in (task.name, task.alias)]
        return super().get_command(ctx, names[0]) if names else None


@click.group("train", cls=_Tasks)
def command() -> None:
    """Train a model for a task, from random weights or from a checkpoint.

    \b
    Example:
      albert-edge train text-classification --train train.tsv --dev dev.tsv --size mini --out news/
      albert-edge train tag --train train.conll --dev dev.conll --from checkpoint/ --out tagger/
    """


def _command_of(task: str) -> click.Command:
    words = _WORDS[task]

    def run(**arguments: Any) -> None:
        _train(task, **arguments)

    function: Any = run
    for option in reversed(train_options(task, words.files)):
        function = option(function)
    function.__doc__ = f"""Train {words.does}, and write a Hugging Face folder.

    The weights written are those of the epoch that is best on --dev. A training that was stopped or killed goes on
    when the same command is given again.

    \b
    Example:
      albert-edge train {words.example}
    """
    return click.command(task)(function)


def _train(
    task: str,
    train_file: str,
    dev_file: str,
    out: str,
    cased: Optional[bool],
    progress: Optional[bool],
    as_json: bool,
    text_column: Optional[str] = None,
    text_pair_column: Optional[str] = None,
    label_column: Optional[str] = None,
    label_separator: Optional[str] = None,
    dev_text_column: Optional[str] = None,
    **arguments: Any,
) -> None:
    from albert_edge.training.reporting import TerminalReporter

    columns, dev_columns = columns_of_options(
        text_column, text_pair_column, label_column, label_separator, dev_text_column
    )
    report = albert_edge.train(
        task,
        train_file,
        dev_file,
        out,
        columns=columns,
        dev_columns=dev_columns,
        lower_case=None if cased is None else not cased,
        reporter=TerminalReporter(progress),
        **arguments,
    )
    if as_json:
        print_json(report)
        return
    _print_classes(report["dev"])
    _print_depths(task, report)
    if "forgotten" in report:
        _print_forgotten(task, report)
    if "privacy" in report:
        from albert_edge.training.dp.plan import PrivacyPlan, promise

        click.echo(promise(PrivacyPlan(**{name: report["privacy"][name] for name in PrivacyPlan.__annotations__})))
    best = report["history"][report["best_epoch"] - 1]
    scores = ", ".join(shown(task, name, best[name]) for name in report["scores"])
    click.echo(f"{out}: {scores} on {dev_file}, epoch {report['best_epoch']}")


_TABLES = {"per_class": "support", "per_label": "support", "per_type": "true"}
"""Part of a report that has an entry a label or type -> how often that one is true."""


def _print_classes(dev: dict[str, Any]) -> None:
    """A line for each label or type, if there are any."""
    found = [(dev[table], count) for table, count in _TABLES.items() if table in dev]
    if not found:
        return
    classes, count = found[0]
    rows = [
        [label, *(f"{scores[name]:.1%}" for name in ("precision", "recall", "f1")), scores[count]]
        for label, scores in classes.items()
    ]
    average = "macro" if "macro_f1" in dev else "micro"
    names = [f"{average}_{name}" if f"{average}_{name}" in dev else name for name in ("precision", "recall", "f1")]
    rows.append([f"all ({average})", *(f"{dev[name]:.1%}" for name in names), sum(row[-1] for row in rows)])
    print_table(["label", "precision", "recall", "F1", "examples"], rows)


def _print_forgotten(task: str, report: dict[str, Any]) -> None:
    """What the old data's scores were and are, and each class's F1."""
    change = report["forgotten"]["change"]
    rows = [[name.replace("_", " "), *_compared(task, name, change[name])] for name in report["scores"]]
    for table in _TABLES:
        rows += [[f"F1 of {name}", *_compared(task, "f1", each["f1"])] for name, each in change.get(table, {}).items()]
    print_table([report["forgotten"]["data"], "before", "after", "difference"], rows)


def _compared(task: str, name: str, change: dict[str, Any]) -> list[str]:
    return [shown(task, name, change[side]).split()[-1].removesuffix("%") for side in ("before", "after", "difference")]


def _print_depths(task: str, report: dict[str, Any]) -> None:
    """A line for each depth of a model that was trained at all of them."""
    if "dev_by_depth" in report:
        rows = [
            [depth, *(shown(task, name, scores[name]).split()[-1] for name in report["scores"])]
            for depth, scores in enumerate(report["dev_by_depth"], start=1)
        ]
        print_table(["layers", *(name.replace("_", " ").replace("f1", "F1") for name in report["scores"])], rows)


for _task in RECIPES:
    command.add_command(_command_of(_task))

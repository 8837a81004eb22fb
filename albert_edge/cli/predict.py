"""`albert-edge predict`."""

from __future__ import annotations

from typing import Any, Optional

import click

import albert_edge
from albert_edge.cli.options import (
    exit_threshold_option,
    json_option,
    print_json_line,
    runtime_option,
    text_column_options,
    texts_argument,
    threads_option,
)


@click.command("predict")
@click.argument("path")
@texts_argument
@click.option(
    "--file", help="Read texts from this .tsv, .csv or .jsonl, or one a line; questions from .json or .jsonl."
)
@text_column_options
@click.option("--text-pair", help="A second text, which makes a pair of each text.")
@click.option("--question", help="What to answer (question-answering).")
@click.option("--passage", help="The text to answer from.")
@click.option("--passage-file", help="The file, UTF-8, that holds the text to answer from.")
@click.option("--n-best", type=click.IntRange(1), help="Show so many possible answers.  [default: 1]")
@click.option("--top", type=click.IntRange(1), help="Candidates for each [MASK] (fill-mask).  [default: 5]")
@click.option("--task", help="Of a file with several heads answer this task alone.  [default: all of them]")
@click.option("--max-depth", type=int, help="Apply only this many layers (looped layout).  [default: all]")
@exit_threshold_option
@threads_option
@runtime_option
@json_option
def command(
    path: str,
    texts: tuple[str, ...],
    file: Optional[str],
    text_column: Optional[str],
    text_pair_column: Optional[str],
    text_pair: Optional[str],
    question: Optional[str],
    passage: Optional[str],
    passage_file: Optional[str],
    n_best: Optional[int],
    top: Optional[int],
    task: Optional[str],
    max_depth: Optional[int],
    exit_threshold: Optional[float],
    threads: int,
    runtime: Optional[str],
    as_json: bool,
) -> None:
    """Answer texts with the .tflite at PATH, which `albert-edge convert` wrote, as its task does.

    Texts are TEXTS, or else those of --file or the lines of standard input, answered one by one as they come. A long
    text runs in windows. A file with an exit stops once it is sure. sentence-order wants --text-pair.
    question-answering wants --question with --passage or --passage-file, or a --file of lines {"question": ...,
    "passage": ...}. With --json each answer is an object on one line; of a file with several heads it has a key a task.

    \b
    Example:
      albert-edge predict examples/topics/topics.tflite "Oil prices rise" --json
      albert-edge predict qa.tflite --question "Who won?" --passage-file match.txt --n-best 3
    """
    from albert_edge.cli.predictions import lines_of, lines_of_heads
    from albert_edge.cli.requests import Source

    source = Source(texts, file, text_column, text_pair_column, text_pair, question, passage, passage_file)
    with albert_edge.load(path, threads, runtime) as opened:
        head = None if task is None else opened.head(task)
        predictor, tasks = (opened, opened.tasks) if head is None else (head, (head.task,))
        for prediction in predictor.answers(source.items(tasks), max_depth, exit_threshold, n_best=n_best, top=top):
            if as_json:
                print_json_line(_json(prediction))
                continue
            several = isinstance(prediction, dict)
            for line in lines_of_heads(prediction) if several else lines_of(tasks[0], prediction):
                click.echo(line)


def _json(prediction: Any) -> Any:
    """Of several heads an object a task."""
    if isinstance(prediction, dict):
        return {task: _json(answer) for task, answer in prediction.items()}
    return prediction.to_dict()

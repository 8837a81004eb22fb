"""The texts of any data file, one after another, whatever task it was made for; labels and answers are not looked at.

For what asks only how people write: training a vocabulary, and which pieces a domain uses.
"""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, Optional

from albert_edge.files import PathLike
from albert_edge.text.lines import file_lines
from albert_edge.text.questions import read_questions
from albert_edge.text.tables import Columns, iterate_examples
from albert_edge.text.tagged import read_tagged


def iterate_texts(path: PathLike, columns: Optional[Columns] = None, task: Optional[str] = None) -> Iterator[str]:
    """Each text of the file `path` that a model of `task` (None: one that reads plain texts) is asked.

    A `.txt` has a text a line, blank lines aside, and a table gives the columns `text` and `text_pair` of `columns`.
    A file for token-classification gives its sentences (CoNLL, or JSON Lines with entities), one for
    question-answering (.json, .jsonl) questions and passages, a passage once for all questions that follow it. Raises
    what reading such a file raises: `DataError`, with the line if there is one.
    """
    suffix = Path(path).suffix.lower()
    if task == "token-classification":
        yield from (example.text for example in read_tagged(path, as_written=True))
    elif task == "question-answering" and suffix in (".json", ".jsonl"):
        yield from _of_questions(path)
    elif suffix == ".txt":
        yield from (line for line in file_lines(path) if line.strip())
    else:
        for row in iterate_examples(path, columns, need_labels=False):
            yield from (text for text in (row.text, row.text_pair) if text is not None)


def _of_questions(path: PathLike) -> Iterator[str]:
    passage = None
    for example in read_questions(path):
        yield example.question
        if example.passage != passage:
            yield example.passage
        passage = example.passage

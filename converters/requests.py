"""What the texts of a data file ask of a task: the same files that `train` and `evaluate` take, answers not needed.

A `.txt` is plain text, a request a line. Leaves out the right answers: comparing two models needs none.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterable, Optional

from albert_edge.errors import DataError
from albert_edge.files import PathLike
from albert_edge.pipelines.base import TagRequest, TextRequest
from albert_edge.tasks import Task

if TYPE_CHECKING:
    from albert_edge.text.tables import Columns


def read_requests(task: Task, path: PathLike, columns: Optional[Columns] = None) -> list[Any]:
    """The requests of `path` for `task`, in the order of the file.

    `columns`: where the texts of a table lie. Raises `DataError` for a file that can't be read or that is of another
    form than the task's.
    """
    if task.alias == "answer":
        from albert_edge.pipelines.answering import Question
        from albert_edge.text.questions import read_questions

        return [Question(example.question, example.passage) for example in read_questions(path)]
    if Path(path).suffix.lower() == ".txt":
        return [_of_line(task, line, str(path)) for line in _lines(path)]
    if task.alias == "tag":
        from albert_edge.text.tagged import read_tagged

        return [TagRequest(example.text, example.words) for example in read_tagged(path)]
    from albert_edge.text.tables import read_examples

    examples = read_examples(path, columns, need_labels=False)
    if task.alias in ("classify", "order"):
        return [TextRequest(example.text, example.text_pair) for example in examples]
    texts = [text for example in examples for text in (example.text, example.text_pair) if text is not None]
    return [TextRequest(text) for text in texts] if task.alias == "embed" else texts


def _lines(path: PathLike) -> Iterable[str]:
    from albert_edge.text.lines import file_lines

    lines = [line for line in file_lines(path) if line.strip()]
    if not lines:
        raise DataError(f"{path}: a data file must have texts; received none")
    return lines


def _of_line(task: Task, line: str, path: str) -> Any:
    if task.alias == "order":
        raise DataError(f"{path}: {task.name} needs pairs of texts, from a table with two columns; received plain text")
    if task.alias == "tag":
        return TagRequest(line)
    return line if task.alias == "fill" else TextRequest(line)

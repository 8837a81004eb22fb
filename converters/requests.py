"""What the texts of a data file ask of a task: the same files that `train` and `evaluate` take, answers not needed.

A `.txt` is plain text: a request a line, of sentence-order its neighbouring paragraphs, as `evaluate` pairs them. In
a text to fill that has no `[MASK]`, words are hidden. Leaves out the right answers: comparing two models needs none.
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

ONE_MASK_IN = 7
"""Words of a text to fill that has no `[MASK]`: about the share of pieces that training hides, 15 %."""


def read_requests(task: Task, path: PathLike, columns: Optional[Columns] = None) -> list[Any]:
    """The requests of `path` for `task`, in the order of the file.

    `columns`: where the texts of a table lie. Raises `DataError` for a file that can't be read, that is of another
    form than the task's, or that has no request: the list is never empty.
    """
    if task.alias == "answer":
        from albert_edge.pipelines.answering import Question
        from albert_edge.text.questions import read_questions

        return [Question(example.question, example.passage) for example in read_questions(path)]
    if Path(path).suffix.lower() == ".txt":
        if task.alias == "order":
            return _neighbours(path)
        return [_of_line(task, line) for line in _lines(path)]
    if task.alias == "tag":
        from albert_edge.text.tagged import read_tagged

        return [TagRequest(example.text, example.words) for example in read_tagged(path)]
    from albert_edge.text.tables import read_examples

    examples = read_examples(path, columns, need_labels=False)
    if task.alias in ("classify", "order"):
        return [TextRequest(example.text, example.text_pair) for example in examples]
    texts = [text for example in examples for text in (example.text, example.text_pair) if text is not None]
    return [TextRequest(text) for text in texts] if task.alias == "embed" else [_with_masks(text) for text in texts]


def _neighbours(path: PathLike) -> list[TextRequest]:
    from albert_edge.harness.evaluations.order import SEED
    from albert_edge.text.documents import read_order_examples

    return [TextRequest(pair.text, pair.text_pair) for pair in read_order_examples(path, SEED)]


def _lines(path: PathLike) -> Iterable[str]:
    from albert_edge.text.lines import file_lines

    lines = [line for line in file_lines(path) if line.strip()]
    if not lines:
        raise DataError(f"{path}: a data file must have texts; received none")
    return lines


def _of_line(task: Task, line: str) -> Any:
    if task.alias == "tag":
        return TagRequest(line)
    return _with_masks(line) if task.alias == "fill" else TextRequest(line)


def _with_masks(text: str) -> str:
    """`text` as it is if it has a mask, else with one of every `ONE_MASK_IN` words hidden, at least one of any."""
    from albert_edge.text.encoding import MASK
    from albert_edge.text.words import words_of

    words = words_of(text)
    if MASK in text or not words:
        return text
    first = min(ONE_MASK_IN // 2, len(words) - 1)
    for start, end in reversed(words[first::ONE_MASK_IN]):
        text = f"{text[:start]}{MASK}{text[end:]}"
    return text

"""Questions about passages from data files: SQuAD's JSON, versions 1.1 and 2.0, or JSON Lines.

    {"data": [{"title": ..., "paragraphs": [{"context": ..., "qas": [
        {"id": ..., "question": ..., "answers": [{"text": ..., "answer_start": ...}], "is_impossible": false}]}]}]}

XQuAD's, GermanQuAD's and others' files are of that form. A `.jsonl` has an object a line: `question`, `passage`,
`answers` (`text`, `start`; an empty list for a question that the passage doesn't answer) and an `id`, by default the
line's number. Read strictly: an answer that doesn't stand where the file says stops the reading, since what would be
learnt from it is another answer. Leaves out `plausible_answers`, which are wrong ones, and several passages for one
question.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional

from albert_edge.errors import DataError
from albert_edge.files import PathLike
from albert_edge.text.lines import file_text
from albert_edge.text.rows import json_rows, refuse_surrogates_at, shown_json


@dataclasses.dataclass(frozen=True)
class AnswerSpan:
    """A right answer."""

    text: str
    start: int
    """Where `text` stands in the passage, in characters."""

    @property
    def end(self) -> int:
        """The character behind the last."""
        return self.start + len(self.text)


@dataclasses.dataclass(frozen=True)
class QuestionExample:
    """A question, its passage, and the right answers."""

    id: str
    question: str
    passage: str
    answers: tuple[AnswerSpan, ...]
    """The same answer may stand here more than once: one a person who was asked."""
    title: Optional[str] = None
    """Of the article that the passage is from."""

    @property
    def is_impossible(self) -> bool:
        """Whether the passage doesn't answer the question."""
        return not self.answers


def read_questions(path: PathLike) -> list[QuestionExample]:
    """All questions of the file `path`, in its order.

    Raises `DataError`, naming the place and the question's id, on a file that can't be read, isn't UTF-8 or JSON, or
    has no question; on a missing key, a value of another type, an empty text, an id that comes twice; on an answer
    whose text isn't found where it should start; and on `is_impossible` that doesn't fit the answers.
    """
    found = list(_line_questions(path) if Path(path).suffix.lower() == ".jsonl" else _squad_questions(path))
    if not found:
        raise DataError(f"{path}: a data file must have questions; received none")
    seen: set[str] = set()
    for example in found:
        if example.id in seen:
            raise DataError(f"{path}: a question's id must be its own; received {example.id!r} twice")
        seen.add(example.id)
    return found


# === SQuAD's form ===


def _squad_questions(path: PathLike) -> Iterator[QuestionExample]:
    for article_number, article in enumerate(_items(_read(path), "data", str(path))):
        where = f"{path}: data[{article_number}]"
        title = article.get("title")
        if title is not None and not isinstance(title, str):
            raise DataError(f"{where}: 'title' must be a string; received {shown_json(title)}")
        for number, paragraph in enumerate(_items(article, "paragraphs", where)):
            place = f"{where}.paragraphs[{number}]"
            passage = _text(paragraph, "context", place)
            for qa_number, qa in enumerate(_items(paragraph, "qas", place)):
                yield _squad_question(qa, passage, title, f"{place}.qas[{qa_number}]")


def _squad_question(qa: Mapping[str, Any], passage: str, title: Optional[str], where: str) -> QuestionExample:
    name = _id(_value(qa, "id", where), where)
    where = f"{where} ({name})"
    example = QuestionExample(
        name, _text(qa, "question", where), passage, _answers(qa, "answer_start", passage, where), title
    )
    impossible = qa.get("is_impossible", False)
    if impossible is not example.is_impossible:
        raise DataError(
            f"{where}: 'is_impossible' must be true where there is no answer, and only there; "
            f"received {shown_json(impossible)} and {len(example.answers)} answers"
        )
    return example


def _read(path: PathLike) -> Mapping[str, Any]:
    try:
        values = json.loads(file_text(path))
    except (ValueError, RecursionError) as reason:
        raise DataError(f"{path}: a file of questions must be JSON; received one that isn't ({reason})") from reason
    return _object(values, str(path))


# === JSON Lines ===


def _line_questions(path: PathLike) -> Iterator[QuestionExample]:
    for number, row in json_rows(str(path)):
        where = f"{path}:{number}"
        passage = _text(row, "passage", where)
        yield QuestionExample(
            _id(row.get("id", number), where),
            _text(row, "question", where),
            passage,
            _answers(row, "start", passage, where),
        )


# === Values ===


def _answers(row: Mapping[str, Any], start_key: str, passage: str, where: str) -> tuple[AnswerSpan, ...]:
    return tuple(_answer(answer, start_key, passage, where) for answer in _items(row, "answers", where))


def _answer(answer: Mapping[str, Any], start_key: str, passage: str, where: str) -> AnswerSpan:
    text = _text(answer, "text", where)
    start = _value(answer, start_key, where)
    if not isinstance(start, int) or isinstance(start, bool) or start < 0:
        raise DataError(f"{where}: {start_key!r} must be a number of characters; received {shown_json(start)}")
    there = passage[start : start + len(text)]
    if there != text:
        raise DataError(
            f"{where}: an answer must stand at its {start_key!r}; received {shown_json(text)} at {start}, "
            f"where the passage has {shown_json(there)}"
        )
    return AnswerSpan(text, start)


def _id(value: Any, where: str) -> str:
    # GermanQuAD's ids are numbers; as keys of a file of predictions they are strings.
    if not isinstance(value, (str, int)) or isinstance(value, bool) or value == "":
        raise DataError(f"{where}: 'id' must be a string or a whole number; received {shown_json(value)}")
    return str(value)


def _items(row: Mapping[str, Any], key: str, where: str) -> list[Mapping[str, Any]]:
    values = _value(row, key, where)
    if not isinstance(values, list):
        raise DataError(f"{where}: {key!r} must be a list; received {shown_json(values)}")
    return [_object(value, f"{where}.{key}[{number}]") for number, value in enumerate(values)]


def _text(row: Mapping[str, Any], key: str, where: str) -> str:
    value = _value(row, key, where)
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{where}: {key!r} must be a text that isn't empty; received {shown_json(value)}")
    refuse_surrogates_at(f"{where}: {key!r}", value)
    return value


def _value(row: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in row:
        keys = ", ".join(map(repr, row)) or "none"
        raise DataError(f"{where}: the key {key!r} must exist; received the keys {keys}")
    return row[key]


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f"{where}: a JSON object must stand here; received {shown_json(value)}")
    return value

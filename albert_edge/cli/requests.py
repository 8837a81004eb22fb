"""What `predict` is asked: the items of its arguments, a file or standard input, as the file's tasks take them."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Iterable, Iterator, Optional, Sequence

import click

from albert_edge.cli.options import input_texts
from albert_edge.errors import ConfigError, DataError
from albert_edge.files import read_bytes

TABLES = (".tsv", ".csv", ".jsonl")
ANSWERING = "question-answering"
PAIRED = ("text-classification", "sentence-order")


@dataclasses.dataclass(frozen=True)
class Source:
    """Where the options of the command line say that the requests are."""

    texts: tuple[str, ...] = ()
    file: Optional[str] = None
    text_column: Optional[str] = None
    text_pair_column: Optional[str] = None
    text_pair: Optional[str] = None
    question: Optional[str] = None
    passage: Optional[str] = None
    passage_file: Optional[str] = None

    def items(self, tasks: Sequence[str]) -> Iterable[Any]:
        """Items for a file of `tasks`, as `albert_edge.predict` takes them.

        Raises `ConfigError` where an option isn't for these tasks, or one that they need is missing.
        """
        self._check_tasks(tasks)
        if self.question is not None:
            return [self._question(len(tasks) > 1)]
        if ANSWERING in tasks and len(tasks) == 1:
            if self.file is None:
                raise ConfigError(f"{ANSWERING} must have --question, or a --file of questions; received neither")
            return file_questions(self.file)
        if self.file is not None and self.file.lower().endswith(TABLES):
            return self._rows(self.file)
        if self.text_column is not None or self.text_pair_column is not None:
            raise click.UsageError(f"columns must be those of a --file that ends in {', '.join(TABLES)}; received none")
        texts = input_texts(self.texts, self.file)
        return texts if self.text_pair is None else ((text, self.text_pair) for text in texts)

    def _check_tasks(self, tasks: Sequence[str]) -> None:
        named = ", ".join(tasks)
        for option, value, allowed in (
            ("--question", self.question, (ANSWERING,)),
            ("--passage", self.passage, (ANSWERING,)),
            ("--passage-file", self.passage_file, (ANSWERING,)),
            ("--text-pair", self.text_pair, PAIRED),
            ("--text-pair-column", self.text_pair_column, PAIRED),
        ):
            if value is not None and not set(allowed) & set(tasks):
                raise ConfigError(f"{option} must be left out for {named}; received {value!r}")
        if tuple(tasks) == (ANSWERING,) and self.texts:
            raise ConfigError(f"{ANSWERING} takes --question and --passage, no TEXTS; received {self.texts[0]!r}")

    def _question(self, with_other_heads: bool) -> Any:
        if (self.passage is None) == (self.passage_file is None):
            raise ConfigError("a --question must have either --passage or --passage-file; received none or both")
        if self.texts or self.file is not None:
            raise ConfigError("--question must be left out where texts come from TEXTS or --file; received both")
        passage = self.passage if self.passage_file is None else read_text(self.passage_file)
        if not with_other_heads:
            return self.question, passage
        pair = {} if self.text_pair is None else {"text_pair": self.text_pair}
        return {"text": passage, "question": self.question, **pair}

    def _rows(self, file: str) -> Iterator[Any]:
        from albert_edge.text.tables import Columns, iterate_examples

        if self.texts or self.text_pair is not None:
            raise click.UsageError("texts must come from arguments or from --file; received both")
        columns = Columns.from_options(self.text_column, self.text_pair_column, None)
        for example in iterate_examples(file, columns, need_labels=False):
            yield example.text if example.text_pair is None else (example.text, example.text_pair)


def file_questions(file: str) -> Iterator[tuple[str, str]]:
    """The questions and passages of a `.json` in SQuAD's form, or of lines {"question": ..., "passage": ...}."""
    from albert_edge.text.lines import file_lines

    if file.lower().endswith(".json"):
        from albert_edge.text.questions import read_questions

        for example in read_questions(file):
            yield example.question, example.passage
        return
    for number, line in enumerate(file_lines(file), start=1):
        yield _question_of_line(line, f"{file}:{number}")


def _question_of_line(line: str, where: str) -> tuple[str, str]:
    try:
        row = json.loads(line)
        return row["question"], row["passage"]
    except (ValueError, TypeError, KeyError, RecursionError) as reason:
        raise DataError(
            f"{where}: a line must be a JSON object with question and passage; received {line[:80]!r}"
        ) from reason


def read_text(path: str) -> str:
    """The text of a file; raises `DataError` unless it is UTF-8."""
    try:
        return read_bytes(path, DataError).decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        raise DataError(
            f"{path}: text must be UTF-8; received the byte 0x{reason.object[reason.start]:02x} at {reason.start}"
        ) from reason

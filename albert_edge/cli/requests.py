"""What `predict` is asked: the items of its arguments, a file or standard input, as the file's tasks take them."""

from __future__ import annotations

import dataclasses
from typing import Any, Iterable, Iterator, Optional, Sequence

import click

from albert_edge.cli.options import input_texts
from albert_edge.errors import ConfigError, DataError
from albert_edge.tasks import TASK_NAMES

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
        is_table = self.question is None and self.file is not None and self.file.lower().endswith(TABLES)
        if not is_table and (self.text_column is not None or self.text_pair_column is not None):
            raise click.UsageError(f"columns must be those of a --file that ends in {', '.join(TABLES)}; received none")
        if self.question is not None:
            return [self._question(len(tasks) > 1)]
        if ANSWERING in tasks and len(tasks) == 1:
            if self.file is None:
                raise ConfigError(f"{ANSWERING} must have --question, or a --file of questions; received neither")
            return file_questions(self.file)
        if self.file is not None and is_table:
            return self._rows(self.file, bool(set(PAIRED) & set(tasks)))
        texts = input_texts(self.texts, self.file)
        return texts if self.text_pair is None else ((text, self.text_pair) for text in texts)

    def _check_tasks(self, tasks: Sequence[str]) -> None:
        named = ", ".join(tasks)
        for option, value, allowed in (
            ("--question", self.question, (ANSWERING,)),
            ("--passage", self.passage, (ANSWERING,)),
            ("--passage-file", self.passage_file, (ANSWERING,)),
            ("--text-column", self.text_column, [task for task in TASK_NAMES if task != ANSWERING]),
            ("--text-pair", self.text_pair, PAIRED),
            ("--text-pair-column", self.text_pair_column, PAIRED),
        ):
            if value is not None and not set(allowed) & set(tasks):
                raise ConfigError(f"{option} must be left out for {named}; received {value!r}")
        if self.question is None and (self.passage is not None or self.passage_file is not None):
            raise ConfigError("--passage and --passage-file must come with --question; received one without it")
        if tuple(tasks) == (ANSWERING,) and self.texts:
            raise ConfigError(f"{ANSWERING} takes --question and --passage, no TEXTS; received {self.texts[0]!r}")

    def _question(self, with_other_heads: bool) -> Any:
        from albert_edge.text.lines import file_text

        if (self.passage is None) == (self.passage_file is None):
            raise ConfigError("a --question must have either --passage or --passage-file; received none or both")
        if self.texts or self.file is not None:
            raise ConfigError("--question must be left out where texts come from TEXTS or --file; received both")
        passage = self.passage if self.passage_file is None else file_text(self.passage_file)
        if not with_other_heads:
            return self.question, passage
        pair = {} if self.text_pair is None else {"text_pair": self.text_pair}
        return {"text": passage, "question": self.question, **pair}

    def _rows(self, file: str, as_pairs: bool) -> Iterator[Any]:
        """The texts of a table; its second texts are skipped, as its labels are, where no task takes pairs."""
        from albert_edge.text.tables import Columns, iterate_examples

        if self.texts or self.text_pair is not None:
            raise click.UsageError("texts must come from arguments or from --file; received both")
        columns = Columns.from_options(self.text_column, self.text_pair_column, None)
        for example in iterate_examples(file, columns, need_labels=False):
            is_pair = as_pairs and example.text_pair is not None
            yield (example.text, example.text_pair) if is_pair else example.text


def file_questions(file: str) -> Iterator[tuple[str, str]]:
    """The questions and passages of a `.json` in SQuAD's form, or of lines {"question": ..., "passage": ...}."""
    from albert_edge.text.rows import json_rows

    if file.lower().endswith(".json"):
        from albert_edge.text.questions import read_questions

        for example in read_questions(file):
            yield example.question, example.passage
        return
    for line, row in json_rows(file):
        if "question" not in row or "passage" not in row:
            keys = ", ".join(map(repr, row)) or "none"
            raise DataError(f"{file}:{line}: a row must have 'question' and 'passage'; received the keys {keys}")
        yield row["question"], row["passage"]

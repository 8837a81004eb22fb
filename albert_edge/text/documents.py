"""Documents of plain text, and the pairs of passages that sentence order is learnt from and scored on.

A paragraph is a line, and a blank line separates documents. Each paragraph makes a pair with the next one of its
document, and a coin decides whether the pair stays as it is:

    sop    else the two are swapped (Lan et al. 2019, section 3.1: sentence-order prediction)
    nsp    else the second is any paragraph of another document (Devlin et al. 2018, section 3.1, task 2)

Leaves out joining short paragraphs up to a length: a passage is a paragraph, whatever its size.
"""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np

from albert_edge.errors import ConfigError, DataError
from albert_edge.files import PathLike
from albert_edge.tasks import ORDER_LABELS
from albert_edge.text.lines import file_lines


class Paragraph(NamedTuple):
    """A passage of a document."""

    text: str
    line: int
    """Of its file, from 1."""


class OrderExample(NamedTuple):
    """Two passages, and whether the second follows the first in a document."""

    text: str
    text_pair: str
    in_order: bool
    line: int
    """Of the passage that the pair was made for, from 1."""


def read_documents(path: PathLike) -> list[list[Paragraph]]:
    """The documents of the text file `path`, each of at least one paragraph without white space at its ends.

    Raises `DataError` on a file that can't be read, isn't UTF-8 or has no text.
    """
    documents: list[list[Paragraph]] = [[]]
    for line, text in enumerate(file_lines(path), start=1):
        if text.strip():
            documents[-1].append(Paragraph(text.strip(), line))
        elif documents[-1]:
            documents.append([])
    found = [document for document in documents if document]
    if not found:
        raise DataError(f"{path}: a data file must have lines with text; received none")
    return found


def read_order_examples(path: PathLike, seed: int, objective: str = "sop") -> list[OrderExample]:
    """The pairs of the text file `path`; raises as `read_documents` and `order_examples` do, naming the file."""
    documents = read_documents(path)
    try:
        return order_examples(documents, seed, objective)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def order_examples(documents: Sequence[Sequence[Paragraph]], seed: int, objective: str = "sop") -> list[OrderExample]:
    """A pair for each two neighbouring paragraphs, in order of the documents; about half of them are in order.

    `objective` is `sop` or `nsp`; the same `seed` always gives the same pairs. Raises `DataError` if no document has
    two paragraphs or, for `nsp`, there is only one document; `ConfigError` on another objective.
    """
    if objective not in ORDER_LABELS:
        raise ConfigError(
            f"the objective of sentence order must be one of {', '.join(ORDER_LABELS)}; received {objective!r}"
        )
    if not any(len(document) > 1 for document in documents):
        raise DataError("a document must have two paragraphs to be in order; received none that has")
    if objective == "nsp" and len(documents) < 2:
        raise DataError(f"documents must be two at least to take paragraphs from another; received {len(documents)}")
    generator = np.random.default_rng(seed)
    examples = []
    for number, document in enumerate(documents):
        for first, second in zip(document, document[1:]):
            in_order = bool(generator.random() < 0.5)
            if not in_order and objective == "nsp":
                second = _of_another(documents, number, generator)
            texts = (second.text, first.text) if not in_order and objective == "sop" else (first.text, second.text)
            examples.append(OrderExample(*texts, in_order, first.line))
    return examples


def _of_another(documents: Sequence[Sequence[Paragraph]], number: int, generator: np.random.Generator) -> Paragraph:
    """Any paragraph of any document but the one with that `number`."""
    other = int(generator.integers(len(documents) - 1))
    document = documents[other + (other >= number)]
    return document[int(generator.integers(len(document)))]

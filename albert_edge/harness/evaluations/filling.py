"""`fill-mask`: plain texts of which pieces are hidden, or a table of texts with `[MASK]` and what stood there.

Of plain texts the tokenizer's own pieces are asked for, always the same ones (`text.masks.masked_examples`), which
gives likelihoods. A table asks for a word a row: right is a candidate that is written as the label, without the mark of
a word's start. Leaves out several masks in one row.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, NamedTuple, Optional, Sequence

from albert_edge.errors import DataError
from albert_edge.harness.evaluations.base import Asked, DataFile, Evaluation
from albert_edge.metrics import piece_report, piece_scores
from albert_edge.metrics.pieces import PieceScores
from albert_edge.text.encoding import CONTINUES
from albert_edge.text.lines import file_lines
from albert_edge.text.masks import MaskedExample, mask_places, masked_examples
from albert_edge.text.pieces import WORD_START
from albert_edge.text.tables import Example, iterate_examples

if TYPE_CHECKING:
    from albert_edge.pipelines.base import Outputs, Pipeline
    from albert_edge.text.packing import Packed
    from albert_edge.text.tokenizer import Tokenizer

SEED = 1
"""Of the pieces that are hidden."""


def is_plain(data: DataFile) -> bool:
    """Whether the file is plain text rather than a table."""
    return Path(data.path).suffix.lower() == ".txt"


class HiddenPieces(Evaluation):
    """Plain texts, one a line."""

    writes_predictions = False
    """Which pieces were hidden is known to this tokenizer alone."""

    def __init__(self, data: DataFile, tokenizer: Tokenizer, longest: int) -> None:
        super().__init__(data)
        texts = list(file_lines(data.path))
        try:
            self._asked = data.limited(self._examples(texts, tokenizer, longest))
        except DataError as error:
            raise DataError(f"{data.path}: {error}") from error

    @property
    def asked(self) -> list[Asked]:
        """A request a line, of a long one several."""
        return self._asked

    def inputs(self, pipeline: Pipeline[Any, Any], request: MaskedExample) -> list[Packed]:  # noqa: ARG002
        """The text with its hidden pieces."""
        return [request.packed]

    def decode(
        self,
        pipeline: Pipeline[Any, Any],
        request: MaskedExample,
        inputs: Sequence[Packed],  # noqa: ARG002
        outputs: Sequence[Outputs],
    ) -> PieceScores:
        """Rank and likelihood of each hidden piece."""
        from albert_edge.pipelines.base import output

        shape = len(request.targets), pipeline.config.vocab_size
        return piece_scores(output(outputs[0], "logits", shape), request.targets)

    def value(self, prediction: PieceScores) -> PieceScores:
        """The same."""
        return prediction

    def report(self, values: Sequence[PieceScores]) -> dict[str, Any]:
        """`examples` (texts, or parts of them) and `piece_report`."""
        import numpy as np

        ranks, likelihoods = (np.concatenate(parts) for parts in zip(*values))
        return {"examples": len(values), **piece_report(ranks, likelihoods)}

    def _examples(self, texts: Sequence[str], tokenizer: Tokenizer, longest: int) -> Iterator[Asked]:
        lines: list[int] = []
        # A text is fetched when those before it have been given out, so that the last of `lines` is the example's.
        for example in masked_examples(_noting(texts, lines), tokenizer, longest, SEED):
            yield Asked(self.data.where(lines[-1]), example, len(example.packed.input_ids))


def _noting(texts: Sequence[str], lines: list[int]) -> Iterator[str]:
    """The lines of a text file, each one's number put into `lines` when it is fetched."""
    for line, text in enumerate(texts, start=1):
        lines[:] = [line]
        yield text


class Candidates(NamedTuple):
    """What may stand at a mask, the likeliest first."""

    words: Sequence[str]
    are_all: bool
    """Whether there are five, or all that the model proposes: not of a file that has one label a row."""


class Cloze(Evaluation):
    """A table of texts with one `[MASK]` each; the label is what stood there."""

    def __init__(self, data: DataFile) -> None:
        super().__init__(data)
        self.examples: list[Example] = data.limited(iterate_examples(data.path, data.columns))
        for example in self.examples:
            masks = len(mask_places(example.text))
            if masks != 1:
                raise DataError(f"{data.where(example.line)}: a text must have one [MASK]; received {masks}")

    @property
    def asked(self) -> list[Asked]:
        """A request a row."""
        return [Asked(self.data.where(each.line), each.text, len(each.text)) for each in self.examples]

    def value(self, prediction: Any) -> Candidates:
        """The words proposed."""
        return Candidates([word_of(candidate.piece) for candidate in prediction.masks[0]], are_all=True)

    def correct(self, values: Sequence[Candidates]) -> list[bool]:
        """Where the likeliest word is the label."""
        labels = [str(example.label).strip() for example in self.examples]
        return [list(value.words[:1]) == [label] for value, label in zip(values, labels)]

    def report(self, values: Sequence[Candidates]) -> dict[str, Any]:
        """`examples` and `accuracy`, and `accuracy_at_5` where there are more candidates than one a mask."""
        labels = [str(example.label).strip() for example in self.examples]
        found = [list(value.words[:5]) for value in values]
        report: dict[str, Any] = {"examples": len(labels), "accuracy": sum(self.correct(values)) / len(labels)}
        if all(value.are_all for value in values):
            report["accuracy_at_5"] = sum(label in words for words, label in zip(found, labels)) / len(labels)
        return report


def word_of(piece: str) -> str:
    """`piece` as it is written in a text, without the one `▁` or `##` before it (a piece of that alone stays)."""
    for mark in (WORD_START, CONTINUES):
        if piece.startswith(mark) and piece != mark:
            return piece[len(mark) :]
    return piece


def candidates_of(words: Sequence[Optional[str]], are_all: bool) -> Candidates:
    """Proposals from elsewhere, as words or pieces."""
    return Candidates([word_of(word.strip()) for word in words if word], are_all)

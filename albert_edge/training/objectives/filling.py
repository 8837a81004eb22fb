"""`fill-mask`: which pieces stand at masked places (Devlin et al. 2018, section 3.1, task 1).

Of each text 15 % of the pieces are asked for, others in every step: 80 % of them are replaced by `[MASK]`, 10 % by
another piece, 10 % stay. Only these places are computed by the head. A line of the file is a text, a long one is cut
into windows that follow one another. Leaves out spans of masks (ALBERT's n-grams) and joining short lines.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from albert_edge.errors import DataError
from albert_edge.files import PathLike
from albert_edge.metrics import piece_report, piece_scores
from albert_edge.text.entities import IGNORED
from albert_edge.text.lines import file_lines
from albert_edge.text.masks import masked_examples
from albert_edge.text.tables import Example, read_examples
from albert_edge.text.windows import window_room, windows
from albert_edge.training.batches import stacked
from albert_edge.training.data import Encoded
from albert_edge.training.masking import mask_pieces
from albert_edge.training.objectives.base import Answered, Items, Objective, Rows, TargetSpec, longest
from albert_edge.training.objectives.texts import texts_of
from albert_edge.training.scoring import CHUNK, DEV_SEED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.config import AlbertConfig
    from albert_edge.model.predictor import BatchScorer
    from albert_edge.pipelines.base import Pipeline
    from albert_edge.text.tokenizer import Tokenizer


class Filling(Objective):
    """Plain texts."""

    target_specs = (TargetSpec((None, None), "int32"),)

    def read(self, path: PathLike) -> list[Example]:
        """The lines of a text file that aren't blank, or the texts of a table."""
        if not _is_plain(path):
            return read_examples(path, self.request.columns_of(path), need_labels=False)
        lines = enumerate(file_lines(path), start=1)
        examples = [Example(line, None, None, number) for number, line in lines if line.strip()]
        if not examples:
            raise DataError(f"{path}: a data file must have lines with text; received none")
        return examples

    def texts(self) -> list[str]:
        """The lines."""
        return texts_of(self.train.examples)

    def encode(self, config: AlbertConfig, tokenizer: Tokenizer) -> tuple[Encoded, Encoded]:
        """A window an item."""
        return _encode(self.train, tokenizer, longest(config)), _encode(self.dev, tokenizer, longest(config))

    def batch(
        self, data: Encoded, indices: NDArray[np.int64], tokenizer: Tokenizer, generator: np.random.Generator
    ) -> Items:
        """The texts, other places of theirs masked in each step, and the pieces that stood there."""
        share = self.settings.mask_share or 0.0
        masked = [mask_pieces(data.texts[index], tokenizer, share, generator) for index in indices]
        return Items([packed for packed, _ in masked], (stacked([ids for _, ids in masked], IGNORED),))

    def losses(self, given: Answered) -> Any:
        """A loss a masked place."""
        from albert_edge.training.losses import masked_pieces

        return masked_pieces(given.outputs["logits"], given.targets[0])

    def score(self, scorer: BatchScorer, pipeline: Pipeline[Any, Any]) -> dict[str, Any]:
        """`piece_report` of dev's own masked places, which are the same in every epoch."""
        # Blank lines too: what is drawn for a line depends on its number.
        lines = file_lines(self.dev.path) if _is_plain(self.dev.path) else texts_of(self.dev.examples)
        asked = list(masked_examples(lines, pipeline.tokenizer, pipeline.longest, DEV_SEED))
        scores = []
        for start in range(0, len(asked), CHUNK):
            chunk = asked[start : start + CHUNK]
            outputs = scorer.outputs([example.packed for example in chunk])
            scores += [piece_scores(each["logits"], example.targets) for each, example in zip(outputs, chunk)]
        ranks, likelihoods = (np.concatenate(parts) for parts in zip(*scores))
        return piece_report(ranks, likelihoods)


def _is_plain(path: PathLike) -> bool:
    return Path(path).suffix.lower() == ".txt"


def _encode(rows: Rows, tokenizer: Tokenizer, longest_input: int) -> Encoded:
    room = window_room(longest_input)
    encodings = [tokenizer.encode(example.text) for example in rows.examples]
    found = [
        (window.packed, owner)
        for owner, encoding in enumerate(encodings)
        if encoding.ids
        for window in windows(tokenizer, encoding, longest_input, room)
    ]
    if not found:
        raise DataError(f"{rows.path}: a data file must have lines with a piece of the vocabulary; received none")
    return Encoded([packed for packed, _ in found], (), owners=[owner for _, owner in found])

"""`fill-mask`: what may stand where a text says `[MASK]`.

A text that fits runs as it is; of a longer one each mask runs in a window around it. One piece a mask, as in Devlin et
al. 2018 (arXiv:1810.04805): several masks are filled one by one, each as if the others stayed, so that the best
candidates of all need not be the best text. Special pieces are never proposed, and their share of the probability goes
to nobody. Leaves out words of several pieces.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Sequence

import numpy as np

from albert_edge.errors import ConfigError, DataError
from albert_edge.pipelines.base import Outputs, Pipeline, output
from albert_edge.text.encoding import MASK
from albert_edge.text.labels import softmax
from albert_edge.text.masks import filled_text, mask_id_of, mask_places, mask_windows, special_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.config import AlbertConfig
    from albert_edge.text.packing import Packed
    from albert_edge.text.tokenizer import Tokenizer

TOP = 5
"""Candidates that a mask gets unless another number is asked for."""


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A piece that may stand at a mask."""

    piece: str
    """As the vocabulary has it, with the mark of a word's start (`▁`) or continuation (`##`)."""
    id: int
    score: float
    """Its probability."""
    text: str
    """The whole text with this piece at this mask; other masks stay."""


@dataclasses.dataclass(frozen=True)
class Filling:
    """The candidates for each mask of a text, in the text's order, the likeliest first."""

    text: str
    masks: tuple[tuple[Candidate, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Keys `text, masks`; each mask is a list of `piece, id, score, text`."""
        masks = [[dataclasses.asdict(candidate) for candidate in mask] for mask in self.masks]
        return {"text": self.text, "masks": masks}


class FillingPipeline(Pipeline[str, Filling]):
    """Fills the masks of a text, the request. Raises `ConfigError` for a vocabulary without a mask piece."""

    task = "fill-mask"

    def __init__(self, config: AlbertConfig, tokenizer: Tokenizer, longest: int) -> None:
        super().__init__(config, tokenizer, longest)
        mask_id_of(tokenizer)

    def inputs(self, request: str) -> list[Packed]:
        """An input a window, whose `masked_positions` together are the text's masks in their order.

        Raises `DataError` if the text is no string or has no mask.
        """
        if not isinstance(request, str) or MASK not in request:
            raise DataError(f"a text to fill must be a string that holds {MASK}; received {request!r}")
        return mask_windows(self.tokenizer, self.tokenizer.encode_masked(request).ids, self.longest)

    def decode(self, request: str, inputs: Sequence[Packed], outputs: Sequence[Outputs], top: int = TOP) -> Filling:
        """The `top` likeliest pieces for each mask (fewer of a vocabulary that hasn't so many)."""
        if top < 1:
            raise ConfigError(f"top must be at least 1; received {top}")
        if len(inputs) != len(outputs):
            raise ConfigError(f"every input must have outputs; received {len(outputs)} for {len(inputs)} inputs")
        rows = [row for packed, each in zip(inputs, outputs) for row in self._logits(packed, each)]
        places = mask_places(request)
        if len(rows) != len(places):
            raise ConfigError(f"the inputs must be of the text's {len(places)} masks; received {len(rows)}")
        return Filling(request, tuple(self._candidates(request, *each, top) for each in zip(places, rows)))

    def _logits(self, packed: Packed, outputs: Outputs) -> NDArray[np.float64]:
        masks = 0 if packed.masked_positions is None else len(packed.masked_positions)
        return output(outputs, "logits", (masks, self.tokenizer.vocab_size))

    def _candidates(self, text: str, place: int, logits: NDArray[np.float64], top: int) -> tuple[Candidate, ...]:
        scores = softmax(logits)
        allowed = np.setdiff1d(np.arange(len(scores)), special_ids(self.tokenizer))
        best = allowed[np.argsort(-scores[allowed], kind="stable")[:top]].tolist()
        pieces = [(self.tokenizer.id_to_piece(piece_id), piece_id) for piece_id in best]
        return tuple(
            Candidate(piece, piece_id, float(scores[piece_id]), filled_text(self.tokenizer, text, place, piece))
            for piece, piece_id in pieces
        )

"""Which pieces of a text a masked language model is asked for, and what stands in their place."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from albert_edge.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.text.packing import Packed
    from albert_edge.text.tokenizer import Tokenizer

MASKED, REPLACED = 0.8, 0.1
"""Shares of the pieces asked for that become `[MASK]` and another piece; the rest stay (Devlin et al. 2018, 3.1)."""


def mask_pieces(
    packed: Packed, tokenizer: Tokenizer, share: float, generator: np.random.Generator
) -> tuple[Packed, NDArray[np.int32]]:
    """`packed` with `masked_positions` for `share` of its pieces, at least one, and the pieces that stood there.

    `packed` is `[CLS]`, one or more pieces, `[SEP]`. Raises `ConfigError` if the vocabulary has no mask piece.
    """
    if tokenizer.mask_id is None:
        raise ConfigError("a vocabulary must have the piece [MASK] to learn fill-mask; received one without it")
    ids = packed.input_ids
    pieces = len(ids) - 2
    chosen = generator.choice(pieces, max(1, round(share * pieces)), replace=False)
    positions = np.sort(chosen + 1).astype(np.int32)
    masked = hidden(ids, positions, tokenizer.mask_id, ordinary_ids(tokenizer), generator)
    return dataclasses.replace(packed, input_ids=masked, masked_positions=positions), ids[positions]


def hidden(
    ids: NDArray[np.int32],
    positions: NDArray[np.int32],
    mask_id: int,
    others: NDArray[np.int64],
    generator: np.random.Generator,
) -> NDArray[np.int32]:
    """A copy of `ids` in which the pieces at `positions` are `mask_id`, any of `others`, or as they were."""
    fate = generator.random(len(positions))
    drawn = generator.choice(others, len(positions))
    masked = ids.copy()
    masked[positions] = np.where(fate < MASKED, mask_id, np.where(fate < MASKED + REPLACED, drawn, ids[positions]))
    return masked


def ordinary_ids(tokenizer: Tokenizer) -> NDArray[np.int64]:
    """The ids of all pieces but special ones."""
    special = {tokenizer.pad_id, tokenizer.unk_id, tokenizer.cls_id, tokenizer.sep_id, tokenizer.mask_id}
    return np.setdiff1d(np.arange(tokenizer.vocab_size), [each for each in special if each is not None])

"""Ids to the model's input: `[CLS] A [SEP]`, or `[CLS] A [SEP] B [SEP]` for a pair.

Follows `convert_single_example` of google-research/albert (`classifier_utils.py`) without its padding: a request runs
at its exact length, and who batches pads. A text too long loses its end; of a pair the longer loses first.
"""

from __future__ import annotations

import dataclasses
from typing import Optional, Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.errors import ConfigError
from albert_edge.text.tokenizer import Tokenizer


@dataclasses.dataclass(frozen=True, eq=False)
class Packed:
    """One input of T tokens, special pieces included."""

    input_ids: NDArray[np.int32]
    """int32 [T]"""
    token_type_ids: NDArray[np.int32]
    """int32 [T]: 0 up to and with the first `[SEP]`, then 1."""
    masked_positions: Optional[NDArray[np.int32]] = None
    """int32 [K]: the positions to be filled, of `fill-mask` only."""


def pack(tokenizer: Tokenizer, text: str, text_pair: Optional[str] = None, max_length: int = 512) -> Packed:
    """Tokenize and pack one text or pair into at most `max_length` tokens.

    An empty text has no pieces, so that `[CLS] [SEP]` remains: whether that is an answerable request is the caller's
    decision. Raises `ConfigError` if `max_length` has no room for the special pieces, `DataError` on a lone surrogate.
    """
    specials = 2 if text_pair is None else 3
    if max_length < specials:
        raise ConfigError(f"max_length must be at least {specials}; received {max_length}")
    ids = tokenizer.encode(text).ids
    pair_ids = [] if text_pair is None else tokenizer.encode(text_pair).ids
    kept, pair_kept = kept_lengths(len(ids), len(pair_ids), max_length - specials)
    return pack_ids(tokenizer, ids[:kept], None if text_pair is None else pair_ids[:pair_kept])


def pack_ids(tokenizer: Tokenizer, ids: Sequence[int], pair_ids: Optional[Sequence[int]] = None) -> Packed:
    """The input of one text's ids, or of two's; none is cut off."""
    first = [tokenizer.cls_id, *ids, tokenizer.sep_id]
    second = [] if pair_ids is None else [*pair_ids, tokenizer.sep_id]
    return Packed(
        np.array(first + second, dtype=np.int32),
        np.repeat(np.array([0, 1], dtype=np.int32), [len(first), len(second)]),
    )


def kept_lengths(length: int, pair_length: int, room: int) -> tuple[int, int]:
    """How many ids of each text fit into `room` if, one by one, the longer text (the second of equals) loses its last.

    Worked out rather than looped: a text shorter than half of `room` stays whole, else each gets its half.
    """
    pair_kept = min(pair_length, max(room // 2, room - length))
    return min(length, room - pair_kept), pair_kept

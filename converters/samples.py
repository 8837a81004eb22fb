"""Inputs for the check that every conversion passes: token ids of many lengths, made from the model's own vocabulary.

No text is needed, so a model in any language can be checked. The ids are random, which a quantized model finds harder
than language: what passes here does better on text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from albert_edge.config import AlbertConfig
from albert_edge.text.packing import Packed

if TYPE_CHECKING:
    from albert_edge.text.tokenizer import Tokenizer

# Up and down again: a runtime that resizes wrongly shows it at the lengths behind a longer one.
_LENGTHS = (8, 24, 16, 8, 3, 64, 128, 40, 12, 96, 33, 5)
_MOST_MASKS = 4


def sample_inputs(config: AlbertConfig, tokenizer: Tokenizer, longest: int, seed: int = 1) -> list[Packed]:
    """Packed inputs, int32 [T] each, of at most `longest` tokens, with masked positions: every second one a pair."""
    generator = np.random.default_rng(seed)
    samples = []
    for index, wanted in enumerate(_LENGTHS):
        length = max(2, min(wanted, longest))
        first = length // 2 if index % 2 and length > 4 else length
        input_ids = generator.integers(0, config.vocab_size, length, dtype=np.int32)
        input_ids[0], input_ids[first - 1], input_ids[-1] = tokenizer.cls_id, tokenizer.sep_id, tokenizer.sep_id
        token_type_ids = (np.arange(length) >= first).astype(np.int32)
        count = 1 + index % min(_MOST_MASKS, length)
        masked = np.sort(generator.choice(length, count, replace=False)).astype(np.int32)
        samples.append(Packed(input_ids, token_type_ids, masked))
    return samples

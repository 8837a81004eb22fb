"""What a masked language model is asked for: shares, places, and what stands there instead."""

import dataclasses

import numpy as np
import pytest

from albert_edge.errors import ConfigError
from albert_edge.text.packing import Packed
from albert_edge.text.tokenizer import read_tokenizer
from albert_edge.training.masking import mask_pieces


@pytest.fixture(scope="module")
def tokenizer(golden):
    return read_tokenizer(golden / "base_like" / "sequence_classification")


def packed(pieces):
    ids = np.array([2, *pieces, 3], np.int32)
    return Packed(ids, np.zeros_like(ids))


def test_shares(tokenizer):
    """Of 1,000 pieces 150 are asked for: about 120 masked, 15 replaced, 15 as they were."""
    text = packed(np.full(1000, 77))
    masked, ids = mask_pieces(text, tokenizer, 0.15, np.random.default_rng(1))
    assert (len(masked.masked_positions), ids.tolist()) == (150, [77] * 150)
    shown = masked.input_ids[masked.masked_positions]
    assert (shown == tokenizer.mask_id).sum() == pytest.approx(120, abs=15)
    assert (shown == 77).sum() == pytest.approx(15, abs=10)
    others = set(shown.tolist()) - {77, tokenizer.mask_id}
    assert others
    assert not others & {tokenizer.pad_id, tokenizer.unk_id, tokenizer.cls_id, tokenizer.sep_id}
    untouched = np.setdiff1d(np.arange(1002), masked.masked_positions)
    assert np.array_equal(masked.input_ids[untouched], text.input_ids[untouched])


def test_special_pieces_are_never_asked_for_and_one_always_is(tokenizer):
    for seed in range(50):
        masked, ids = mask_pieces(packed([50, 60]), tokenizer, 0.15, np.random.default_rng(seed))
        assert masked.masked_positions.tolist() in ([1], [2])
        assert ids[0] == (50, 60)[masked.masked_positions[0] - 1]


def test_one_generator_one_choice(tokenizer):
    text = packed(np.arange(100, 200))
    first, again, other = (mask_pieces(text, tokenizer, 0.15, np.random.default_rng(seed))[0] for seed in (1, 1, 2))
    assert np.array_equal(first.input_ids, again.input_ids)
    assert not np.array_equal(first.masked_positions, other.masked_positions)
    assert text.masked_positions is None


def test_a_vocabulary_without_the_piece_is_refused():
    @dataclasses.dataclass
    class NoMask:
        mask_id = None

    with pytest.raises(ConfigError, match=r"must have the piece \[MASK\]"):
        mask_pieces(packed([5]), NoMask(), 0.15, np.random.default_rng(0))

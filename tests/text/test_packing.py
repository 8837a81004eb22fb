"""Packing by hand, and truncation against the loop that it replaces."""

import numpy as np
import pytest

from albert_edge.errors import ConfigError, DataError
from albert_edge.text.packing import kept_lengths, pack
from albert_edge.text.tokenizer import open_tokenizer

OIL, PRICES, RISE = 1585, 7334, 2529


@pytest.fixture(scope="module")
def tokenizer(spm_30k):
    return open_tokenizer(spm_30k)


def check(packed, ids, types):
    assert packed.input_ids.dtype == packed.token_type_ids.dtype == np.int32
    assert packed.input_ids.tolist() == ids
    assert packed.token_type_ids.tolist() == types


def test_one_text(tokenizer):
    check(pack(tokenizer, "oil prices rise"), [2, OIL, PRICES, RISE, 3], [0] * 5)


def test_a_pair(tokenizer):
    check(pack(tokenizer, "oil", "prices rise"), [2, OIL, 3, PRICES, RISE, 3], [0, 0, 0, 1, 1, 1])


def test_empty_texts_leave_the_special_pieces(tokenizer):
    check(pack(tokenizer, ""), [2, 3], [0, 0])
    check(pack(tokenizer, "oil", ""), [2, OIL, 3, 3], [0, 0, 0, 1])


def test_the_end_is_cut(tokenizer):
    check(pack(tokenizer, "oil prices rise", max_length=4), [2, OIL, PRICES, 3], [0] * 4)
    check(pack(tokenizer, "oil prices rise", max_length=2), [2, 3], [0, 0])
    check(pack(tokenizer, "oil", "prices rise rise", max_length=5), [2, OIL, 3, PRICES, 3], [0, 0, 0, 1, 1])
    assert len(pack(tokenizer, "oil " * 600).input_ids) == 512


def popped(length, pair_length, room):
    """The definition: while too much, the longer loses one; of equals the second."""
    while length + pair_length > room:
        if length > pair_length:
            length -= 1
        else:
            pair_length -= 1
    return length, pair_length


def test_truncation_is_the_loop_s():
    for room in range(9):
        for length in range(12):
            for pair_length in range(12):
                assert kept_lengths(length, pair_length, room) == popped(length, pair_length, room)


@pytest.mark.parametrize(("pair", "least"), [(None, 2), ("b", 3)])
def test_the_special_pieces_need_room(tokenizer, pair, least):
    with pytest.raises(ConfigError, match=f"max_length must be at least {least}; received {least - 1}"):
        pack(tokenizer, "a", pair, max_length=least - 1)


def test_a_lone_surrogate_is_refused(tokenizer):
    with pytest.raises(DataError, match="lone surrogate"):
        pack(tokenizer, "a", "\ud800")

"""Windows by hand, their rules over many lengths, and the widest context against a loop over BERT's rule."""

import time
import tracemalloc

import numpy as np
import pytest
from word_tokenizer import WordTokenizer

from albert_edge.errors import ConfigError
from albert_edge.text.encoding import Encoding
from albert_edge.text.packing import pack
from albert_edge.text.tokenizer import open_tokenizer
from albert_edge.text.windows import widest_context, window_room, windows

TOKENIZER = WordTokenizer()
CLS, SEP = 2, 3


def encoding(pieces):
    """Pieces with the ids 100, 101, ..."""
    return Encoding(list(range(100, 100 + pieces)), ["x"] * pieces, [(index, index + 1) for index in range(pieces)])


def ids(spans):
    return [span.packed.input_ids.tolist() for span in spans]


# === By hand ===


def test_a_text_that_fits_is_one_window():
    (span,) = windows(TOKENIZER, encoding(3), 5)
    assert ids([span]) == [[CLS, 100, 101, 102, SEP]]
    assert span.packed.token_type_ids.tolist() == [0] * 5
    assert span.packed.input_ids.dtype == span.packed.token_type_ids.dtype == np.int32
    assert (span.first, span.start, span.stop) == (1, 0, 3)


def test_a_longer_one_is_two_and_the_last_is_full():
    spans = windows(TOKENIZER, encoding(4), 5)
    assert ids(spans) == [[CLS, 100, 101, 102, SEP], [CLS, 101, 102, 103, SEP]]
    assert [(span.start, span.stop) for span in spans] == [(0, 3), (1, 4)]


def test_a_stride_is_from_start_to_start():
    spans = windows(TOKENIZER, encoding(8), 6, stride=3)
    assert [(span.start, span.stop) for span in spans] == [(0, 4), (3, 7), (4, 8)]


def test_without_a_stride_it_is_half_of_the_room():
    assert [span.start for span in windows(TOKENIZER, encoding(10), 6)] == [0, 2, 4, 6]
    assert [span.start for span in windows(TOKENIZER, encoding(3), 3)] == [0, 1, 2]


def test_behind_a_first_text():
    spans = windows(TOKENIZER, encoding(3), 8, before=[7, 8, 9])
    assert ids(spans) == [[CLS, 7, 8, 9, SEP, 100, 101, SEP], [CLS, 7, 8, 9, SEP, 101, 102, SEP]]
    assert [span.packed.token_type_ids.tolist() for span in spans] == [[0] * 5 + [1] * 3] * 2
    assert [(span.first, span.start, span.stop) for span in spans] == [(5, 0, 2), (5, 1, 3)]


def test_before_a_second_text():
    spans = windows(TOKENIZER, encoding(3), 6, after=[9])
    assert ids(spans) == [[CLS, 100, 101, SEP, 9, SEP], [CLS, 101, 102, SEP, 9, SEP]]
    assert [span.packed.token_type_ids.tolist() for span in spans] == [[0, 0, 0, 0, 1, 1]] * 2
    assert [span.first for span in spans] == [1, 1]


def test_a_text_without_pieces_is_a_window_without_them():
    (span,) = windows(TOKENIZER, encoding(0), 5)
    assert ids([span]) == [[CLS, SEP]]
    assert (span.start, span.stop) == (0, 0)


def test_a_window_of_a_text_that_fits_is_what_packing_gives(spm_30k):
    tokenizer = open_tokenizer(spm_30k)
    one, two = "oil prices rise", "and fall again"
    (alone,) = windows(tokenizer, tokenizer.encode(one), 512)
    (pair,) = windows(tokenizer, tokenizer.encode(two), 512, before=tokenizer.encode(one).ids)
    (first,) = windows(tokenizer, tokenizer.encode(one), 512, after=tokenizer.encode(two).ids)
    for span, packed in [(alone, pack(tokenizer, one)), (pair, pack(tokenizer, one, two)), (first, pair.packed)]:
        assert span.packed.input_ids.tolist() == packed.input_ids.tolist()
        assert span.packed.token_type_ids.tolist() == packed.token_type_ids.tolist()


# === Over many lengths ===


@pytest.mark.parametrize("before", [[], [7, 8, 9]])
@pytest.mark.parametrize("stride", [None, 1, 2, 5])
def test_every_piece_is_in_a_window_and_every_window_is_full(stride, before):
    longest = 13
    room = longest - 2 if not before else longest - 3 - len(before)
    for pieces in range(1, 60):
        text = encoding(pieces)
        spans = windows(TOKENIZER, text, longest, stride, before)
        covered = [piece for span in spans for piece in range(span.start, span.stop)]
        assert set(covered) == set(range(pieces))
        for span in spans:
            assert len(span.packed.input_ids) <= longest
            assert span.stop - span.start == min(pieces, room)
            assert (
                span.packed.input_ids[span.first : span.first + span.stop - span.start].tolist()
                == text.ids[span.start : span.stop]
            )
        starts = [span.start for span in spans]
        assert starts == sorted(set(starts))
        assert all(second - first <= (stride or room // 2) for first, second in zip(starts, starts[1:]))


def max_context_of_bert(spans, piece):
    """`_check_is_max_context` of google-research/bert's `run_squad.py`, but for its bonus for longer windows: here all
    have one length."""
    best = None
    for index, span in enumerate(spans):
        if span.start <= piece < span.stop:
            score = min(piece - span.start, span.stop - 1 - piece)
            if best is None or score > best[0]:
                best = score, index
    return best[1]


def test_the_widest_context_by_hand():
    # Windows of 4 at 0, 3, 4: piece 3 is last in the first and first in the second, of equals the first judges it.
    spans = windows(TOKENIZER, encoding(8), 6, stride=3)
    assert widest_context(spans).tolist() == [0, 0, 0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("stride", [None, 1, 2, 3, 5, 11])
def test_the_widest_context_against_the_loop(stride):
    for pieces in range(1, 70):
        spans = windows(TOKENIZER, encoding(pieces), 13, stride)
        assert widest_context(spans).tolist() == [max_context_of_bert(spans, piece) for piece in range(pieces)]


def test_time_and_memory_grow_with_the_text():
    def measure(pieces):
        text = encoding(pieces)
        tracemalloc.start()
        begin = time.process_time()
        count = len(widest_context(windows(TOKENIZER, text, 128)))
        seconds = time.process_time() - begin
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == pieces
        return seconds, peak

    measure(1000)
    (short_s, short_bytes), (long_s, long_bytes) = measure(20_000), measure(160_000)
    assert long_bytes < 12 * short_bytes
    # Of eight times the pieces; twice that leaves room for a busy machine, a square would be 64.
    assert long_s < 24 * short_s


# === What is refused ===


@pytest.mark.parametrize("stride", [0, -1, 4])
def test_a_stride_is_from_one_to_the_room(stride):
    with pytest.raises(ConfigError, match=rf"stride must be from 1 to a window's room of 3 pieces; received {stride}"):
        windows(TOKENIZER, encoding(9), 5, stride)
    assert len(windows(TOKENIZER, encoding(9), 5, 3)) == 3


def test_there_must_be_room():
    with pytest.raises(ConfigError, match="must have room for a piece beside 2 special ones; received 2 tokens"):
        windows(TOKENIZER, encoding(1), 2)
    with pytest.raises(ConfigError, match="beside 3 special ones and the 4 of the other text; received 7 tokens"):
        windows(TOKENIZER, encoding(1), 7, before=[9] * 4)
    assert window_room(8, 4) == 1


def test_one_other_text_at_most():
    with pytest.raises(ConfigError, match="must have one other text; received 1 ids before and 2 after"):
        windows(TOKENIZER, encoding(1), 20, before=[5], after=[5, 6])

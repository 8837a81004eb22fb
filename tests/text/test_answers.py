"""Spans of pieces by hand, and the best candidates against a loop over every span of every window."""

import random
import time
import tracemalloc

import numpy as np
import pytest
from text_samples import random_texts
from word_tokenizer import WordTokenizer

from albert_edge.errors import ConfigError, DataError
from albert_edge.text.answers import (
    MAX_QUESTION_PIECES,
    answer_targets,
    best_candidates,
    no_answer_logit,
    question_windows,
    shows_text,
    token_span,
)
from albert_edge.text.tokenizer import open_tokenizer

TOKENIZER = WordTokenizer()
QUESTION = TOKENIZER.encode("who won")


@pytest.fixture(scope="module")
def albert(spm_30k):
    return open_tokenizer(spm_30k)


# === Characters to pieces ===


@pytest.mark.parametrize(
    ("answer", "covering"),
    [
        ("Broncos", "Broncos"),
        ("$5", "$5"),
        ("2013", "2013"),
        ("2013-14", "2013-14"),
        ("13-1", "2013-14"),
        (" won ", "won"),
        ("The Broncos won $5 in 2013-14.", "The Broncos won $5 in 2013-14."),
    ],
)
def test_the_fewest_pieces_that_cover_an_answer(albert, answer, covering):
    text = "The Broncos won $5 in 2013-14."
    offsets = albert.encode(text).offsets
    start = text.index(answer)
    first, last = token_span(offsets, start, start + len(answer))
    assert text[offsets[first][0] : offsets[last][1]] == covering


def test_white_space_is_covered_by_no_piece(albert):
    offsets = albert.encode("one  two").offsets
    assert token_span(offsets, 3, 5) is None
    assert token_span([], 0, 1) is None


def test_a_word_start_mark_is_no_part_of_an_answer(albert):
    text = "a 日本 b"
    encoding = albert.encode(text)
    assert encoding.pieces == ["▁a", "▁", "日本", "▁b"]
    assert token_span(encoding.offsets, 2, 4) == (2, 2)
    assert token_span(encoding.offsets, 0, 1) == (0, 0)
    assert token_span(encoding.offsets, 0, 2) == (0, 0)
    assert shows_text(text, encoding.offsets).tolist() == [True, False, True, True]


def test_spans_of_random_texts_are_those_of_a_search(albert):
    draw = random.Random(3)
    for text in random_texts(300):
        offsets = albert.encode(text).offsets
        for _ in range(5):
            start = draw.randrange(len(text))
            end = draw.randint(start + 1, len(text))
            touched = [place for place, span in enumerate(offsets) if max(span[0], start) < min(span[1], end)]
            found = token_span(offsets, start, end)
            assert found == ((touched[0], touched[-1]) if touched else None)


# === Windows and targets ===


def test_windows_of_a_passage_by_hand():
    passage = TOKENIZER.encode("a b c d e f")
    spans = question_windows(TOKENIZER, QUESTION, passage, 9, stride=2)
    assert [(span.first, span.start, span.stop) for span in spans] == [(4, 0, 4), (4, 2, 6)]
    who, won = QUESTION.ids
    assert spans[1].packed.input_ids.tolist() == [2, who, won, 3, *passage.ids[2:], 3]
    assert spans[1].packed.token_type_ids.tolist() == [0] * 4 + [1] * 5
    assert [answer_targets(span, (1, 2)) for span in spans] == [(5, 6), (0, 0)]
    assert [answer_targets(span, (2, 3)) for span in spans] == [(6, 7), (4, 5)]
    assert [answer_targets(span, (5, 5)) for span in spans] == [(0, 0), (7, 7)]
    assert [answer_targets(span, (1, 4)) for span in spans] == [(0, 0), (0, 0)]
    assert [answer_targets(span, None) for span in spans] == [(0, 0), (0, 0)]


def test_a_long_question_loses_its_end():
    question, passage = TOKENIZER.encode("q " * 100), TOKENIZER.encode("a " * 500)
    spans = question_windows(TOKENIZER, question, passage, 384, stride=128)
    assert {span.first for span in spans} == {MAX_QUESTION_PIECES + 2}
    # Of 21 tokens 18 are for both texts, half of them for the question; a stride of 128 pieces would lose some.
    spans = question_windows(TOKENIZER, question, passage, 21, stride=128)
    assert {span.first for span in spans} == {11}
    assert [(span.start, span.stop) for span in spans[:2]] == [(0, 9), (9, 18)]


def test_no_room_and_no_question():
    with pytest.raises(ConfigError, match="a window must have room for a piece"):
        question_windows(TOKENIZER, QUESTION, TOKENIZER.encode("a"), 4)
    with pytest.raises(DataError, match="a question must have a piece"):
        question_windows(TOKENIZER, TOKENIZER.encode(" "), TOKENIZER.encode("a"), 40)


# === The best candidates ===


def candidates(text, spans, starts, ends, longest=30, count=20):
    return best_candidates(text, TOKENIZER.encode(text).offsets, spans, starts, ends, longest, count)


def logits(spans, **by_place):
    """Zeros [T] a window, but for `w1_5=2.0`: window 1, token 5."""
    rows = [np.zeros(len(span.packed.input_ids)) for span in spans]
    for place, value in by_place.items():
        window, token = place[1:].split("_")
        rows[int(window)][int(token)] = value
    return rows


def test_two_windows_by_hand():
    text = "a b c d e f"
    spans = question_windows(TOKENIZER, QUESTION, TOKENIZER.encode(text), 9, stride=2)
    # Both windows, a-d and c-f, hold c and d. c has one piece before it and one behind in the first, none before it in
    # the second: the first judges it. d is judged by the second.
    best = candidates(text, spans, logits(spans, w0_6=2, w1_4=9), logits(spans, w0_6=3, w1_4=9), longest=1)[0]
    assert (text[best.start : best.end], best.logit) == ("c", 5)
    # "c d" has c as its middle: the first window's.
    best = candidates(text, spans, logits(spans, w0_6=2, w1_4=9), logits(spans, w0_7=2, w1_5=2), longest=2)[0]
    assert (text[best.start : best.end], best.logit) == ("c d", 4)
    # "c d e" has d, and is whole in the second window only.
    best = candidates(text, spans, logits(spans, w1_4=2), logits(spans, w1_6=2))[0]
    assert (text[best.start : best.end], best.logit) == ("c d e", 4)
    assert no_answer_logit(logits(spans, w0_0=5, w1_0=-1), logits(spans, w0_0=1, w1_0=2)) == 1


def test_neither_the_question_nor_the_special_pieces_answer():
    text = "a b"
    (span,) = question_windows(TOKENIZER, QUESTION, TOKENIZER.encode(text), 20)
    high = [np.array([9, 9, 9, 9, 0, 1, 9.0])]
    found = candidates(text, [span], high, high)
    assert [(text[each.start : each.end], each.logit) for each in found] == [("b", 2), ("a b", 1), ("a", 0)]


def test_an_answer_is_no_longer_than_allowed_and_ends_behind_its_start():
    text = "a b c d"
    (span,) = question_windows(TOKENIZER, QUESTION, TOKENIZER.encode(text), 20)
    starts, ends = logits([span], w0_4=5, w0_7=4), logits([span], w0_6=5, w0_4=1)
    assert candidates(text, [span], starts, ends, longest=3)[0].logit == 10
    assert candidates(text, [span], starts, ends, longest=2)[0] == (0, 1, 6)
    assert all(each.end - each.start <= 3 for each in candidates(text, [span], starts, ends, longest=2))


def test_equal_logits_and_doubled_characters(albert):
    text = "½ x"
    encoding = albert.encode(text)
    assert encoding.offsets == [(0, 1)] * 3 + [(2, 3)]
    (span,) = question_windows(albert, albert.encode("how much"), encoding, 20)
    zeros = [np.zeros(len(span.packed.input_ids))]
    found = best_candidates(text, encoding.offsets, [span], zeros, zeros, 30)
    assert [text[each.start : each.end] for each in found] == ["½", "½ x", "x"]


def searched(text, offsets, spans, starts, ends, longest, count):
    """The same, by its definition: every span of every window, one by one."""
    shown = shows_text(text, offsets)
    best = {}
    for index, span in enumerate(spans):
        for first in range(span.start, span.stop):
            for last in range(first, min(first + longest, span.stop)):
                middle = (first + last) // 2
                contexts = [
                    min(middle - other.start, other.stop - 1 - middle) if other.start <= middle < other.stop else -1
                    for other in spans
                ]
                if contexts.index(max(contexts)) == index and shown[first] and shown[last]:
                    shift = span.first - span.start
                    logit = float(starts[index][first + shift] + ends[index][last + shift])
                    place = (offsets[first][0], offsets[last][1])
                    best[place] = max(logit, best.get(place, logit))
    return [(*place, logit) for place, logit in sorted(best.items(), key=lambda each: -each[1])[:count]]


def test_random_logits_give_what_a_search_gives(albert):
    draw = np.random.default_rng(5)
    texts = [text for text in random_texts(120) if shows_text(text, albert.encode(text).offsets).any()]
    for text in texts:
        passage = albert.encode(text)
        spans = question_windows(albert, albert.encode("what is it"), passage, int(draw.integers(12, 40)))
        starts, ends = ([draw.normal(size=len(span.packed.input_ids)) for span in spans] for _ in range(2))
        arguments = text, passage.offsets, spans, starts, ends, int(draw.integers(1, 12)), int(draw.integers(1, 25))
        found = best_candidates(*arguments)
        assert [tuple(each) for each in found] == searched(*arguments)
        assert all(text[each.start : each.end].strip() == text[each.start : each.end] != "" for each in found)


def test_one_other_rule_would_be_noticed(albert):
    """The search with spans one piece too long finds something else in most texts."""
    draw = np.random.default_rng(5)
    text = "the broncos won the game in 1999 and again in 2016, said the coach"
    passage = albert.encode(text)
    spans = question_windows(albert, albert.encode("what is it"), passage, 14)
    starts, ends = ([draw.normal(size=len(span.packed.input_ids)) for span in spans] for _ in range(2))
    found = best_candidates(text, passage.offsets, spans, starts, ends, 4)
    assert [tuple(each) for each in found] != searched(text, passage.offsets, spans, starts, ends, 5, 20)


def test_twenty_thousand_words_take_little_memory():
    text = " ".join(f"w{index}" for index in range(20_000))
    passage = TOKENIZER.encode(text)
    spans = question_windows(TOKENIZER, QUESTION, passage, 384)
    assert len(spans) > 100
    zeros = [np.zeros(len(span.packed.input_ids)) for span in spans]
    zeros[70][100] = 1.0
    tracemalloc.start()
    begun = time.process_time()
    found = best_candidates(text, passage.offsets, spans, zeros, zeros, 30)
    seconds = time.process_time() - begun
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    piece = spans[70].start + 100 - spans[70].first
    assert text[found[0].start : found[0].end] == f"w{piece}"
    # A window's scores are 379 x 30 numbers of 8 bytes, 90 kB, and a dozen such arrays live at once; all windows'
    # together would be 9 MB each.
    assert peak < 3e6
    assert seconds < 5

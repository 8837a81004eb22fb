"""Pairs and masks of a pretraining: what fits, what order, what share, how long; against the paper's figures."""

import numpy as np
import pytest
from corpora import numbered_records

from albert_edge.training.masking import MASKED, REPLACED, hidden
from albert_edge.training.pretraining.pairs import Packing, check_strangers, pairs
from albert_edge.training.pretraining.spans import SpanRule, choose_spans, units_of

ROOM = 125
PAPER = {1: 6 / 11, 2: 3 / 11, 3: 2 / 11}
"""p(n) = (1/n) / (1 + 1/2 + 1/3), Lan et al. 2019, section 4.1."""


def made_pairs(objective, seed=1, records=None):
    records = numbered_records(30, 4, 120) if records is None else records
    return list(pairs(records, ROOM, objective, np.random.default_rng(seed)))


def document_of(ids):
    found = set((ids // 1_000_000).tolist())
    assert len(found) == 1
    return found.pop()


# === Pairs ===


def test_sop_pairs_are_neighbours_of_one_document_and_half_of_them_swapped():
    found = made_pairs("sop")
    assert len(found) > 2000
    for pair in found:
        assert len(pair.first) + len(pair.second) == ROOM
        assert min(len(pair.first), len(pair.second)) >= 1
        assert document_of(pair.first) == document_of(pair.second)
        in_order = pair.first[-1] < pair.second[0]
        assert in_order == (pair.label == 0)
        assert (np.diff(pair.first) == 1).all()
        assert (np.diff(pair.second) == 1).all()
    assert np.mean([pair.label for pair in found]) == pytest.approx(0.5, abs=0.03)


def test_nsp_pairs_go_on_or_are_of_another_document():
    found = made_pairs("nsp")
    for pair in found:
        same = document_of(pair.first) == document_of(pair.second)
        assert same == (pair.label == 0)
    assert np.mean([pair.label for pair in found]) == pytest.approx(0.5, abs=0.03)


def test_padding_does_not_tell_a_stranger():
    """Documents hold more than an input: no pair of either kind is shorter than it."""
    found = made_pairs("nsp", records=numbered_records(30, 6, 30))
    sizes = {label: {len(pair.first) + len(pair.second) for pair in found if pair.label == label} for label in (0, 1)}
    assert sizes[0] == sizes[1]
    assert len(sizes[0]) == 1


def test_what_is_cut_off_does_not_tell_the_order():
    """The first passage starts, and the last one ends, inside a segment as often swapped as not."""
    records = numbered_records(30, 4, 120)
    starts = {int(start) for record in records for start in record.ids[np.cumsum(record.lengths)[:-1]]}
    starts |= {int(record.ids[0]) for record in records}
    found = made_pairs("sop", records=records)
    whole = {label: [int(p.first[0]) in starts for p in found if p.label == label] for label in (0, 1)}
    assert np.mean(whole[0]) == pytest.approx(np.mean(whole[1]), abs=0.04)
    ends = {label: [int(p.second[-1]) + 1 in starts for p in found if p.label == label] for label in (0, 1)}
    assert np.mean(ends[0]) == pytest.approx(np.mean(ends[1]), abs=0.04)


def test_all_of_a_corpus_is_seen_and_cut_elsewhere_in_the_next_epoch():
    records = numbered_records(3, 2, 200)
    first, second = (made_pairs("sop", seed, records) for seed in (1, 2))
    everything = np.concatenate([record.ids for record in records])
    seen = np.unique(np.concatenate([each for pair in first + second for each in pair[:2]]))
    assert len(seen) / len(everything) > 0.95
    assert {int(pair.first[0]) for pair in first} != {int(pair.first[0]) for pair in second}


def test_a_short_record_is_padded_and_one_piece_makes_no_pair():
    records = numbered_records(1, 1, 2)
    (pair,) = made_pairs("sop", records=records)
    ids, mask, segments = Packing(128, 2, 3, 0).pack(pair)
    used = int(records[0].lengths.sum()) + 3
    assert (mask.sum(), segments.sum()) == (used, len(pair.second) + 1)
    assert (ids[0], ids[len(pair.first) + 1], ids[used - 1]) == (2, 3, 3)
    assert (ids[used:] == 0).all()
    lone = records[0]._replace(lengths=np.array([1], np.int32), ids=np.array([7], np.int32))
    assert made_pairs("sop", records=[lone]) == []


def test_one_long_segment_is_cut_inside():
    (record,) = numbered_records(1, 1, 1)
    long = record._replace(lengths=np.array([400], np.int32), ids=np.arange(1000, 1400, dtype=np.int32))
    found = made_pairs("sop", records=[long])
    assert found
    assert all(len(pair.first) + len(pair.second) == ROOM for pair in found)


def test_strangers_need_two_documents():
    assert check_strangers(numbered_records(2, 1, 3)) is None
    assert check_strangers(numbered_records(1, 2, 3)) == "a shard must have two documents for nsp; received 1"


# === Masks ===


def statistics(rule, length=128, inputs=800, words=None):
    """Share of 100,000 pieces asked for, spans of each length, all the choices; `words`: lengths of words."""
    generator = np.random.default_rng(5)
    pieces, asked, spans = 0, 0, []
    for _ in range(inputs):
        sizes = np.ones(length - 3, np.int64) if words is None else generator.choice(words, 60)
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]) + 1
        passages = (np.arange(len(sizes)) >= len(sizes) // 2).astype(np.int64)
        found = choose_spans(starts, sizes, passages, rule, generator)
        units = np.concatenate(found)
        assert len(set(units.tolist())) == len(units)
        assert all(len(set(passages[span].tolist())) == 1 for span in found)
        pieces, asked = pieces + sizes.sum(), asked + sizes[units].sum()
        assert sizes[units].sum() <= rule.most
        spans += [len(span) for span in found]
    return pieces, asked / pieces, {n: spans.count(n) / len(spans) for n in range(1, rule.ngram + 1)}


def test_spans_are_the_papers():
    """Within 1 % of share and of each length's probability, over 100,000 pieces."""
    pieces, share, lengths = statistics(SpanRule(0.15, 3, 22))
    assert pieces == 100_000
    assert share == pytest.approx(0.15, rel=0.01)
    assert lengths == {n: pytest.approx(chance, abs=0.01) for n, chance in PAPER.items()}


@pytest.mark.parametrize("length", [64, 512])
def test_spans_are_the_papers_at_other_lengths(length):
    _, share, lengths = statistics(SpanRule(0.15, 3, round(0.15 * length) + 3), length, 102_400 // length)
    assert share == pytest.approx(0.15, rel=0.015)
    assert lengths == {n: pytest.approx(chance, abs=0.015) for n, chance in PAPER.items()}


def test_whole_words_keep_the_share_and_the_lengths_in_words():
    _, share, lengths = statistics(SpanRule(0.15, 3, 40, whole_words=True), words=[1, 1, 1, 2, 3])
    assert share == pytest.approx(0.15, rel=0.02)
    assert lengths == {n: pytest.approx(chance, abs=0.02) for n, chance in PAPER.items()}


def test_single_pieces():
    _, share, lengths = statistics(SpanRule(0.15, 1, 20))
    assert share == pytest.approx(0.15, rel=0.01)
    assert lengths == {1: 1.0}


def test_a_rule_of_too_few_is_kept():
    """The share asks for 19 of 125 pieces, the rule lets 4: what would be more is left out, never cut."""
    generator = np.random.default_rng(1)
    ones, passages = np.ones(125, np.int64), np.zeros(125, np.int64)
    for _ in range(50):
        found = choose_spans(np.arange(125), ones, passages, SpanRule(0.15, 3, 4), generator)
        assert 1 <= sum(map(len, found)) <= 4


def test_what_stands_there_is_the_papers():
    """80 % the mask, 10 % another piece, 10 % as it was, of 100,000 pieces within 1 %."""
    ids = np.full(100_000, 77, np.int32)
    positions = np.arange(100_000, dtype=np.int32)
    shown = hidden(ids, positions, 4, np.arange(1000, 2000), np.random.default_rng(3))
    assert np.mean(shown == 4) == pytest.approx(MASKED, abs=0.01)
    assert np.mean(shown >= 1000) == pytest.approx(REPLACED, abs=0.01)
    assert np.mean(shown == 77) == pytest.approx(1 - MASKED - REPLACED, abs=0.01)


def test_units_by_hand():
    """[CLS] a b ##c [SEP] ##d e [SEP]: words a, bc; d alone, since a passage starts there; e."""
    ids = np.array([2, 10, 11, 12, 3, 12, 13, 3], np.int32)
    ordinary = np.array([False, True, True, True, False, True, True, False])
    continues = np.zeros(20, bool)
    continues[12] = True
    starts, lengths, passages = units_of(ids, ordinary, continues)
    assert (starts.tolist(), lengths.tolist(), passages.tolist()) == ([1, 2, 5, 6], [1, 2, 1, 1], [0, 0, 1, 1])
    starts, lengths, passages = units_of(ids, ordinary, None)
    assert (starts.tolist(), lengths.tolist(), passages.tolist()) == ([1, 2, 3, 5, 6], [1] * 5, [0, 0, 0, 1, 1])

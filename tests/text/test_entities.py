"""Labels of pieces and entities of words: by hand, against a search over all sequences, and there and back."""

import itertools
import math
import random

import numpy as np
import pytest
from word_tokenizer import WordTokenizer

from albert_edge.errors import DataError
from albert_edge.text.entities import (
    IGNORED,
    Entity,
    TagSet,
    best_path,
    decode_words,
    entities_of_tags,
    first_pieces,
    piece_labels,
)
from albert_edge.text.labels import log_softmax
from albert_edge.text.schemes import OUTSIDE, from_iob2, may_follow, parse_tag, to_iob2

IOB2 = ("O", "B-P", "I-P", "B-L", "I-L")
IOB1 = ("O", "I-P", "B-P", "I-L")
BIOES = ("O", "B-P", "I-P", "E-P", "S-P", "B-L", "I-L", "L-L", "U-L")
_ = IGNORED


def words_at(text):
    """The words between single spaces."""
    ends = list(itertools.accumulate(len(word) + 1 for word in text.split(" ")))
    return tuple((end - 1 - len(word), end - 1) for word, end in zip(text.split(" "), ends))


def log_probabilities(rows, labels):
    """Rows of {label: probability}, the rest shared by the other labels."""
    table = np.empty((len(rows), len(labels)))
    for values, row in zip(table, rows):
        values[:] = (1 - sum(row.values())) / (len(labels) - len(row))
        for label, probability in row.items():
            values[labels.index(label)] = probability
    return np.log(table)


# === Words and pieces ===


def test_the_first_piece_of_a_word_by_hand():
    # "Ann sings": pieces An, n, si, ng, s.
    encoding = WordTokenizer(width=2).encode("Ann sings")
    assert first_pieces(encoding.offsets, [(0, 3), (4, 9)]).tolist() == [0, 2]
    # A word that starts inside a piece is judged by that piece.
    assert first_pieces(encoding.offsets, [(0, 1), (1, 3), (5, 9)]).tolist() == [0, 0, 2]
    # An empty piece (the word-start mark alone) covers nothing.
    assert first_pieces([(0, 0), (0, 2), (3, 3), (3, 4)], [(0, 2), (3, 4)]).tolist() == [1, 3]
    # A word without a piece, in the middle, at the start and at the end; no pieces and no words at all.
    assert first_pieces([(2, 3), (6, 7)], [(0, 1), (2, 3), (4, 5), (6, 7), (8, 9)]).tolist() == [-1, 0, -1, 1, -1]
    assert first_pieces([], [(0, 1)]).tolist() == [-1]
    assert first_pieces([(0, 1)], []).tolist() == []


def test_the_first_piece_against_a_loop():
    generator = random.Random(1)
    for _round in range(2000):
        edges = sorted(generator.choices(range(20), k=generator.randint(0, 6) * 2))
        offsets = list(zip(edges[::2], edges[1::2]))
        edges = sorted(generator.sample(range(20), generator.randint(0, 6) * 2))
        words = list(zip(edges[::2], edges[1::2]))
        slow = [
            next((piece for piece, (a, b) in enumerate(offsets) if max(a, start) < min(b, end)), -1)
            for start, end in words
        ]
        assert first_pieces(offsets, words).tolist() == slow


# === What pieces learn ===


def test_labels_of_pieces_by_hand():
    text = "Ann Li sings"
    offsets = WordTokenizer(width=2).encode(text).offsets  # An n Li si ng s
    labels = piece_labels(offsets, words_at(text), ["B-P", "I-P", "O"], TagSet(IOB2))
    assert labels.dtype == np.int32
    assert labels.tolist() == [1, _, 2, 0, _, _]
    assert piece_labels(offsets, words_at(text), ["B-P", "I-P", "O"], TagSet(IOB1)).tolist() == [1, _, 1, 0, _, _]
    assert piece_labels(offsets, words_at(text), ["B-P", "I-P", "O"], TagSet(BIOES)).tolist() == [1, _, 3, 0, _, _]
    assert piece_labels(offsets, words_at(text), ["O", "O", "B-L"], TagSet(BIOES)).tolist() == [0, _, 0, 8, _, _]


def test_the_first_word_of_a_piece_stands_for_all():
    # 北京 大 as pieces 北京, 大, words of one character each.
    offsets, words = [(0, 2), (2, 3)], [(0, 1), (1, 2), (2, 3)]
    assert piece_labels(offsets, words, ["B-L", "I-L", "O"], TagSet(IOB2)).tolist() == [3, 0]
    # Seen from the pieces, 北京 is one whole entity.
    assert piece_labels(offsets, words, ["B-L", "I-L", "O"], TagSet(BIOES)).tolist() == [8, 0]
    # 的北 starts outside: what goes on in the next piece starts there.
    assert piece_labels(offsets, words, ["O", "B-L", "I-L"], TagSet(IOB2)).tolist() == [0, 3]


def test_a_word_without_a_piece_teaches_nothing():
    text = "a ´ b"
    offsets = WordTokenizer(vanishing="´").encode(text).offsets
    assert piece_labels(offsets, words_at(text), ["B-P", "I-P", "I-P"], TagSet(IOB2)).tolist() == [1, 2]


def test_tags_that_a_model_lacks_are_refused():
    with pytest.raises(DataError, match=r"must be one of the model's labels, O, B-P, I-P, B-L, I-L; received 'B-Q'"):
        piece_labels([(0, 1)], [(0, 1)], ["B-Q"], TagSet(IOB2))
    with pytest.raises(DataError, match="must be O, or a prefix, a hyphen and a type; received 'P'"):
        piece_labels([(0, 1)], [(0, 1)], ["P"], TagSet(IOB2))
    with pytest.raises(DataError, match="must be IOB2's, with the prefix B or I; received 'S-P'"):
        piece_labels([(0, 1)], [(0, 1)], ["S-P"], TagSet(BIOES))


# === From scores to tags ===


def decode(rows, labels, text=None, scheme=None):
    text = text or " ".join("abcdefgh"[: len(rows)])
    offsets = WordTokenizer(vanishing="´").encode(text).offsets
    return decode_words(log_probabilities(rows, labels), offsets, words_at(text), TagSet(labels, scheme))


def test_valid_tags_are_taken_as_they_are():
    tags, probabilities = decode([{"B-P": 0.9}, {"I-P": 0.8}, {"O": 0.6}], IOB2)
    assert tags == ["B-P", "I-P", "O"]
    np.testing.assert_allclose(probabilities, [0.9, 0.8, 0.6])


def test_an_inside_needs_its_beginning():
    # The best of each word, O and I-P, can't stand together: O O has 0.6 * 0.2, B-P I-P 0.3 * 0.7.
    tags, probabilities = decode([{"O": 0.6, "B-P": 0.3}, {"I-P": 0.7, "O": 0.2}], IOB2)
    assert tags == ["B-P", "I-P"]
    np.testing.assert_allclose(probabilities, [0.3, 0.7])
    # O O has 0.9 * 0.4, B-P I-P 0.05 * 0.5.
    assert decode([{"O": 0.9, "B-P": 0.05}, {"I-P": 0.5, "O": 0.4}], IOB2)[0] == ["O", "O"]


def test_in_iob1_an_inside_may_begin_and_a_b_must_follow():
    assert decode([{"O": 0.6}, {"I-P": 0.7}], IOB1)[0] == ["O", "B-P"]
    assert decode([{"I-P": 0.9}, {"B-P": 0.9}, {"I-P": 0.9}], IOB1)[0] == ["B-P", "B-P", "I-P"]
    # B behind O is I's place: 0.9 * 0.2 for O I-P.
    assert decode([{"O": 0.9}, {"B-P": 0.5, "I-P": 0.3, "O": 0.1}], IOB1)[0] == ["O", "B-P"]
    # The same labels stated to be IOB2.
    assert decode([{"O": 0.9}, {"I-P": 0.7, "B-P": 0.2}], IOB2, scheme="iob1")[0] == ["O", "B-P"]
    np.testing.assert_allclose(decode([{"O": 0.9}, {"I-P": 0.7, "B-P": 0.2}], IOB2)[1], [0.9, 0.2])


def test_in_bioes_an_entity_is_closed():
    assert decode([{"B-P": 0.9}, {"I-P": 0.9}, {"E-P": 0.9}, {"U-L": 0.9}], BIOES)[0] == ["B-P", "I-P", "I-P", "B-L"]
    # B-P at the end isn't closed: S-P is the next best.
    tags, probabilities = decode([{"O": 0.9}, {"B-P": 0.6, "S-P": 0.3}], BIOES)
    assert tags == ["O", "B-P"]
    np.testing.assert_allclose(probabilities, [0.9, 0.3])


def test_a_word_without_a_piece_is_outside():
    tags, probabilities = decode([{"B-P": 0.9}, {"I-P": 0.8, "B-P": 0.1}], IOB2, "a ´ b")
    # I-P can't follow O.
    assert tags == ["B-P", "O", "B-P"]
    np.testing.assert_allclose(probabilities, [0.9, 1.0, 0.1])
    assert decode([{"NN": 0.9}], ("NN", "VB"), "´ a")[0] == ["O", "B-NN"]


def test_words_that_share_a_piece_go_on():
    offsets, words = [(0, 2), (2, 3)], [(0, 1), (1, 2), (2, 3)]
    for first, second, expected in [
        ("B-L", "O", ["B-L", "I-L", "O"]),
        ("B-L", "I-L", ["B-L", "I-L", "I-L"]),
        ("O", "B-P", ["O", "O", "B-P"]),
        ("B-L", "B-L", ["B-L", "I-L", "B-L"]),
    ]:
        rows = log_probabilities([{first: 0.8}, {second: 0.7}], IOB2)
        tags, probabilities = decode_words(rows, offsets, words, TagSet(IOB2))
        assert tags == expected
        np.testing.assert_allclose(probabilities, [0.8, 0.8, 0.7])


def test_labels_that_are_no_tags_are_types():
    assert decode([{"NN": 0.9}, {"NN": 0.9}, {"VB": 0.9}], ("NN", "VB", "JJ"))[0] == ["B-NN", "I-NN", "B-VB"]


def test_no_words():
    tags, probabilities = decode_words(np.zeros((1, 5)), [(0, 1)], [], TagSet(IOB2))
    assert tags == []
    assert probabilities.shape == (0,)


@pytest.mark.parametrize("labels", [IOB2, IOB1, BIOES, IOB2[:3]])
def test_the_best_path_against_all_paths(labels):
    tag_set = TagSet(labels)
    generator = np.random.default_rng(2)
    for length in (1, 2, 3, 4):
        for _round in range(20):
            scores = log_softmax(generator.normal(size=(length, len(labels))) * 2)
            sums = {}
            for path in itertools.product(range(len(labels)), repeat=length):
                tags = [OUTSIDE, *(tag_set.tags[state] for state in path), OUTSIDE]
                if all(may_follow(before, after, tag_set.scheme) for before, after in zip(tags, tags[1:])):
                    sums[path] = sum(scores[step, state] for step, state in enumerate(path))
            outside = tag_set.outside
            found = best_path(scores, tag_set.allowed, tag_set.allowed[outside], tag_set.allowed[:, outside])
            assert tuple(found.tolist()) == max(sums, key=sums.__getitem__)


@pytest.mark.parametrize("labels", [IOB2, (*IOB1, "B-L"), BIOES])
def test_what_pieces_learn_decodes_to_the_tags(labels):
    generator = random.Random(4)
    tag_set = TagSet(labels, "iob1" if labels[1] == "I-P" else None)
    for _round in range(300):
        text = " ".join("x" * generator.randint(1, 5) for _word in range(generator.randint(1, 12)))
        words = words_at(text)
        tags = [str(tag) for tag in to_iob2(parse_tag(generator.choice(IOB2)) for _word in words)]
        offsets = WordTokenizer(width=2).encode(text).offsets
        targets = piece_labels(offsets, words, tags, tag_set)
        logits = np.zeros((len(offsets), len(labels)))
        for piece, target in enumerate(targets):
            # A piece that learns nothing may say anything.
            logits[piece, generator.randrange(len(labels)) if target == IGNORED else target] = 5
        assert decode_words(log_softmax(logits), offsets, words, tag_set)[0] == tags


# === Entities ===

TEXT = "Ann Li of Rome"
WORDS = ((0, 3), (4, 6), (7, 9), (10, 14))


@pytest.mark.parametrize(
    ("tags", "entities"),
    [
        ("B-P I-P O B-L", [("Ann Li", "P"), ("Rome", "L")]),
        ("B-P B-P O O", [("Ann", "P"), ("Li", "P")]),
        ("O O O O", []),
        ("B-P I-P I-P I-P", [("Ann Li of Rome", "P")]),
        ("S-P O B-L E-L", [("Ann", "P"), ("of Rome", "L")]),
        ("I-P B-P I-P O", [("Ann", "P"), ("Li of", "P")]),
        # As conlleval reads what breaks the scheme.
        ("O I-P I-P O", [("Li of", "P")]),
        ("B-P I-L I-L O", [("Ann", "P"), ("Li of", "L")]),
        ("E-P E-P S-P I-P", [("Ann", "P"), ("Li", "P"), ("of", "P"), ("Rome", "P")]),
        ("B-P S-P O O", [("Ann", "P"), ("Li", "P")]),
    ],
)
def test_entities_by_hand(tags, entities):
    found = entities_of_tags(tags.split(), WORDS, TEXT)
    assert [(entity.text, entity.label) for entity in found] == entities
    assert all(TEXT[entity.start : entity.end] == entity.text for entity in found)


@pytest.mark.parametrize("scheme", ["iob1", "iob2", "bioes"])
def test_entities_are_the_same_in_every_scheme(scheme):
    for tags in itertools.product(IOB2, repeat=4):
        iob2 = to_iob2(map(parse_tag, tags))
        written = [str(tag) for tag in from_iob2(iob2, scheme)]
        assert entities_of_tags(written, WORDS, TEXT) == entities_of_tags(list(map(str, iob2)), WORDS, TEXT)


def test_a_score_is_the_mean_of_its_words():
    found = entities_of_tags(["B-P", "I-P", "O", "B-L"], WORDS, TEXT, np.array([0.5, 0.75, 0.1, 0.25]))
    assert found == [Entity("Ann Li", "P", 0, 6, 0.625), Entity("Rome", "L", 10, 14, 0.25)]
    assert list(found[0].to_dict()) == ["text", "label", "start", "end", "score"]
    assert list(Entity("Ann", "P", 0, 3).to_dict()) == ["text", "label", "start", "end"]


def test_what_is_no_tag_is_refused():
    with pytest.raises(DataError, match="must be O, or a prefix, a hyphen and a type; received 'X'"):
        entities_of_tags(["O", "X"], WORDS[:2], TEXT)


def test_twenty_thousand_words_take_seconds():
    words = [(5 * index, 5 * index + 4) for index in range(20_000)]
    offsets = [(5 * index + part, 5 * index + part + 2) for index in range(20_000) for part in (0, 2)]
    scores = log_softmax(np.random.default_rng(1).normal(size=(40_000, 13)))
    labels = ("O", *(f"{prefix}-{kind}" for kind in "abcdef" for prefix in "BI"))
    tags, probabilities = decode_words(scores, offsets, words, TagSet(labels))
    assert len(tags) == len(probabilities) == 20_000
    assert math.isfinite(probabilities.sum())

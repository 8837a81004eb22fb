"""Masks by hand: their windows, pieces put in for them, and pieces hidden to score a model."""

import tracemalloc

import numpy as np
import pytest
from word_tokenizer import WordTokenizer

from albert_edge.errors import ConfigError, DataError
from albert_edge.text.masks import filled_text, mask_places, mask_windows, masked_examples
from albert_edge.text.tokenizer import open_tokenizer
from albert_edge.text.wordpiece import WordPieceTokenizer

TOKENIZER = WordTokenizer()
CLS, SEP, MASK_ID = 2, 3, 4


@pytest.fixture(scope="module")
def albert(spm_30k):
    return open_tokenizer(spm_30k)


@pytest.fixture(scope="module")
def wordpiece():
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "walk", "##ing", "中", "国", "人", ".", "1", "##2"]
    return WordPieceTokenizer("\n".join(pieces).encode())


class Maskless(WordTokenizer):
    def __init__(self):
        super().__init__()
        self.mask_id = None


def ids(length, *masks):
    """100, 101, ... with masks at some places."""
    return [MASK_ID if place in masks else 100 + place for place in range(length)]


def shown(windows):
    return [(packed.input_ids.tolist()[1:-1], packed.masked_positions.tolist()) for packed in windows]


# === Windows ===


def test_a_text_that_fits_is_one_window():
    (packed,) = mask_windows(TOKENIZER, ids(4, 0, 3), 6)
    assert packed.input_ids.tolist() == [CLS, MASK_ID, 101, 102, MASK_ID, SEP]
    assert packed.token_type_ids.tolist() == [0] * 6
    assert packed.masked_positions.tolist() == [1, 4]
    assert packed.masked_positions.dtype == packed.input_ids.dtype == packed.token_type_ids.dtype == np.int32
    assert mask_windows(TOKENIZER, ids(4), 6) == []


def test_a_mask_is_the_middle_of_its_window():
    # Windows of 5 pieces. The mask at 10 has two on each side; those at 1 and 18 as many as the text has.
    windows = mask_windows(TOKENIZER, ids(20, 1, 10, 18), 7)
    assert shown(windows) == [
        ([100, 4, 102, 103, 104], [2]),
        ([108, 109, 4, 111, 112], [3]),
        ([115, 116, 117, 4, 119], [4]),
    ]


def test_near_masks_share_a_window():
    # Windows of 8: masks less than 4 apart. A mask of another group stays a mask.
    windows = mask_windows(TOKENIZER, ids(40, 20, 23, 24), 10)
    assert [found for _, found in shown(windows)] == [[3, 6], [5]]
    assert shown(windows)[0][0] == [118, 119, 4, 121, 122, 4, 4, 125]


@pytest.mark.parametrize("longest", [3, 4, 7, 10, 33])
def test_every_mask_is_asked_once(longest):
    draw = np.random.default_rng(longest)
    for _ in range(50):
        length = int(draw.integers(1, 80))
        masks = sorted(draw.choice(length, int(draw.integers(1, length + 1)), replace=False).tolist())
        text = [MASK_ID if place in masks else 100 + place for place in range(length)]
        asked = []
        for packed in mask_windows(TOKENIZER, text, longest):
            assert len(packed.input_ids) == min(length + 2, longest)
            assert (packed.input_ids[packed.masked_positions] == MASK_ID).all()
            others = np.flatnonzero(packed.input_ids >= 100)
            start = None if not len(others) else int(packed.input_ids[others[0]]) - 100 - int(others[0]) + 1
            asked += [] if start is None else [start + place - 1 for place in packed.masked_positions.tolist()]
            if start is None:
                break
        else:
            assert asked == masks


def test_no_room_and_no_mask_piece():
    with pytest.raises(ConfigError, match="a window must have room for a piece"):
        mask_windows(TOKENIZER, ids(3, 1), 2)
    with pytest.raises(ConfigError, match=r"must have the piece \[MASK\]"):
        mask_windows(Maskless(), ids(3, 1), 10)


# === Pieces put in ===


@pytest.mark.parametrize(
    ("text", "piece", "filled"),
    [
        ("a [MASK].", "▁cat", "a cat."),
        ("a[MASK].", "▁cat", "a cat."),
        ("[MASK] cat", "▁the", "the cat"),
        (" [MASK] cat", "▁the", " the cat"),
        ("walk [MASK] on", "ing", "walking on"),
        ("walk[MASK] on", "ing", "walking on"),
        ("so [MASK]", ".", "so."),
        ("[MASK] so", "ing", "ing so"),
        ("(\n[MASK])", "▁x", "(\nx)"),
        ("日本[MASK]", "語", "日本語"),
        ("a [MASK] b", "▁", "a  b"),
    ],
)
def test_a_sentencepiece_put_in(albert, text, piece, filled):
    assert filled_text(albert, text, text.index("[MASK]"), piece) == filled


@pytest.mark.parametrize(
    ("text", "piece", "filled"),
    [
        ("the [MASK].", "walk", "the walk."),
        ("the[MASK].", "walk", "the walk."),
        ("[MASK] walk", "the", "the walk"),
        ("walk [MASK]", "##ing", "walking"),
        ("中[MASK]人", "国", "中国人"),
        ("中[MASK]", "walk", "中walk"),
        ("walk[MASK]", "国", "walk国"),
        ("walk[MASK]", ".", "walk."),
        ("walk.[MASK]", "the", "walk.the"),
        ("1[MASK]", "1", "1 1"),
        ("1[MASK]", "##2", "12"),
    ],
)
def test_a_wordpiece_put_in(wordpiece, text, piece, filled):
    assert filled_text(wordpiece, text, text.index("[MASK]"), piece) == filled


def test_a_text_with_its_pieces_put_in_has_these_pieces(albert):
    text = "the broncos are walking to the game."
    encoding = albert.encode(text)
    for place, piece in enumerate(encoding.pieces):
        start, end = encoding.offsets[place]
        masked = f"{text[:start]}[MASK]{text[end:]}"
        assert filled_text(albert, masked, start, piece) == text


def test_masks_of_a_text():
    assert mask_places("[MASK] and [MASK][MASK], [mask] [MASK") == [0, 11, 17]


# === Pieces hidden ===


def test_hidden_pieces():
    text = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"
    tokenizer = WordTokenizer(width=1)
    examples = list(masked_examples([text, "a"], tokenizer, 12, seed=1))
    # 40 pieces in windows of 10, then a text of one piece: 15 % of 10 are 2, of one at least one.
    assert [len(example.targets) for example in examples] == [2, 2, 2, 2, 1]
    assert [len(example.packed.input_ids) for example in examples] == [12, 12, 12, 12, 3]
    found = []
    for example in examples:
        restored = example.packed.input_ids.copy()
        assert (restored[example.packed.masked_positions] == MASK_ID).all()
        assert (np.diff(example.packed.masked_positions) > 0).all()
        restored[example.packed.masked_positions] = example.targets
        found += restored.tolist()[1:-1]
    assert found == tokenizer.encode(text).ids + tokenizer.encode("a").ids
    assert examples[0].targets.dtype == examples[0].packed.masked_positions.dtype == np.int32


def places(seed, texts=("a b c d e f g h i j k l m n o p",) * 2, **options):
    examples = masked_examples(texts, TOKENIZER, 512, seed, **options)
    return [example.packed.masked_positions.tolist() for example in examples]


def test_a_seed_hides_the_same_pieces_and_another_others():
    assert places(1) == places(1)
    assert places(1) != places(2)
    assert places(1)[0] != places(1)[1]
    assert places(1, share=0.5)[0] != places(1)[0]
    assert len(places(1, share=0.5)[0]) == 8


def test_every_place_is_hidden_as_often():
    counts = np.bincount(np.concatenate(places(3, ["a b c d e f g h i j"] * 2000)), minlength=11)[1:]
    assert counts.sum() == 2000 * 2
    # Binomial with mean 400 and deviation 17.9: five deviations.
    assert (abs(counts - 400) < 90).all()


def test_unknown_pieces_and_blank_lines_are_not_asked_for(albert):
    text = "日本 the"
    assert albert.unk_id in albert.encode(text).ids
    examples = list(masked_examples([text, "", "日本"], albert, 64, seed=0, share=0.99))
    assert [example.targets.tolist() for example in examples] == [
        [each for each in albert.encode(text).ids if each != albert.unk_id],
        [piece_id for piece_id in albert.encode("日本").ids if piece_id != albert.unk_id],
    ]


@pytest.mark.parametrize("share", [0, 1, -0.5])
def test_a_share_is_a_fraction(share):
    with pytest.raises(ConfigError, match="the share of masked pieces must be in"):
        places(1, share=share)


def test_nothing_to_hide():
    with pytest.raises(DataError, match="must hold a piece to hide"):
        places(1, [" ", ""])
    with pytest.raises(ConfigError, match=r"must have the piece \[MASK\]"):
        next(masked_examples(["a"], Maskless(), 12, 1))


def test_long_texts_take_little_memory():
    text = " ".join(["word"] * 20_000)
    encoded = TOKENIZER.encode(text)
    tracemalloc.start()
    hidden = sum(len(example.targets) for example in masked_examples([text], TOKENIZER, 512, 1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert hidden == pytest.approx(0.15 * len(encoded.ids), rel=0.02)
    # The encoding itself: 20,000 ids, pieces and pairs of offsets, some 250 bytes each.
    assert peak < 8e6

"""Tag schemes by hand: the example of Ramshaw & Marcus' and conlleval's users, one sentence in every scheme."""

import itertools

import pytest

from albert_edge.errors import ConfigError
from albert_edge.text.schemes import (
    OUTSIDE,
    Tag,
    from_iob2,
    may_follow,
    parse_tag,
    scheme_named,
    scheme_of_labels,
    tags_of_labels,
    to_iob2,
)

# Two people side by side, a place of one word, one of three at the end.
SENTENCE = {
    "iob2": "B-P B-P I-P O B-L O B-L I-L I-L",
    "iob1": "I-P B-P I-P O I-L O I-L I-L I-L",
    "bioes": "S-P B-P E-P O S-L O B-L I-L E-L",
}
BILOU = "U-P B-P L-P O U-L O B-L I-L L-L"
BMEW = "W-P B-P E-P O W-L O B-L M-L E-L"


def parse(tags):
    return [parse_tag(tag) for tag in tags.split()]


def is_valid(tags, scheme):
    return all(may_follow(before, after, scheme) for before, after in zip([OUTSIDE, *tags], [*tags, OUTSIDE]))


@pytest.mark.parametrize("scheme", SENTENCE)
def test_each_scheme_says_the_same(scheme):
    iob2 = parse(SENTENCE["iob2"])
    assert to_iob2(parse(SENTENCE[scheme])) == iob2
    assert from_iob2(iob2, scheme) == parse(SENTENCE[scheme])
    assert is_valid(parse(SENTENCE[scheme]), scheme)


@pytest.mark.parametrize("tags", [BILOU, BMEW])
def test_other_letters_for_bioes(tags):
    assert parse(tags) == parse(SENTENCE["bioes"])


@pytest.mark.parametrize(
    ("tags", "valid"),
    [
        ("O", {"iob1", "iob2", "bioes"}),
        ("B-P", {"iob2"}),
        ("I-P", {"iob1"}),
        ("S-P", {"bioes"}),
        ("B-P E-P", {"bioes"}),
        ("B-P I-P", {"iob2"}),
        ("I-P B-P", {"iob1"}),
        ("I-P I-L", {"iob1"}),
        ("B-P I-L", set()),
        ("I-P B-L", set()),
        ("B-P O", {"iob2"}),
        ("O E-P", set()),
        ("S-P I-P", set()),
        ("B-P E-L", set()),
    ],
)
def test_what_may_follow_what(tags, valid):
    tags = parse(tags)
    # E and S are no tags of the other two, whatever stands beside them.
    has_ends = any(tag.prefix in "ES" for tag in tags)
    schemes = ["bioes"] if has_ends else list(SENTENCE)
    assert {scheme for scheme in schemes if is_valid(tags, scheme)} == valid


def test_every_sequence_of_iob2_survives_every_scheme():
    tags = [OUTSIDE, Tag("B", "P"), Tag("I", "P"), Tag("B", "L"), Tag("I", "L")]
    valid = [list(found) for found in itertools.product(tags, repeat=5) if is_valid(found, "iob2")]
    assert len(valid) > 500
    for found in valid:
        for scheme in SENTENCE:
            written = from_iob2(found, scheme)
            assert is_valid(written, scheme)
            assert to_iob2(written) == found


def test_a_tag_is_o_or_a_prefix_and_a_type():
    assert parse_tag("O") == OUTSIDE
    assert parse_tag("B-creative-work") == Tag("B", "creative-work")
    assert [parse_tag(text) for text in ("", "B", "B-", "-P", "b-P", "X-P", "o", "O-P", "B_P")] == [None] * 9
    assert [str(parse_tag(text)) for text in ("O", "U-P", "B-a-b")] == ["O", "S-P", "B-a-b"]


@pytest.mark.parametrize(
    ("labels", "scheme"),
    [
        (["O", "B-P", "I-P"], "iob2"),
        (["O", "B-P"], "iob2"),
        (["O", "I-P"], "iob1"),
        (["O", "B-M", "I-M", "I-P"], "iob1"),
        (["O", "B-P", "I-P", "L-P", "U-P"], "bioes"),
        (["NN", "VB"], "iob1"),
    ],
)
def test_what_labels_tell(labels, scheme):
    assert scheme_of_labels(tags_of_labels(labels)) == scheme


def test_names():
    assert [scheme_named(name) for name in ("IOB2", "bio", "iob1", "IOBES", "BILOU", "bmes")] == [
        "iob2",
        "iob2",
        "iob1",
        "bioes",
        "bioes",
        "bioes",
    ]
    with pytest.raises(ConfigError, match="must be one of iob1, iob2, bioes; received 'iob'"):
        scheme_named("iob")

"""What of a document stays, each rule worked by hand, and each with a document that it lets pass."""

import dataclasses

import pytest

from albert_edge.errors import ConfigError
from albert_edge.training.corpus.cleaning import cleaned, reason_to_drop
from albert_edge.training.corpus.settings import AS_IT_IS, CorpusSettings

SETTINGS = CorpusSettings(min_characters=0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e\u0301t\u00e9", "\u00e9t\u00e9"),
        ("a \t  b\u00a0\u3000c", "a b c"),
        ("a\x00b\x07\x9f c\ufeff so\u00adft", "ab c soft"),
        ("a\x85b", "a b"),
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),  # a joiner that the script needs
        ("ﬁ ½", "ﬁ ½"),
    ],
)
def test_a_paragraph_by_hand(text, expected):
    assert cleaned([text], SETTINGS) == [expected]


def test_what_cleaning_empties_goes():
    assert cleaned(["a", "\x00 \x01", "b"], SETTINGS) == ["a", "b"]


def test_other_forms():
    assert cleaned(["ﬁ"], dataclasses.replace(SETTINGS, unicode="NFKC")) == ["fi"]
    as_it_is = CorpusSettings(**AS_IT_IS)
    assert cleaned(["e\u0301  \x07b"], as_it_is) == ["e\u0301  \x07b"]
    assert [reason_to_drop(text, as_it_is) for text in (["1"], ["?"] * 9)] == [None, None]


@pytest.mark.parametrize(
    ("paragraphs", "settings", "expected"),
    [
        (["abc", "de"], {"min_characters": 5}, None),
        (["abc", "de"], {"min_characters": 6}, "too_short"),
        ([], {}, "too_short"),
        (["ab 12"], {"min_letters": 0.5}, None),
        (["ab 123"], {"min_letters": 0.5}, "too_few_letters"),
        (["हिन्दी 12"], {"min_letters": 0.5}, None),  # 3 letters, 3 marks, 2 digits
        (["漢字。"], {"min_letters": 0.6}, None),
        (["a", "a", "b", "a"], {"max_repeated": 0.5}, None),
        (["a", "a", "b", "a"], {"max_repeated": 0.4}, "too_repetitive"),
        (["a", "a", "a"], {"max_repeated": 0.1}, None),
    ],
)
def test_a_rule_by_hand(paragraphs, settings, expected):
    assert reason_to_drop(paragraphs, dataclasses.replace(SETTINGS, **settings)) == expected


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("held_out", 1, r"must be in \[0, 1\); received 1"),
        ("near_duplicates", -0.1, r"must be in \[0, 1\)"),
        ("min_letters", 2, r"must be in \[0, 1\]"),
        ("shards", 0, "must be a positive integer"),
        ("min_characters", -1, "must be an integer from 0"),
        ("held_out", "x", r"must be in \[0, 1\); received 'x'"),
        ("max_repeated", float("nan"), r"must be in \[0, 1\]; received nan"),
        ("blanks", "no", "must be true or false; received 'no'"),
        ("mask_personal", 1, "must be true or false; received 1"),
        ("shards", True, "must be a positive integer; received True"),
        ("min_characters", 0.5, "must be an integer from 0; received 0.5"),
        ("min_characters", False, "must be an integer from 0; received False"),
        ("field", 3, "must be a name; received 3"),
        ("segments", "word", "must be one of sentence, paragraph; received 'word'"),
        ("unicode", "NFX", "must be one of NFC, NFKC, none"),
        ("shard", 3, "did you mean 'shards'"),
    ],
)
def test_a_wrong_setting_is_refused(name, value, rule):
    with pytest.raises(ConfigError, match=f"{name}.*{rule}"):
        CorpusSettings.from_dict({name: value})


def test_settings_may_stand_at_their_edges():
    values = {"held_out": 0, "near_duplicates": 0, "min_characters": 0, "min_letters": 1, "max_repeated": 0}
    assert CorpusSettings.from_dict(values).to_dict() == {**CorpusSettings().to_dict(), **values}

"""The clean-up against its definition, applied to strings without any alignment, and against examples by hand."""

import re
import sys
import unicodedata

import pytest
from text_samples import golden_rows, random_texts

from albert_edge.errors import ConfigError, DataError
from albert_edge.text.normalization import clean
from albert_edge.text.options import TokenizerOptions

OPTIONS = [TokenizerOptions(lower, keep) for lower in (True, False) for keep in (True, False)]


def defined(text, options):
    """What the clean-up is defined to do, step by step on the whole string."""
    text = " ".join(text.split()).replace("``", '"').replace("''", '"')
    if not options.keep_accents:
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return text.lower() if options.lower_case else text


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_text_is_as_defined(options, golden):
    for text in [row["text"] for row in golden_rows(golden)] + random_texts(2000):
        assert clean(text, options).text == defined(text, options)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_spans_never_decrease_and_stay_inside(options):
    for text in random_texts(2000):
        aligned = clean(text, options)
        assert len(aligned.text) == len(aligned.starts) == len(aligned.ends)
        assert list(aligned.starts) == sorted(aligned.starts)
        assert list(aligned.ends) == sorted(aligned.ends)
        assert all(0 <= start < end <= len(text) for start, end in zip(aligned.starts, aligned.ends))


def spans(text, **options):
    aligned = clean(text, TokenizerOptions(**options))
    return [(character, start, end) for character, start, end in zip(aligned.text, aligned.starts, aligned.ends)]


def test_collapsed_white_space_is_one_space_over_all_of_it():
    assert spans("\t a \n\u3000b ") == [("a", 2, 3), (" ", 3, 6), ("b", 6, 7)]


def test_doubled_quotes_become_one_over_both():
    assert spans("``x'''") == [('"', 0, 2), ("x", 2, 3), ('"', 3, 5), ("'", 5, 6)]


def test_a_character_that_becomes_several_gives_each_its_span():
    assert spans("a½") == [("a", 0, 1), ("1", 1, 2), ("\u2044", 1, 2), ("2", 1, 2)]


def test_a_dropped_mark_belongs_to_the_character_before_it():
    assert spans("e\u0301x") == [("e", 0, 2), ("x", 2, 3)]
    assert spans("a \u0301b") == [("a", 0, 1), (" ", 1, 2), ("b", 3, 4)]
    assert spans("\u0301") == []


def test_lower_case_that_grows_and_lower_case_that_looks_around():
    assert spans("xİy", keep_accents=True) == [("x", 0, 1), ("i", 1, 2), ("\u0307", 1, 2), ("y", 2, 3)]
    assert spans("ΑΣ Σ", keep_accents=True) == [("α", 0, 1), ("ς", 1, 2), (" ", 2, 3), ("σ", 3, 4)]
    assert spans("İ") == [("i", 0, 1)]


def test_white_space_is_what_split_takes_for_it():
    differing = [c for c in map(chr, range(sys.maxunicode + 1)) if bool(re.match(r"\s", c)) == bool(c.split())]
    assert differing == []


def test_lone_surrogates_are_refused():
    with pytest.raises(DataError, match=r"lone surrogate '\\ud800' at character 2$"):
        clean("ab\ud800c", TokenizerOptions())


def test_options_round_trip_under_the_names_of_hugging_face():
    for options in OPTIONS:
        assert TokenizerOptions.from_dict(options.to_dict()) == options
    assert TokenizerOptions(False, True).to_dict() == {
        "do_lower_case": False,
        "keep_accents": True,
        "tokenizer_rules": "google",
        "remove_space": True,
    }
    assert TokenizerOptions.from_dict({}) == TokenizerOptions()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"remove_space": False}, "remove_space must be true; received False"),
        ({"do_lower_case": "yes"}, "do_lower_case must be true or false; received 'yes'"),
        ({"tokenizer_rules": "bert"}, "tokenizer_rules must be one of google, huggingface; received 'bert'"),
        ({"do_lowercase": True}, "must be among .*; received 'do_lowercase'"),
        ({"cls_token": "[CLS]"}, "must be among .*; received 'cls_token'"),
    ],
)
def test_other_options_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        TokenizerOptions.from_dict(values)


def test_a_whole_config_may_hold_other_keys_but_no_near_miss():
    assert TokenizerOptions.from_config({"cls_token": "[CLS]", "do_lower_case": False}) == TokenizerOptions(False)
    with pytest.raises(ConfigError, match="received 'keep_accent', did you mean 'keep_accents'"):
        TokenizerOptions.from_config({"keep_accent": True})

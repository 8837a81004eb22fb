"""Words by hand, and the two rules that hold for every text."""

import random
import sys
import time

import pytest

from albert_edge.text.words import is_unspaced, words_of


def found(text):
    return [text[start:end] for start, end in words_of(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \t\n\u3000", []),
        ("Paris, London", ["Paris", ",", "London"]),
        ("(Paris)", ["(", "Paris", ")"]),
        ("Paris/London", ["Paris", "/", "London"]),
        ("so... well!?", ["so", "...", "well", "!", "?"]),
        # Addresses, names, tags.
        ("see https://a.b/c?d=1&e=(f).", ["see", "https://a.b/c?d=1&e=(f", ")", "."]),
        ("www.a-b.org, a.b+c@d.org.", ["www.a-b.org", ",", "a.b+c@d.org", "."]),
        ("@paul_w: #tag1 C# #", ["@paul_w", ":", "#tag1", "C", "#", "#"]),
        # Abbreviations and what holds letters together.
        ("the U.S. and e.g. Mr. X.", ["the", "U.S.", "and", "e.g.", "Mr", ".", "X", "."]),
        ("U.S.A-wide a.b.com", ["U.S.A-wide", "a.b.com"]),
        ("Obama's don't O'Brien's rock'n'roll", ["Obama", "'s", "don't", "O'Brien", "'s", "rock'n'roll"]),
        ("Obama’s 'quoted' it'so", ["Obama", "’s", "'", "quoted", "'", "it'so"]),
        ("e-mail AT&T snake_case -5", ["e-mail", "AT&T", "snake_case", "-", "5"]),
        ("3,000.50 12:30 a,b a:b 50% $5", ["3,000.50", "12:30", "a", ",", "b", "a", ":", "b", "50", "%", "$", "5"]),
        # Marks belong to their character.
        ("ge\u0301ne\u0301ral's", ["ge\u0301ne\u0301ral", "'s"]),
        ("नमस्ते दुनिया।", ["नमस्ते", "दुनिया", "।"]),
        ("👩\u200d👧 ok😀😀", ["👩\u200d", "👧", "ok", "😀😀"]),
        # Scripts without spaces.
        ("我在北京。", ["我", "在", "北", "京", "。"]),
        ("iPhone15を買う", ["iPhone15", "を", "買", "う"]),
        ("ที่นี่", ["ที่", "นี่"]),
        ("한국어 문장.", ["한국어", "문장", "."]),
    ],
)
def test_words_by_hand(text, words):
    assert found(text) == words


def test_every_character_but_white_space_is_in_one_word():
    generator = random.Random(3)
    alphabet = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    plain = list("ab1.,'@#s:/-_&w \n\u00a0\u0301\u3002京ー\u0e31")
    for _ in range(3000):
        text = "".join(generator.choices(generator.choice([alphabet, plain]), k=generator.randint(0, 30)))
        words = words_of(text)
        covered = [place for start, end in words for place in range(start, end)]
        assert covered == [place for place, character in enumerate(text) if not character.isspace()], text


@pytest.mark.parametrize(
    "text", ["a+", "a.a", "a-", "@a", "a@", "www.", "http://!", "a_", "é.", "a'", "1:1,", "'s", "...", "京"]
)
def test_time_grows_with_the_text(text):
    begin = time.process_time()
    assert words_of(text * 30_000)
    # Hundredths of a second where it is linear; 30,000 times over 30,000 characters would be minutes.
    assert time.process_time() - begin < 5


def test_which_scripts_have_no_spaces():
    assert all(map(is_unspaced, "京。\uff0cー々がカカกาขຂကက។\U00020000"))
    assert not any(map(is_unspaced, "a1é한ЖअA5 .👧ا"))

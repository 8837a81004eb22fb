"""What was found in a text, and whether a word near it says what it is."""

from __future__ import annotations

import re
from typing import NamedTuple

BEFORE, AFTER = 48, 24
"""Characters around a number in which a word says what it is."""


class Found(NamedTuple):
    """The characters `start` to `end` of a text, and what they are."""

    start: int
    end: int
    kind: str


def near(words: re.Pattern[str], text: str, start: int, end: int) -> bool:
    """Whether one of `words` stands near the characters `start` to `end` of `text`."""
    return bool(words.search(text[max(0, start - BEFORE) : start]) or words.search(text[end : end + AFTER]))

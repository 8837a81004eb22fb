"""WikiText as plain text: `python examples/mini_en/wikitext.py wiki.valid.tokens > wikitext.txt`.

The set has a space before each token, `<unk>` for a rare word, and `@-@` for a hyphen inside of one (Merity et al.
2016). A model that learns from plain text never sees any of these: spaces go where English has none, and a rare word
becomes a character that ALBERT's vocabulary has no piece for: one unknown piece, which is never asked for.
"""

import re
import sys
from typing import Iterable, Iterator

UNKNOWN = "\u2588"
"""A full block, one unknown piece of ALBERT's vocabulary. SentencePiece's own sign, U+2047, is no way to write one: its
normal form is two question marks, which are ordinary pieces."""

_RULES = (
    (re.compile(r"<unk>"), UNKNOWN),
    (re.compile(r" @([-,.])@ "), r"\1"),
    (re.compile(r" ([,.;:!?)\]%]|'s\b|n't\b|'(?:ll|re|ve|d|m)\b)"), r"\1"),
    (re.compile(r"([(\[$£]) "), r"\1"),
    (re.compile(r'" ([^"]*) "'), r'"\1"'),
)


def plain(lines: Iterable[str]) -> Iterator[str]:
    """The lines without headings, as `albert-edge corpus` reads them; an article's first heading begins a document."""
    for line in map(str.strip, lines):
        if line.startswith("= ") and not line.startswith("= = "):
            yield ""
        elif line and not line.startswith("= "):
            for pattern, replacement in _RULES:
                line = pattern.sub(replacement, line)
            yield line


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        for text in plain(file):
            print(text)

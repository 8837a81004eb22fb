"""Where the sentences of a paragraph end, by punctuation and upper case alone.

Pretraining needs places where a passage may be cut, not grammar: an abbreviation that is taken for an end costs a pair
of passages that is cut inside a sentence. Leaves out scripts without upper case, whose paragraphs stay whole.
"""

from __future__ import annotations

import re
from typing import Iterator

_END = re.compile(r"""[.!?]+["'”’»)\]]*\s+(?=["'“‘«(\[]*[A-ZÀ-ÖØ-ÞА-Я])""")
_ABBREVIATION = re.compile(r"\b(?:Mrs?|Ms|Dr|St|Messrs|Prof|Capt|Col|Gen|Lieut|Rev|Hon|No|Vol|[A-Z])\.\s+$")


def sentences(paragraph: str) -> Iterator[str]:
    """The sentences of `paragraph`, without white space at their ends and none of them empty."""
    start = 0
    for match in _END.finditer(paragraph):
        part = paragraph[start : match.end()]
        if not _ABBREVIATION.search(part):
            yield part.strip()
            start = match.end()
    rest = paragraph[start:].strip()
    if rest:
        yield rest

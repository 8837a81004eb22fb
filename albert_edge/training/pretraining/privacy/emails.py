"""E-mail addresses, also those written as `name (at) example.com` or `name [at] example [dot] com`."""

from __future__ import annotations

import re
from typing import Iterator

from albert_edge.training.pretraining.privacy.found import Found

_LOCAL = r"[^\W_](?:[\w.+%'-]{0,62}[\w+-])?"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
# Scripts without spaces go on after an address: its last part is of one script.
_TOP = r"(?:xn--[A-Za-z0-9-]+|[A-Za-z]{2,63}|[^\W\d_A-Za-z]{2,63})(?![A-Za-z0-9_])"
_EMAIL = re.compile(rf"(?<![\w.+-]){_LOCAL}@(?:{_LABEL}\.)+{_TOP}")
# No line end: what follows one is another paragraph's.
_AT = r"[ \t]?[(\[{][ \t]?(?:at|AT)[ \t]?[)\]}][ \t]?"
_DOT = r"(?:\.|[ \t]?[(\[{][ \t]?(?:dot|DOT)[ \t]?[)\]}][ \t]?)"
_SPELT = re.compile(rf"(?<![\w.+-]){_LOCAL}{_AT}(?:{_LABEL}{_DOT})+[^\W\d_]{{2,}}")


def find_emails(text: str) -> Iterator[Found]:
    """The addresses in `text`; a handle (`@name`) is none, nor is a host without a dot."""
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield Found(match.start(), match.end(), "email")
    for match in _SPELT.finditer(text):
        yield Found(match.start(), match.end(), "email")

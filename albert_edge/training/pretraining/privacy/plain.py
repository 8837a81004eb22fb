"""A text with the digits, dashes and spaces of all scripts in ASCII, each character still in its place."""

from __future__ import annotations

import sys
import unicodedata
from functools import lru_cache


def plain(text: str) -> str:
    """`text` as patterns see it: as many characters, so that places in it are those of `text`."""
    return text if text.isascii() else text.translate(_table())


@lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    table = {}
    for code in range(128, sys.maxunicode + 1):
        character = chr(code)
        category = unicodedata.category(character)
        if category == "Nd":
            table[code] = str(unicodedata.digit(character))
        elif category == "Pd":
            table[code] = "-"
        elif category == "Zs":
            table[code] = " "
    # Full-width signs of Chinese and Japanese text, and the minus sign.
    table.update({ord(wide): narrow for wide, narrow in zip("＠．＋（）／：，−", "@.+()/:,-")})
    table.update({code: chr(code - 0xFEE0) for code in range(0xFF21, 0xFF3B)})
    return table

"""Where the words of a raw text lie, so that it can be tagged word by word.

At each place that is not white space the first of these that fits is a word:

    1. an address: `https://a.b/c`, `www.a.b`, `a@b.org`, without punctuation at its end
    2. `@name` and `#tag`
    3. an abbreviation: two or more letters each with a full stop, `U.S.`
    4. letters, digits and their marks, held together by single `. ' - _ & @` (and in numbers `, :`) between them;
       `'s` at its end is a word of its own, since a name's entity ends before it
    5. one character, with its marks, of a script written without spaces (Han, kana, Thai, Lao, Khmer, Burmese)
    6. any other character, with its marks; the same one several times in a row is one word (`...`)

So every character but white space is in a word, `Paris,` is two words, `don't`, `e-mail`, `3,000` and `12:30` are one.
A script's table, not a language's: rules 4 and 5 look at Unicode's categories. Follows Unicode's word boundaries
(UAX #29) in which characters hold a word together, but keeps hyphens; leaves out dictionaries, so that a Chinese word
is as many words here as it has characters.
"""

from __future__ import annotations

import bisect
import re
import unicodedata

_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x312F),  # Han radicals and punctuation, kana, bopomofo
    (0x31A0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFE30, 0xFE4F),  # vertical forms of Chinese punctuation
    (0xFF01, 0xFF0F),  # full-width punctuation and half-width kana, without full-width digits and letters
    (0xFF1A, 0xFF20),
    (0xFF3B, 0xFF40),
    (0xFF5B, 0xFF9F),
    (0x20000, 0x3FFFF),
)
"""First and last code of the blocks whose characters have no spaces between them, their punctuation included."""
_STARTS = [first for first, _ in _UNSPACED]

# What the expressions below see: every mark as one mark, every letter of an unspaced script as one private character.
_MARK = "\u0301"
_SINGLE = "\ue000"


class _Shapes(dict[int, str]):
    """For `str.translate`: a character's code -> what stands for it, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if category[0] == "M" or category == "Cf":
            shape = _MARK
        elif category[0] == "L" and is_unspaced(character):
            shape = _SINGLE
        else:
            shape = character
        self[code] = shape
        return shape


_LETTER = rf"(?:[^\W_]{_MARK}*)"
_WORD = re.compile(
    rf"""
      (?: [A-Za-z][A-Za-z0-9+.-]{{0,15}}:// | www\. ) [^\s{_SINGLE}]* [\w/{_MARK}]     # 1, a link
    | [\w.+-]{{1,64}} @ [\w-]{{1,63}} (?: \.[\w-]{{1,63}} )+ (?! \w )                   # 1, mail
    | [@\#] (?: {_LETTER} | _ )+                                                        # 2
    | (?: [^\W\d_]{_MARK}* \. ){{2,}} (?! \w )                                          # 3
    | (?<= [\w{_MARK}] ) ['’][sS] (?! [\w{_MARK}] )                                     # 4, its last sentence
    | {_LETTER}+ (?: (?: ['’] (?! [sS] (?! [\w{_MARK}] ) ) | [.&@·‐‑-] | _+ | (?<=\d)[,:](?=\d) ) {_LETTER}+ )*
    | {_SINGLE} {_MARK}*                                                                # 5
    | (?P<other> \S ) (?: (?P=other) | {_MARK} )*                                       # 6
    """,
    re.VERBOSE,
)
"""The rules above, on a text of shapes."""

_SHAPES = _Shapes()


def words_of(text: str) -> tuple[tuple[int, int], ...]:
    """The words of `text` as pairs [start, end) of characters, in order; they neither overlap nor hold white space."""
    shapes = text if text.isascii() else text.translate(_SHAPES)
    return tuple(match.span() for match in _WORD.finditer(shapes))


def is_unspaced(character: str) -> bool:
    """Whether `character` belongs to a script written without spaces, as a letter or as punctuation."""
    code = ord(character)
    block = bisect.bisect_right(_STARTS, code) - 1
    return block >= 0 and code <= _UNSPACED[block][1]

"""Personal numbers and addresses in a text: found, checked, and replaced by stand-ins.

E-mail addresses, phone numbers, card numbers, IBANs and national ids. Candidates are found by this project's patterns;
check digits and numbering plans are python-stdnum's and phonenumbers' (Google's libphonenumber). A number that has no
check digit, or one that a tenth of all numbers pass, counts only as it is usually written or near a word that says what
it is. Leaves out names, postal addresses and whatever else takes understanding.

The approach follows presidio's pattern recognizers (pattern, checksum, words of the context), without its language
models: they'd read a fraction of the text in the same time.
"""

from __future__ import annotations

import re
from typing import Iterator

from albert_edge.training.pretraining.privacy.cards import find_cards, find_ibans
from albert_edge.training.pretraining.privacy.emails import find_emails
from albert_edge.training.pretraining.privacy.found import AFTER, BEFORE, Found
from albert_edge.training.pretraining.privacy.national import find_national_ids
from albert_edge.training.pretraining.privacy.phones import find_phones
from albert_edge.training.pretraining.privacy.plain import plain

STAND_INS = {
    "email": "[EMAIL]",
    "iban": "[IBAN]",
    "card": "[CARD]",
    "national_id": "[ID]",
    "phone": "[PHONE]",
}
"""What replaces each kind; where two overlap at the same length, the one named earlier stays.

A word of plain letters that any vocabulary has, so that none becomes the unknown piece and lower case leaves it what it
is; between brackets, so that it can't be mistaken for the word in a sentence; without a digit or an at sign, so that
none is found again; one for all of a kind, so that there's nothing to learn by heart. An invented address or
number would be in the model's answers as if it were somebody's.
"""

# One class of first characters, then what may follow each: three alternatives take twice the time.
_HINT = re.compile(r"[@＠\d(\[{（](?:(?<=[@＠])|(?<=\d)(?:\D{0,3}\d){3}|(?<=[(\[{（])\s?(?:at|[AＡ][TＴ])\s?[)\]}）])")
"""What a text has in which anything may be found: an at sign, or four digits near each other. It's the text as it came:
most has no hint, and is never made plain."""

_AROUND = BEFORE + AFTER + 8
"""Characters around a line in which a word may name a number in it, and the whole of a stand-in there."""

_STAND_IN = re.compile(rf"\[(?:{'|'.join(each.strip('[]') for each in STAND_INS.values())})\]")


def mask_personal(text: str) -> tuple[str, dict[str, int]]:
    """`text` with stand-ins for all that is found in it, and how many of each kind (only kinds that were found).

    Again until nothing is found: where a stand-in is shorter, a word that names a number comes near it.
    """
    counts: dict[str, int] = {}
    while found := find_personal(text):
        parts, end = [], 0
        for each in found:
            parts += [text[end : each.start], STAND_INS[each.kind]]
            counts[each.kind] = counts.get(each.kind, 0) + 1
            end = each.end
        text = "".join([*parts, text[end:]])
    return text, counts


def find_personal(text: str) -> list[Found]:
    """All that is found in `text`, in its order, none over another; nothing goes across a line's end."""
    order = list(STAND_INS)
    kept: list[Found] = []
    for line in _hinted_lines(text):
        found = sorted(_candidates(text, *line), key=lambda each: (each.start - each.end, order.index(each.kind)))
        of_line: list[Found] = []
        for each in found:
            if all(each.end <= other.start or other.end <= each.start for other in of_line):
                of_line.append(each)
        kept += sorted(of_line, key=lambda each: each.start)
    return kept


def _hinted_lines(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each line that has a hint: of a book few have."""
    end = 0
    while hint := _HINT.search(text, end):
        start = text.rfind("\n", 0, hint.start()) + 1
        end = text.find("\n", hint.start())
        end = len(text) if end < 0 else end
        yield start, end


def _candidates(text: str, start: int, end: int) -> Iterator[Found]:
    """Those in the line from `start` to `end` of `text`; what stands near it is looked at too."""
    first = max(0, start - _AROUND)
    near_it = _without_stand_ins(plain(text[first : end + _AROUND]))
    for find in (find_emails, find_ibans, find_cards, find_national_ids, find_phones):
        for each in find(near_it):
            if start <= first + each.start and first + each.end <= end:
                yield Found(first + each.start, first + each.end, each.kind)


def _without_stand_ins(text: str) -> str:
    """As many characters: the words of stand-ins must not name the numbers near them."""
    return _STAND_IN.sub(lambda match: f"[{' ' * (len(match[0]) - 2)}]", text)

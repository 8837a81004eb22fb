"""Numbers of payment cards, by issuer, length and Luhn's digit, and IBANs, by country, length and remainder."""

from __future__ import annotations

import re
from typing import Iterator

from albert_edge.training.pretraining.privacy.found import Found
from albert_edge.training.pretraining.privacy.libraries import library

_CARD = re.compile(r"(?<![\w.,+-])(?<!\d )\d(?:[ .-]?\d){12,18}(?![ -]?\d)(?!\w)(?![.,]\d)")

# First digits of each issuer and the lengths of its numbers (ISO/IEC 7812, as issuers publish them).
_ISSUERS = tuple(
    (re.compile(first), lengths)
    for first, lengths in (
        ("4", (13, 16, 19)),  # Visa
        ("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),  # Mastercard
        ("3[47]", (15,)),  # American Express
        ("6011|64[4-9]|65", (16, 17, 18, 19)),  # Discover
        ("352[89]|35[3-8]", (16, 17, 18, 19)),  # JCB
        ("30[0-5]|309|36|3[89]", (14, 16)),  # Diners Club
        ("62|81", (16, 17, 18, 19)),  # UnionPay
        ("5018|5020|5038|5893|6304|6759|676[1-3]", (13, 15, 16, 18, 19)),  # Maestro
        ("220[0-4]", (16, 17, 18, 19)),  # Mir
        ("60|65|81|82|508", (16,)),  # RuPay
    )
)
_GROUPS = re.compile(r"\d+|(?:\d{4}[ .-]){3,4}\d{1,4}|\d{4}[ -]\d{6}[ -]\d{4,5}|\d{6}[ -]\d{10,13}")

_IBAN = re.compile(r"(?<!\w)[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z\d]){11,30}(?!\w)")


def find_cards(text: str) -> Iterator[Found]:
    """The card numbers in `text`."""
    luhn = library("stdnum.luhn")
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        issued = any(first.match(digits) and len(digits) in lengths for first, lengths in _ISSUERS)
        if issued and _GROUPS.fullmatch(match[0]) and luhn.is_valid(digits):
            yield Found(match.start(), match.end(), "card")


def find_ibans(text: str) -> Iterator[Found]:
    """The IBANs in `text`, each as long as its country's; words that follow one aren't taken."""
    iban = library("stdnum.iban")
    for match in _IBAN.finditer(text):
        written = match[0]
        while len(written) >= 15:
            if iban.is_valid(written, check_country=False):
                yield Found(match.start(), match.start() + len(written), "iban")
                break
            written = re.sub(r"[ -]?[A-Za-z\d]+$", "", written)

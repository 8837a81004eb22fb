"""Phone numbers: with their country's code anywhere, without it as their country writes them or near a word for it."""

from __future__ import annotations

import re
from typing import Iterator

from albert_edge.training.pretraining.privacy.found import Found, near
from albert_edge.training.pretraining.privacy.libraries import library

REGIONS = ("US", "GB", "FR", "DE", "ES", "IT", "NL", "BE", "CH", "PT", "BR", "MX", "IN", "AU", "CN", "JP", "RU")
"""The countries whose numbers are looked for without their code."""

# Only brackets that close around a few digits are the number's own.
_NUMBER = re.compile(
    r"(?<![\w.,/+-])(?<!\d )\+?(?:\(\+?\d{1,5}\)|\d)(?:[ ./-]{0,3}(?:\(\d{1,5}\)|\d)){5,16}(?!\w)(?![-./,]\d)"
)
_EXTENSION = re.compile(r",? ?(?:ext\.?|extension|x) ?\d{1,5}(?!\w)", re.IGNORECASE)
_LOCAL = re.compile(r"(?<![\w.,/+-])\d{3}[-. ]\d{4}(?![\w-])(?![./,]\d)")
_SAID = re.compile(
    r"\b(?:tele)?(?:phone|fon)|\btél|\btel\b|\bfax|\bmobil|\bcell\b|\bcall|\bring\b|\bdial|\bsms\b|whatsapp|\bhandy\b"
    r"|rufnummer|\bruf|teléfono|móvil|celular|llam|cellulare|chiam|\bligue|telefone|telemóvel|portable|appel|joindre"
    r"|\bbel(?:len)?\b|телефон|\bтел\b|звон|电话|電話|手机|手機|携帯|फ़?ोन|मोबाइल"
    r"|\btext (?:me|us|him|her)\b|hotline|helpline",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"\b(?:isbn|issn|doi|isrc|ean|upc|imei|serial|invoice|order|part|model|patent|ticket|ref(?:erence)?|version|sku"
    r"|art(?:icle)?|item|pp?|pages?|no|nr|id)\b[^.;]{0,16}$",
    re.IGNORECASE,
)


def find_phones(text: str) -> Iterator[Found]:
    """The phone numbers in `text`."""
    for match in _NUMBER.finditer(text):
        written, said = match[0], near(_SAID, text, match.start(), match.end())
        if written[0] == "+":
            plausible = _is_possible(written)
        elif said:
            plausible = any(_is_number(written, region, exact=False) for region in REGIONS)
        else:
            other = _OTHER.search(text[max(0, match.start() - 32) : match.start()])
            plausible = not other and _as_usual(written)
        if plausible:
            extension = _EXTENSION.match(text, match.end())
            yield Found(match.start(), extension.end() if extension else match.end(), "phone")
    for match in _LOCAL.finditer(text):
        if near(_SAID, text, match.start(), match.end()):
            yield Found(match.start(), match.end(), "phone")


def _as_usual(written: str) -> bool:
    """Whether `written` has the separators that its country's numbers have; digits alone may be anything."""
    if re.fullmatch(r"\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}", written):
        return _is_number(written, "US", exact=True)
    if written[0] not in "0(" or written.isdigit():
        return False
    return any(_is_number(written, region, exact=True) for region in REGIONS)


def _is_possible(written: str) -> bool:
    phonenumbers = library("phonenumbers")
    try:
        return bool(phonenumbers.is_possible_number(phonenumbers.parse(written, None)))
    except phonenumbers.NumberParseException:
        return False


def _is_number(written: str, region: str, exact: bool) -> bool:
    phonenumbers = library("phonenumbers")
    leniency = phonenumbers.Leniency.STRICT_GROUPING if exact else phonenumbers.Leniency.VALID
    return any(
        found.raw_string == written for found in phonenumbers.PhoneNumberMatcher(written, region, leniency=leniency)
    )

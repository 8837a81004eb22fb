"""National ids: a table of what they look like, which library function checks them, and which words name them."""

from __future__ import annotations

import re
from typing import Callable, Iterator, NamedTuple, Optional

from albert_edge.training.pretraining.privacy.found import Found, near
from albert_edge.training.pretraining.privacy.libraries import library


class Scheme(NamedTuple):
    """How ids of a country are written, and what makes a number one."""

    name: str
    pattern: str  # between the ends of words
    check: Optional[str]  # python-stdnum's module, or None where the pattern is all there is
    words: Optional[str] = None  # one must be near; None where the pattern and the check are enough


_ELEVEN = r"\d{11}"
_TAX_DE = r"steuer|\btin\b|tax|idnr|identifikationsnummer"
_ID = r"\bids?\b|ident|passport|personal|national"

SCHEMES = (
    Scheme("us-ssn", r"(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}", None),
    Scheme("us-ssn", r"(?!000|666|9)\d{3} ?(?!00)\d\d ?(?!0000)\d{4}", None, r"\bssn\b|social security"),
    Scheme("us-itin", r"9\d\d-\d\d-\d{4}", "us.itin"),
    Scheme(
        "gb-nino",
        r"(?!BG|GB|NK|KN|TN|NT|ZZ)(?:[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]|QQ)[ -]?\d\d[ -]?\d\d[ -]?\d\d[ -]?[A-D]",
        None,
    ),
    Scheme("gb-nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}", "gb.nhs", r"\bnhs\b"),
    Scheme("de-idnr", r"\d\d \d{3} \d{3} \d{3}", "de.idnr"),
    Scheme("de-idnr", _ELEVEN, "de.idnr", _TAX_DE),
    Scheme("fr-nir", r"[1-478] ?\d\d ?\d\d ?(?:\d\d|2[AB]) ?\d{3} ?\d{3}[ -]?\d\d", "fr.nir"),
    Scheme("es-dni", r"\d{2}\.?\d{3}\.?\d{3}[ -]?[A-HJ-NP-TV-Z]", "es.dni"),
    Scheme("es-nie", r"[XYZ][ -]?\d\.?\d{3}\.?\d{3}[ -]?[A-HJ-NP-TV-Z]", "es.nie"),
    Scheme(
        "it-codice-fiscale",
        r"[A-Z]{3} ?[A-Z]{3} ?[0-9L-NP-V]{2}[A-EHLMPRST][0-9L-NP-V]{2} ?[A-Z][0-9L-NP-V]{3}[A-Z]",
        "it.codicefiscale",
    ),
    Scheme("br-cpf", r"\d{3}\.\d{3}\.\d{3}-\d\d", "br.cpf"),
    Scheme("br-cpf", _ELEVEN, "br.cpf", r"\bcpf\b"),
    Scheme("in-aadhaar", r"[2-9]\d{3}[ -]\d{4}[ -]\d{4}", "in_.aadhaar"),
    Scheme("in-aadhaar", r"[2-9]\d{11}", "in_.aadhaar", r"aadh?aa?r|uidai|\buid\b|आधार"),
    Scheme("in-pan", r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", "in_.pan"),
    Scheme("cn-ric", r"\d{6} ?(?:19|20)\d{6} ?\d{3}[\dXx]", "cn.ric"),
    Scheme("nl-bsn", r"\d{9}|\d{4}\.\d\d\.\d{3}|\d{3} \d{3} \d{3}", "nl.bsn", r"\bbsn\b|burgerservice|sofi"),
    Scheme("be-nn", r"\d\d\.\d\d\.\d\d-\d{3}[. ]\d\d", "be.nn"),
    Scheme("be-nn", rf"\d\d \d\d \d\d \d{{3}} \d\d|{_ELEVEN}", "be.nn", r"rijksregister|registre national|\bnn\b"),
    Scheme("pl-pesel", _ELEVEN, "pl.pesel", r"pesel"),
    Scheme("se-personnummer", r"(?:19|20)?\d{6}[-+]\d{4}", "se.personnummer"),
    Scheme("dk-cpr", r"\d{6}-\d{4}", "dk.cpr"),
    Scheme("fi-hetu", r"\d{6}[-+A-FYXWVU]\d{3}[0-9A-FHJ-NPR-Y]", "fi.hetu"),
    Scheme("no-fodselsnummer", r"\d{6} ?\d{5}", "no.fodselsnummer", r"fødsels|personnummer|fodsels|\bid"),
    Scheme("ch-ahv", r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d\d", "ch.ssn"),
    Scheme("ca-sin", r"\d{3}[ -]?\d{3}[ -]?\d{3}", "ca.sin", r"\bsin\b|social insurance|assurance sociale|\bnas\b"),
    Scheme("au-tfn", r"\d{3} ?\d{3} ?\d{3}", "au.tfn", r"\btfn\b|tax file"),
    Scheme("za-id", r"\d{6} ?\d{4} ?\d\d ?\d", "za.idnr", _ID),
    Scheme("ie-pps", r"\d{7}[A-W][A-IW]?", "ie.pps"),
    Scheme("kr-rrn", r"\d{6}-\d{7}", "kr.rrn"),
    Scheme("mx-curp", r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[0-9A-Z]\d", "mx.curp"),
    Scheme("tr-kimlik", _ELEVEN, "tr.tckimlik", r"kimlik|\btckn\b|\bt\.?c\.?\b"),
    Scheme("pt-cc", r"\d{8} \d [A-Z]{2}\d", "pt.cc"),
    Scheme("at-vnr", r"\d{4} ?\d{6}", "at.vnr", r"versicherung|\bsvnr\b|\bsv-"),
    Scheme("ro-cnp", r"\d{13}", "ro.cnp", r"\bcnp\b|cod numeric"),
    Scheme("cz-rc", r"\d{6}/\d{3,4}", "cz.rc"),
    Scheme("hr-oib", _ELEVEN, "hr.oib", r"\boib\b"),
    Scheme("bg-egn", r"\d{10}", "bg.egn", r"егн|\begn\b"),
    Scheme("ee-ik", _ELEVEN, "ee.ik", r"isikukood"),
    Scheme("lt-asmens", _ELEVEN, "lt.asmens", r"asmens"),
    Scheme("il-id", r"\d{8}-?\d", "il.idnr", r"תעודת|ת\.ז|teudat"),
    Scheme("cl-rut", r"\d{1,2}\.\d{3}\.\d{3}-[\dKk]", "cl.rut"),
    Scheme("cl-rut", r"\d{7,8}-[\dKk]", "cl.rut", r"\bru[tn]\b"),
    Scheme("ar-cuit", r"\d\d-\d{8}-\d", "ar.cuit"),
    Scheme("jp-my-number", r"\d{4} ?\d{4} ?\d{4}", "jp.in_", r"マイナンバー|個人番号|my number"),
    Scheme("th-pin", r"\d-\d{4}-\d{5}-\d\d-\d", "th.pin"),
    Scheme("pk-cnic", r"\d{5}-\d{7}-\d", "pk.cnic"),
    Scheme("my-nric", r"\d{6}-\d\d-\d{4}", "my.nric"),
    Scheme("ru-inn", r"\d{12}", "ru.inn", r"инн\b|\binn\b"),
    Scheme("ec-ci", r"\d{9}-\d", "ec.ci"),
)
_COMPILED = tuple(
    (
        scheme,
        re.compile(rf"(?<![\w.,/+-])(?<!\d )(?:{scheme.pattern})(?!\w)(?![-./]\w)(?!,\d)(?! \d)"),
        scheme.words and re.compile(scheme.words, re.IGNORECASE),
    )
    for scheme in SCHEMES
)


def find_national_ids(text: str) -> Iterator[Found]:
    """The national ids in `text`."""
    for scheme, pattern, words in _COMPILED:
        for match in pattern.finditer(text):
            if words and not near(words, text, match.start(), match.end()):
                continue
            if scheme.check is None or _is_valid(scheme.check, match[0]):
                yield Found(match.start(), match.end(), "national_id")


def _is_valid(check: str, written: str) -> bool:
    """With its separators, or without those that the library doesn't expect."""
    is_valid: Callable[[str], bool] = library(f"stdnum.{check}").is_valid
    return is_valid(written) or is_valid(re.sub("[ .]", "", written))

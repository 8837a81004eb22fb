"""What of a document stays: a normal form, one blank for several, and three rules that drop a document as a whole.

The rules are few and say what they drop, so that the manifest's counts can be understood: what is short, what isn't
text, what repeats itself. Leaves out whatever needs a language: lists of words, classifiers, perplexities.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Optional, Sequence

from albert_edge.training.corpus.settings import CorpusSettings

# Control characters but the blanks among them, the byte order mark inside a text, and the soft hyphen.
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufeff\u00ad]")
_FEWEST_PARAGRAPHS = 4
"""A document with fewer is never called repetitive: a refrain is no garbage."""


def cleaned(paragraphs: Sequence[str], settings: CorpusSettings) -> list[str]:
    """The paragraphs that stay, as they stay."""
    found = [_cleaned(text, settings) for text in paragraphs]
    return [text for text in found if text]


def _cleaned(text: str, settings: CorpusSettings) -> str:
    if settings.unicode != "none":
        text = unicodedata.normalize(settings.unicode, text)  # type: ignore[arg-type]
    return " ".join(_CONTROLS.sub("", text).split()) if settings.blanks else text


def reason_to_drop(paragraphs: Sequence[str], settings: CorpusSettings) -> Optional[str]:
    """`too_short`, `too_few_letters` or `too_repetitive`, None for a document that stays."""
    if not paragraphs or sum(map(len, paragraphs)) < settings.min_characters:
        return "too_short"
    if settings.min_letters > 0 and _share_of_letters(paragraphs) < settings.min_letters:
        return "too_few_letters"
    repeated = len(paragraphs) - len(set(paragraphs))
    if len(paragraphs) >= _FEWEST_PARAGRAPHS and repeated / len(paragraphs) > settings.max_repeated:
        return "too_repetitive"
    return None


def _share_of_letters(paragraphs: Sequence[str]) -> float:
    """Marks on letters, which many scripts can't be written without, are neither letters nor characters here."""
    letters = others = 0
    for text in paragraphs:
        found = sum(map(str.isalpha, text))
        letters += found
        if found < 0.9 * len(text):  # a shortcut past a slow count: most are letters anyway
            others += sum(not each.isspace() and unicodedata.category(each)[0] not in "LM" for each in text)
        else:
            others += len(text) - found
    return letters / (letters + others) if letters + others else 0.0

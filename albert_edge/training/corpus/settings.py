"""What can be chosen about a corpus: one frozen, checked value. Standard library only."""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping

from albert_edge.rules import Rules, check_rules, is_count, is_number, refuse_unknown

SEGMENTS = ("sentence", "paragraph")
UNICODE = ("NFC", "NFKC", "none")


@dataclasses.dataclass(frozen=True)
class CorpusSettings:
    """Everything beside texts and vocabulary that decides a corpus's bytes; raises `ConfigError` for a wrong value."""

    held_out: float = 0.0
    """Share of the documents that is kept apart, in [0, 1)."""
    shards: int = 16
    segments: str = "sentence"
    """What a record's parts are."""
    field: str = "text"
    """Of a JSON line."""
    unicode: str = "NFC"
    """The normal form that texts get."""
    blanks: bool = True
    """Control characters go, and a run of blanks becomes one."""
    min_characters: int = 32
    """Shorter documents are dropped."""
    min_letters: float = 0.5
    """Documents of which a smaller share of the characters, blanks not counted, are letters are dropped."""
    max_repeated: float = 0.5
    """Documents of which a larger share of the paragraphs repeat an earlier one are dropped."""
    near_duplicates: float = 0.8
    """Of two documents whose sets of five words in a row have this Jaccard similarity one is dropped; 0: never."""
    mask_personal: bool = False
    """E-mail addresses, numbers of telephones, cards and persons are masked."""

    def __post_init__(self) -> None:
        check_rules(self, _RULES)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CorpusSettings:
        """From named values, None standing for a default; raises `ConfigError` for another name."""
        refuse_unknown(values, [field.name for field in dataclasses.fields(cls)], "a setting of a corpus")
        return cls(**{name: value for name, value in values.items() if value is not None})

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return dataclasses.asdict(self)


AS_IT_IS = {"unicode": "none", "blanks": False, "min_characters": 0, "min_letters": 0.0, "max_repeated": 1.0}
"""The settings of a corpus whose texts are not cleaned."""


def _number_to_1(value: Any) -> bool:
    return is_number(value) and 0 <= value <= 1


_SHARE = ("in [0, 1]", _number_to_1)
_LESS_THAN_ALL = ("in [0, 1)", lambda value: _number_to_1(value) and value < 1)
_FLAG = ("true or false", lambda value: isinstance(value, bool))

_RULES: Rules = {
    "held_out": _LESS_THAN_ALL,
    "shards": ("a positive integer", is_count),
    "segments": (f"one of {', '.join(SEGMENTS)}", lambda value: value in SEGMENTS),
    "field": ("a name", lambda value: isinstance(value, str)),
    "unicode": (f"one of {', '.join(UNICODE)}", lambda value: value in UNICODE),
    "blanks": _FLAG,
    "min_characters": ("an integer from 0", lambda value: is_number(value) and is_count(value + 1)),
    "min_letters": _SHARE,
    "max_repeated": _SHARE,
    "near_duplicates": _LESS_THAN_ALL,
    "mask_personal": _FLAG,
}

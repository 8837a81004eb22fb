"""What can be chosen about a corpus: one frozen, checked value. Standard library only."""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping

from albert_edge.errors import ConfigError
from albert_edge.rules import is_count, refuse_unknown

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
        for name in ("held_out", "near_duplicates"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"{name} must be in [0, 1); received {getattr(self, name)}")
        for name in ("min_letters", "max_repeated"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must be in [0, 1]; received {getattr(self, name)}")
        if not is_count(self.shards):
            raise ConfigError(f"shards must be a positive integer; received {self.shards!r}")
        if self.min_characters < 0:
            raise ConfigError(f"min_characters must be 0 or more; received {self.min_characters!r}")
        for name, allowed in (("segments", SEGMENTS), ("unicode", UNICODE)):
            if getattr(self, name) not in allowed:
                raise ConfigError(f"{name} must be one of {', '.join(allowed)}; received {getattr(self, name)!r}")

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

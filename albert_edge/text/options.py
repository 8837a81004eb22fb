"""How a tokenizer treats text: values that travel in `tokenizer_config.json` and in the artifact's manifest.

Keys are Hugging Face's, so that transformers reads what is written here, and `tokenizer_rules`, which is this
project's own: one vocabulary gives other ids in google-research/albert than in transformers, and a model wants those
that it was trained with.
"""

from __future__ import annotations

import dataclasses
import difflib
from typing import Any, Mapping, TypeVar, Union

from albert_edge.errors import ConfigError

VOCABULARY_FILES = {"sentencepiece": "spiece.model", "wordpiece": "vocab.txt"}
"""Kind of tokenizer -> what its vocabulary's file is called, in a folder and in an artifact."""

RULES = ("google", "huggingface")
"""Whose ids: google-research/albert's `tokenization.py`, or those of transformers 5's tokenizer classes."""

RULES_KEY = "tokenizer_rules"


@dataclasses.dataclass(frozen=True)
class TokenizerOptions:
    """What a SentencePiece tokenizer does to text before and after the library; ALBERT's English models' by default."""

    lower_case: bool = True
    """`do_lower_case` in JSON."""
    keep_accents: bool = False
    """Skip NFKD and the removal of combining marks (SentencePiece's own normalization still composes characters).

    False drops what isn't an accent in some scripts: the vowel signs of Hindi under `huggingface`, for one."""
    rules: str = "google"
    """`tokenizer_rules` in JSON, one of `RULES`."""

    def __post_init__(self) -> None:
        _check(self, _FIELDS)

    def to_dict(self) -> dict[str, Any]:
        """The options as `tokenizer_config.json` and the artifact's manifest hold them."""
        return {**{key: getattr(self, field) for key, field in _FIELDS.items()}, "remove_space": True}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TokenizerOptions:
        """From `to_dict`'s keys, each of which may be missing; any other key raises `ConfigError`."""
        _refuse_unknown(values, OPTION_KEYS)
        return cls.from_config(values)

    @classmethod
    def from_config(cls, values: Mapping[str, Any]) -> TokenizerOptions:
        """From a whole `tokenizer_config.json`, whose other keys are not looked at unless they are near-misses."""
        _refuse_misspelt(values, OPTION_KEYS)
        if values.get("remove_space", True) is not True:
            raise ConfigError(f"remove_space must be true; received {values['remove_space']!r}")
        return cls(**{field: values[key] for key, field in _FIELDS.items() if key in values})


@dataclasses.dataclass(frozen=True)
class WordPieceOptions:
    """What a WordPiece tokenizer does to text: the options of BERT's `FullTokenizer`."""

    lower_case: bool = True
    """`do_lower_case` in JSON."""
    keep_accents: bool = False
    """The opposite of `strip_accents` in JSON, where null or nothing means: kept if upper case is."""
    split_chinese: bool = True
    """`tokenize_chinese_chars` in JSON: every CJK ideograph is a word of its own."""
    rules: str = "google"
    """`tokenizer_rules` in JSON, one of `RULES`."""

    def __post_init__(self) -> None:
        _check(self, {"do_lower_case": "lower_case", "strip_accents": "keep_accents", **_WORDPIECE_FIELDS})

    def to_dict(self) -> dict[str, Any]:
        """The options as `tokenizer_config.json` and the artifact's manifest hold them."""
        return {
            **{key: getattr(self, field) for key, field in _WORDPIECE_FIELDS.items()},
            "strip_accents": not self.keep_accents,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> WordPieceOptions:
        """From `to_dict`'s keys, each of which may be missing; any other key raises `ConfigError`."""
        _refuse_unknown(values, WORDPIECE_KEYS)
        return cls.from_config(values)

    @classmethod
    def from_config(cls, values: Mapping[str, Any]) -> WordPieceOptions:
        """From a whole `tokenizer_config.json`, whose other keys are not looked at unless they are near-misses."""
        _refuse_misspelt(values, WORDPIECE_KEYS)
        strip = values.get("strip_accents")
        if strip is None:
            strip = values.get("do_lower_case", True)
        elif not isinstance(strip, bool):
            raise ConfigError(f"strip_accents must be true, false or null; received {strip!r}")
        fields = {field: values[key] for key, field in _WORDPIECE_FIELDS.items() if key in values}
        return cls(keep_accents=not strip, **fields)


Options = Union[TokenizerOptions, WordPieceOptions]
_AnyOptions = TypeVar("_AnyOptions", TokenizerOptions, WordPieceOptions)

_FIELDS = {"do_lower_case": "lower_case", "keep_accents": "keep_accents", RULES_KEY: "rules"}
OPTION_KEYS = (*_FIELDS, "remove_space")
_WORDPIECE_FIELDS = {"do_lower_case": "lower_case", "tokenize_chinese_chars": "split_chinese", RULES_KEY: "rules"}
WORDPIECE_KEYS = (*_WORDPIECE_FIELDS, "strip_accents")


def changed(options: _AnyOptions, changes: Mapping[str, Any]) -> _AnyOptions:
    """`options` with some fields replaced; raises `ConfigError` for a field that this kind of tokenizer lacks."""
    names = [field.name for field in dataclasses.fields(options)]
    for name in changes:
        if name not in names:
            raise ConfigError(f"a tokenizer's option must be one of {', '.join(names)}; received {name!r}")
    return dataclasses.replace(options, **changes)


def _check(options: Options, fields: Mapping[str, str]) -> None:
    for key, field in fields.items():
        value = getattr(options, field)
        if field == "rules":
            if value not in RULES:
                raise ConfigError(f"{key} must be one of {', '.join(RULES)}; received {value!r}")
        elif not isinstance(value, bool):
            raise ConfigError(f"{key} must be true or false; received {value!r}")


def _refuse_unknown(values: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    unknown = sorted(set(values) - set(keys))
    if unknown:
        raise ConfigError(f"tokenizer options must be among {', '.join(keys)}; received {unknown[0]!r}")


def _refuse_misspelt(values: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    for key in values:
        close = difflib.get_close_matches(key, keys, n=1, cutoff=0.85)
        if close and close[0] != key:
            raise ConfigError(
                f"a tokenizer's options must not be misspelt; received {key!r}, did you mean {close[0]!r}?"
            )

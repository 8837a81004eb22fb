"""`DeviceSettings`: what the decoding of a model's answers needs beside its weights, kept in `config.json`.

They stand under the key `albert_edge`, which other readers of the file skip, and travel with the configuration into
the artifact. A key that isn't known is refused: a setting that is silently ignored gives other answers.
"""

from __future__ import annotations

import dataclasses
import difflib
from typing import Any, Callable, Mapping, Optional

from albert_edge.errors import ConfigError
from albert_edge.tasks import TASK_NAMES

KEY = "albert_edge"

MERGES = ("mean", "max")
POOLINGS = ("mean", "cls")
TAG_SCHEMES = ("iob1", "iob2", "bioes")


@dataclasses.dataclass(frozen=True)
class DeviceSettings:
    """Checked; every field has a default, and only the others are written."""

    task: Optional[str] = None
    """The task, where the class in `architectures` doesn't tell it (a sentence-order model is a text classifier)."""
    max_length: Optional[int] = None
    """Tokens of a window, special pieces included: the length the model was trained at. None: all its positions."""
    stride: Optional[int] = None
    """Tokens from the start of one window of a long text to the next. None: half of a window's room."""
    merge: str = "mean"
    """How the label scores of the windows of one text become one: `mean` or `max`."""
    label_threshold: float = 0.5
    """Score from which a label of a multi-label model is given."""
    tag_scheme: Optional[str] = None
    """How a tagger's labels mark entities: `iob1`, `iob2` or `bioes`. None: as the labels themselves tell."""
    no_answer_threshold: Optional[float] = None
    """A question is unanswered if its no-answer score exceeds its best answer's by more than this. None: never."""
    max_answer_tokens: int = 30
    """Longest answer."""
    pooling: str = "mean"
    """Of an embedding: the mean of all tokens' last hidden states, or the state of `[CLS]`."""
    normalize: bool = True
    """Whether an embedding has length 1."""

    def __post_init__(self) -> None:
        for name, (rule, holds) in _RULES.items():
            value = getattr(self, name)
            if not holds(value):
                raise ConfigError(f"{name} must be {rule}; received {value!r}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DeviceSettings:
        """From `to_dict`'s keys, each of which may be missing; raises `ConfigError` for any other."""
        names = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in names:
                close = difflib.get_close_matches(name, names, n=1)
                hint = f", did you mean {close[0]!r}?" if close else ""
                raise ConfigError(f"a key of {KEY} must be one of {', '.join(names)}; received {name!r}{hint}")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """The fields that differ from their defaults, as JSON values."""
        values = dataclasses.asdict(self)
        return {
            field.name: values[field.name] for field in dataclasses.fields(self) if values[field.name] != field.default
        }


_Check = Callable[[Any], bool]


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < float("inf")


_RULES: dict[str, tuple[str, _Check]] = {
    "task": (f"one of {', '.join(TASK_NAMES)}", lambda value: value is None or value in TASK_NAMES),
    "max_length": ("an integer of at least 4", lambda value: value is None or (_is_count(value) and value >= 4)),
    "stride": ("a positive integer", lambda value: value is None or _is_count(value)),
    "merge": (f"one of {', '.join(MERGES)}", lambda value: value in MERGES),
    "label_threshold": ("a number in (0, 1)", lambda value: _is_number(value) and 0 < value < 1),
    "tag_scheme": (f"one of {', '.join(TAG_SCHEMES)}", lambda value: value is None or value in TAG_SCHEMES),
    "no_answer_threshold": ("a finite number", lambda value: value is None or _is_number(value)),
    "max_answer_tokens": ("a positive integer", _is_count),
    "pooling": (f"one of {', '.join(POOLINGS)}", lambda value: value in POOLINGS),
    "normalize": ("true or false", lambda value: isinstance(value, bool)),
}
"""Field -> the rule in words and as a function."""

"""`DeviceSettings`: what the decoding of a model's answers needs beside its weights, kept in `config.json`.

They stand under the key `albert_edge`, which other readers of the file skip, and travel with the configuration into
the artifact. A key that isn't known is refused: a setting that is silently ignored gives other answers.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, Optional, Sequence

from albert_edge.rules import Rules, check_rules, is_count, is_number, refuse_unknown
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
    multi_exit: bool = False
    """Whether pooler and head were trained on every layer's output, so that any depth may be the last."""
    attention_head_size: Optional[int] = None
    """Columns of one attention head in a model whose heads are not all there: pruning takes some away and leaves the
    others as wide as they were. None: hidden_size / num_attention_heads, as every other program has it."""
    activation_ranges: Optional[Mapping[str, Sequence[float]]] = None
    """Activation point -> least and largest value that a training with `qat` int8 saw at any depth, for a file whose
    activations are integers. None: such a file has to be calibrated."""

    def __post_init__(self) -> None:
        check_rules(self, _RULES)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DeviceSettings:
        """From `to_dict`'s keys, each of which may be missing; raises `ConfigError` for any other."""
        refuse_unknown(values, [field.name for field in dataclasses.fields(cls)], f"a key of {KEY}")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """The fields that differ from their defaults, as JSON values."""
        values = dataclasses.asdict(self)
        return {
            field.name: values[field.name] for field in dataclasses.fields(self) if values[field.name] != field.default
        }


def _are_ranges(value: Any) -> bool:
    """Whether it is a map from names to two numbers each, between which 0 lies."""
    return isinstance(value, Mapping) and all(
        isinstance(name, str)
        and isinstance(ends, (list, tuple))
        and len(ends) == 2
        and all(map(is_number, ends))
        and ends[0] <= 0 <= ends[1]
        for name, ends in value.items()
    )


_RULES: Rules = {
    "task": (f"one of {', '.join(TASK_NAMES)}", lambda value: value is None or value in TASK_NAMES),
    "max_length": ("an integer of at least 4", lambda value: value is None or (is_count(value) and value >= 4)),
    "stride": ("a positive integer", lambda value: value is None or is_count(value)),
    "merge": (f"one of {', '.join(MERGES)}", lambda value: value in MERGES),
    "label_threshold": ("a number in (0, 1)", lambda value: is_number(value) and 0 < value < 1),
    "tag_scheme": (f"one of {', '.join(TAG_SCHEMES)}", lambda value: value is None or value in TAG_SCHEMES),
    "no_answer_threshold": ("a finite number", lambda value: value is None or is_number(value)),
    "max_answer_tokens": ("a positive integer", is_count),
    "pooling": (f"one of {', '.join(POOLINGS)}", lambda value: value in POOLINGS),
    "normalize": ("true or false", lambda value: isinstance(value, bool)),
    "multi_exit": ("true or false", lambda value: isinstance(value, bool)),
    "attention_head_size": ("a positive integer", lambda value: value is None or is_count(value)),
    "activation_ranges": (
        "names with two numbers each, the least and the largest value, 0 between them",
        lambda value: value is None or _are_ranges(value),
    ),
}

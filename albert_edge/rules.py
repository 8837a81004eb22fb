"""Checks that settings share: rules in words beside the functions that hold values to them, and unknown names.

A setting that is silently ignored gives other answers, so a name that isn't one is refused.
"""

from __future__ import annotations

import difflib
from typing import Any, Callable, Iterable, Mapping, Sequence

from albert_edge.errors import ConfigError

Check = Callable[[Any], bool]
Rules = Mapping[str, tuple[str, Check]]
"""Field -> the rule in words and as a function."""


def check_rules(settings: object, rules: Rules) -> None:
    """Raise `ConfigError` for the first field of `settings` that breaks its rule."""
    for name, (rule, holds) in rules.items():
        value = getattr(settings, name)
        if not holds(value):
            raise ConfigError(f"{name} must be {rule}; received {value!r}")


def refuse_unknown(given: Iterable[str], known: Sequence[str], what: str) -> None:
    """Raise `ConfigError` for a name in `given` that isn't `known`, with the one that it resembles.

    `what` the names are, for the message: `a setting of ...`.
    """
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f", did you mean {close[0]!r}?" if close else ""
            raise ConfigError(f"{what} must be one of {', '.join(known)}; received {name!r}{hint}")


def is_count(value: Any) -> bool:
    """Whether `value` is a whole number of at least 1; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def is_seed(value: Any) -> bool:
    """Whether `value` is a whole number that every generator takes as its seed: 0 to 2147483647."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def is_number(value: Any) -> bool:
    """Whether `value` is a finite number; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < float("inf")

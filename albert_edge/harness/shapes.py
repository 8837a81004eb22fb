"""What a JSON value may be, said as a table: an object is a dict of its keys, anything else a check of one value.

A small part of what JSON Schema can say, with this project's one-line errors, and numbers that must be finite: a NaN
would pass every `value > limit`.
"""

from __future__ import annotations

import math
from typing import Any, Callable, Mapping, Union

from albert_edge.errors import DataError

Check = Callable[[Any, str], None]
"""Raises `DataError` unless the value can stand at that place."""

Shape = Union[Check, Mapping[str, Any]]
"""A check, or the shape of each key of an object that has these and no others."""

_SHOWN_CHARACTERS = 60


def check_shape(shape: Shape, value: Any, place: str) -> None:
    """Raise `DataError`, with the place, unless `value` has `shape`. `place` is written `lengths[0].p50_ms`."""
    if not isinstance(shape, Mapping):
        shape(value, place)
        return
    mapping(value, place)
    missing, unknown = ([key for key in a if key not in b] for a, b in ((shape, value), (value, shape)))
    if missing or unknown:
        name = place or "a result"
        raise DataError(
            f"{name} must have the keys that its version has; received unknown {unknown}, missing {missing}"
        )
    for key, inner in shape.items():
        check_shape(inner, value[key], f"{place}.{key}" if place else key)


def anything(value: Any, place: str) -> None:
    """Any JSON value whose numbers are finite."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            anything(inner, f"{place}.{key}")
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            anything(inner, f"{place}[{index}]")
    elif isinstance(value, float):
        number(value, place)


def mapping(value: Any, place: str) -> None:
    """An object with any keys."""
    if not isinstance(value, Mapping):
        _refuse(place, "an object", value)
    anything(dict(value), place)


def text(value: Any, place: str) -> None:
    """A string that isn't empty."""
    if not isinstance(value, str) or not value:
        _refuse(place, "a text that isn't empty", value)


def integer(value: Any, place: str) -> None:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        _refuse(place, "a whole number", value)


def flag(value: Any, place: str) -> None:
    """0 or 1."""
    if isinstance(value, bool) or value not in (0, 1):
        _refuse(place, "0 or 1", value)


def number(value: Any, place: str) -> None:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        _refuse(place, "a finite number", value)


def optional(shape: Shape) -> Check:
    """None, or a value of `shape`."""

    def check(value: Any, place: str) -> None:
        if value is not None:
            check_shape(shape, value, place)

    return check


def list_of(shape: Shape) -> Check:
    """A list, each of whose values has `shape`."""

    def check(value: Any, place: str) -> None:
        if not isinstance(value, (list, tuple)):
            _refuse(place, "a list", value)
        for index, inner in enumerate(value):
            check_shape(shape, inner, f"{place}[{index}]")

    return check


def either(*texts: str) -> Check:
    """One of `texts`."""

    def check(value: Any, place: str) -> None:
        if value not in texts:
            _refuse(place, " or ".join(texts), value)

    return check


def _refuse(place: str, rule: str, value: Any) -> None:
    shown = repr(value)
    if len(shown) > _SHOWN_CHARACTERS:
        shown = f"{shown[:_SHOWN_CHARACTERS]}..."
    raise DataError(f"{place or 'a result'} must be {rule}; received {shown}")

"""Reads a manifest's JSON strictly: every key known and there, every value of its type, one line for what isn't.

Knows no key by itself: which there are, and what their values mean, is `manifest`'s.
"""

from __future__ import annotations

import json
from typing import Any, Iterable, Mapping, Union

from albert_edge.errors import ArtifactError

Kind = Union[type, tuple[type, ...]]
"""A key's type, or several of them."""

NULL = type(None)

_SHOWN_CHARACTERS = 200


def require(condition: object, rule: str, received: object) -> None:
    """Raise `ArtifactError` with `rule`, and the start of what was `received`, unless `condition` holds."""
    if not condition:
        raise ArtifactError(f"{rule}; received {repr(received)[:_SHOWN_CHARACTERS]}")


def parsed_object(data: bytes, where: str) -> dict[str, Any]:
    """The JSON object in the file `where`."""
    try:
        values = json.loads(data.decode())
    except (ValueError, RecursionError) as reason:
        raise ArtifactError(f"{where} must be JSON in UTF-8; received something else ({reason})") from reason
    require(isinstance(values, dict), f"{where} must hold an object", type(values).__name__)
    return values  # type: ignore[no-any-return]


def checked(values: dict[str, Any], keys: Mapping[str, Kind], where: str) -> dict[str, Any]:
    """`values`, which have the `keys` and no others, each of its type."""
    unknown, missing = sorted(set(values) - set(keys)), sorted(set(keys) - set(values))
    if unknown or missing:
        raise ArtifactError(
            f"{where} must have the keys {', '.join(keys)}; received unknown {unknown}, missing {missing}"
        )
    for key, kind in keys.items():
        # JSON's true is an int to Python.
        right = isinstance(values[key], kind) and not isinstance(values[key], bool)
        names = " or ".join(each.__name__ for each in (kind if isinstance(kind, tuple) else (kind,)))
        require(right, f"{key} in {where} must be of type {names}", values[key])
    return values


def strings(values: Iterable[Any], where: str) -> tuple[str, ...]:
    """`values`, all of them strings."""
    found = tuple(values)
    require(all(isinstance(string, str) for string in found), f"{where} must hold strings", found)
    return found

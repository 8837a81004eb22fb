"""What a further training changed in a report: each number before, after, and the difference of the two."""

from __future__ import annotations

from typing import Any, Mapping


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers that both reports have under one name, as {before, after, difference}; reports in reports likewise.

    `difference` is `after` minus `before`, None where one of them is None (a correlation of equal values). Lists are
    left out, and so is what isn't a number.
    """
    found: dict[str, Any] = {}
    for name, old in before.items():
        new = after.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found[name] = differences(old, new)
        elif name in after and _is_value(old) and _is_value(new):
            known = old is not None and new is not None
            found[name] = {"before": old, "after": new, "difference": new - old if known else None}
    return found


def _is_value(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))

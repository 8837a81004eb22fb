"""References to what the oldest Android hasn't, and the list of those that the code guards.

The list, newer_apis.json, names for each reference the classes whose code has it and what keeps an old Android from
getting there. A new use, in another class too, isn't on it; neither may anything stand on it that is used no more. Each
of the classes must ask for Android's version: that it does so in the right place only its reader can tell.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .dex import Dex
from .tools import BuildError

_VERSION = "android.os.Build$VERSION#SDK_INT"
_KEYS = {"reference", "used_by", "guard"}


@dataclass(frozen=True)
class Guarded:
    """One line of the list."""

    reference: str
    """As `label` writes it; of a class that is missing the class alone."""
    used_by: tuple[str, ...]
    """Classes with dots; a class's inner ones (`$`) count as it."""
    guard: str


def read_guarded(path: Path) -> list[Guarded]:
    """The list in the JSON file."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    for row in rows:
        if set(row) != _KEYS or not row["guard"].strip():
            raise BuildError(f"{path} must give each reference {', '.join(sorted(_KEYS))}; received {json.dumps(row)}")
    return [Guarded(row["reference"], tuple(row["used_by"]), row["guard"]) for row in rows]


def unguarded(missing: set[str], dex: Dex, allowed: list[Guarded]) -> list[str]:
    """What is wrong: references of `missing` that aren't listed where they are used, and lines without a use."""
    known = {guarded.reference: guarded for guarded in allowed}
    asking = {_outer(user) for user in dex.users.get(_VERSION, ())}
    problems = []
    for reference in sorted(missing):
        users = {_outer(user) for user in dex.users.get(reference, ())} or {"no code"}
        listed = known[reference].used_by if reference in known else ()
        problems += [f"{reference}, used by {user}, is newer than the oldest Android and not on the list"
                     for user in sorted(users - set(listed))]  # fmt: skip
        problems += [f"{reference} is on the list for {user}, which does not use it"
                     for user in sorted(set(listed) - users)]  # fmt: skip
        problems += [f"{reference} is on the list for {user}, which does not ask for SDK_INT"
                     for user in sorted(users & set(listed) - asking)]  # fmt: skip
    stale = sorted(set(known) - missing)
    return problems + [f"{reference} is on the list, but nothing uses it, or the oldest Android has it"
                       for reference in stale]  # fmt: skip


def _outer(user: str) -> str:
    return user.split("$")[0].replace("/", ".")

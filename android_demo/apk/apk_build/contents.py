"""An APK opened for the checks, with what they compare it with."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .classes import ClassInfo, Lookup, classes_of_jar
from .container import Member, members
from .dex import Dex, read_dex
from .facts import Facts
from .newer import Guarded
from .signatures import read_signatures
from .tools import BuildError

_DEX = re.compile(r"classes\d*\.dex")


@dataclass(frozen=True)
class Result:
    """What one check found."""

    check: str
    problems: list[str] = field(default_factory=list)
    """Empty if the APK passes."""
    values: dict[str, Any] = field(default_factory=dict)
    """What was measured, for the report."""


@dataclass(frozen=True)
class Contents:
    """An APK's parts, and the platforms that it may refer to."""

    apk: Path
    facts: Facts
    members: list[Member]
    dex: Dex
    newest: Lookup
    """The classes of the Android that the app is compiled against; java.* as the oldest has it."""
    oldest: Lookup
    """The public ones of the oldest Android that the app runs on."""
    guarded: list[Guarded]
    page_bytes: int = 4096
    """The least alignment that native libraries must have."""

    def data(self, name: str) -> bytes:
        """Of one member."""
        with zipfile.ZipFile(self.apk) as archive:
            return archive.read(name)


def open_apk(apk: Path, facts: Facts, guarded: list[Guarded], page_bytes: int = 4096) -> Contents:
    """Reads an APK; raises `BuildError` if it can't be read."""
    try:
        found = members(apk)
        dex = Dex()
        with zipfile.ZipFile(apk) as archive:
            for name in filter(_DEX.fullmatch, archive.namelist()):
                read_dex(archive.read(name), dex)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise BuildError(f"{apk} can't be read: {error}") from error
    public = read_signatures(Path(facts.oldest_framework))
    jar = classes_of_jar(Path(facts.framework))

    def newest(name: str) -> ClassInfo | None:
        return dex.classes.get(name) or jar(name) or public.get(name)

    def oldest(name: str) -> ClassInfo | None:
        return dex.classes.get(name) or public.get(name)

    return Contents(apk, facts, found, dex, newest, oldest, guarded, page_bytes)

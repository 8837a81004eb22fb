"""What a class has, for looking up references: from a .class file, a signature file, or a dex."""

from __future__ import annotations

import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, Optional

# Constant pool tags -> bytes behind the tag (JVM specification, section 4.4); text and long numbers stand apart.
_SIZES = {3: 4, 4: 4, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}
_TEXT, _LONG, _DOUBLE, _CLASS = 1, 5, 6, 7


@dataclass(frozen=True)
class ClassInfo:
    """A class: names have slashes, a method is `name(types)type`, a field `name#type`."""

    name: str
    parents: tuple[str, ...]
    """Its superclass and interfaces."""
    members: frozenset[str]


Lookup = Callable[[str], Optional[ClassInfo]]
"""The class of a name, or None where there is none."""


def lineage(name: str, lookup: Lookup) -> Iterator[ClassInfo]:
    """The class and whatever it inherits from, as far as it is known."""
    waiting, seen = [name], set()
    while waiting:
        info = lookup(waiting.pop())
        if info is None or info.name in seen:
            continue
        seen.add(info.name)
        yield info
        # Every interface answers to Object's methods too.
        waiting += info.parents or (() if info.name == "java/lang/Object" else ("java/lang/Object",))


def has_member(name: str, member: str, lookup: Lookup) -> bool:
    """Whether the class or one that it inherits from has the method or field."""
    return any(member in info.members for info in lineage(name, lookup))


def classes_of_jar(jar: Path) -> Lookup:
    """Looks classes up in a jar, each when it is asked for: parsing all of them takes a minute."""
    archive = zipfile.ZipFile(jar)
    names = set(archive.namelist())
    known: dict[str, ClassInfo] = {}

    def lookup(name: str) -> ClassInfo | None:
        if name not in known and f"{name}.class" in names:
            known[name] = parse_class(archive.read(f"{name}.class"))
        return known.get(name)

    return lookup


def parse_class(data: bytes) -> ClassInfo:
    """Name, parents and members of a .class file."""
    texts, classes, at = _constants(data)
    name, parent, count = struct.unpack_from(">HHH", data, at + 2)
    interfaces = struct.unpack_from(f">{count}H", data, at + 8)
    at += 8 + 2 * count
    members = []
    for separator in ("#", ""):
        at, found = _members(data, at, texts, separator)
        members += found
    parents = tuple(texts[classes[index]] for index in (parent, *interfaces) if index)
    return ClassInfo(texts[classes[name]], parents, frozenset(members))


def _constants(data: bytes) -> tuple[dict[int, str], dict[int, int], int]:
    """Texts by index, the texts' indices of class constants, and where the pool ends."""
    (count,) = struct.unpack_from(">H", data, 8)
    texts, classes, at, index = {}, {}, 10, 1
    while index < count:
        tag, at = data[at], at + 1
        if tag == _TEXT:
            (size,) = struct.unpack_from(">H", data, at)
            texts[index] = data[at + 2 : at + 2 + size].decode("utf-8", "surrogatepass")
            at += 2 + size
        elif tag in (_LONG, _DOUBLE):
            at += 8
            index += 1  # they take two places
        else:
            if tag == _CLASS:
                (classes[index],) = struct.unpack_from(">H", data, at)
            at += _SIZES[tag]
        index += 1
    return texts, classes, at


def _members(data: bytes, at: int, texts: dict[int, str], separator: str) -> tuple[int, list[str]]:
    """Fields or methods, and where they end."""
    (count,) = struct.unpack_from(">H", data, at)
    at += 2
    found = []
    for _ in range(count):
        name, descriptor, attributes = struct.unpack_from(">HHH", data, at + 2)
        found.append(f"{texts[name]}{separator}{texts[descriptor]}")
        at += 8
        for _ in range(attributes):
            at += 6 + struct.unpack_from(">I", data, at + 2)[0]
    return at, found

"""Reads a dex file: the classes it defines, what they refer to and who does (Android's "Dalvik executable" page)."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Iterator

from .classes import ClassInfo
from .instructions import DYNAMIC, DYNAMIC_NAMES, FIELD, METHOD, TYPE, references

_CALL_SITES, _METHOD_HANDLES = 0x0007, 0x0008
_NOTHING = 0xFFFFFFFF
_ITEMS = {_CALL_SITES: "call sites", _METHOD_HANDLES: "method handles"}


@dataclass
class Dex:
    """What one or several dex files hold; class names have slashes and no L."""

    classes: dict[str, ClassInfo] = field(default_factory=dict)
    types: set[str] = field(default_factory=set)
    """Every class named, without arrays and primitive types."""
    members: set[tuple[str, str]] = field(default_factory=set)
    """Every class and member named, the member as in `ClassInfo`."""
    users: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """A reference as `label` writes it -> the classes whose code has it."""
    dynamic: list[str] = field(default_factory=list)
    """Whatever needs a bootstrap method or a method handle."""


def label(owner: str, member: str = "") -> str:
    """A reference as the reports and the list of newer APIs write it: `android.os.Build#SDK_INT`, `a.B.run()`."""
    dotted = owner.replace("/", ".")
    if "#" in member:
        return f"{dotted}#{member.split('#')[0]}"
    return f"{dotted}.{member.replace('/', '.')}" if member else dotted


def read_dex(data: bytes, into: Dex | None = None) -> Dex:
    """Reads a dex file, adding to `into`. Raises `ValueError` if it is damaged."""
    dex = Dex() if into is None else into
    try:
        _Reader(data, dex).read()
    except (IndexError, struct.error) as error:
        raise ValueError(f"a dex file that is damaged: {error}") from error
    return dex


def seal(data: bytes) -> bytes:
    """The dex file with signature and checksum as its content has them."""
    signed = data[:12] + hashlib.sha1(data[32:], usedforsecurity=False).digest() + data[32:]
    return signed[:8] + struct.pack("<I", zlib.adler32(signed[12:])) + signed[12:]


def class_name(descriptor: str) -> str | None:
    """Of `[[La/B;` its `a/B`; None for a primitive type and arrays of one."""
    element = descriptor.lstrip("[")
    return element[1:-1] if element.startswith("L") else None


class _Reader:
    def __init__(self, data: bytes, dex: Dex) -> None:
        if data[:4] != b"dex\n" or seal(data) != data:
            raise ValueError("not a dex file, or its checksum is wrong")
        self._data, self._dex = data, dex
        self._strings = [self._string(at) for (at,) in self._table(56, "<I")]
        self._types = [self._strings[index] for (index,) in self._table(64, "<I")]
        self._protos = [self._proto(*row) for row in self._table(72, "<III")]
        self._fields = [(self._types[owner], f"{self._strings[name]}#{self._types[kind]}")
                        for owner, kind, name in self._table(80, "<HHI")]  # fmt: skip
        self._methods = [(self._types[owner], self._strings[name] + self._protos[proto])
                         for owner, proto, name in self._table(88, "<HHI")]  # fmt: skip

    def read(self) -> None:
        """Fills the `Dex`."""
        names = map(class_name, self._types)
        self._dex.types |= {name for name in names if name is not None}
        self._dex.members |= {(_owner(owner), member) for owner, member in [*self._fields, *self._methods]}
        for row in self._table(96, "<8I"):
            self._class(row)
        self._map()

    def _table(self, header: int, row: str) -> list[tuple[int, ...]]:
        """The rows of a table of fixed size, whose count and offset stand in the header."""
        count, start = struct.unpack_from("<II", self._data, header)
        size = struct.calcsize(row)
        if start + count * size > len(self._data):
            raise ValueError("a dex file that is damaged: a table ends behind it")
        return list(struct.iter_unpack(row, self._data[start : start + count * size]))

    def _string(self, at: int) -> str:
        _, at = self._number(at)
        end = self._data.index(b"\0", at)
        return self._data[at:end].replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass")

    def _proto(self, _shorty: int, result: int, parameters: int) -> str:
        return f"({''.join(self._type_list(parameters))}){self._types[result]}"

    def _type_list(self, at: int) -> list[str]:
        if at == 0:
            return []
        (count,) = struct.unpack_from("<I", self._data, at)
        return [self._types[index] for index in struct.unpack_from(f"<{count}H", self._data, at + 4)]

    def _number(self, at: int) -> tuple[int, int]:
        """A number of variable length (LEB128), and where it ends."""
        value = shift = 0
        while True:
            byte = self._data[at]
            value |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                return value, at

    def _class(self, row: tuple[int, ...]) -> None:
        name = _owner(self._types[row[0]])
        parents = [self._types[row[2]]] if row[2] != _NOTHING else []
        members = []
        for member, code in self._class_data(row[6]) if row[6] else ():
            members.append(member)
            if code:
                self._code(name, member, code)
        parents = [_owner(parent) for parent in parents + self._type_list(row[3])]
        self._dex.classes[name] = ClassInfo(name, tuple(parents), frozenset(members))
        for parent in parents:
            self._dex.users[label(parent)].add(name)

    def _class_data(self, at: int) -> Iterator[tuple[str, int]]:
        """Each field and method, with the offset of a method's code (0: none)."""
        counts = []
        for _ in range(4):
            count, at = self._number(at)
            counts.append(count)
        for group, count in enumerate(counts):
            index = 0
            for _ in range(count):
                step, at = self._number(at)
                _, at = self._number(at)
                index += step
                code = 0
                if group >= 2:
                    code, at = self._number(at)
                yield (self._methods if group >= 2 else self._fields)[index][1], code

    def _code(self, name: str, method: str, at: int) -> None:
        (count,) = struct.unpack_from("<I", self._data, at + 12)
        for kind, index in references(struct.unpack_from(f"<{count}H", self._data, at + 16)):
            if kind == DYNAMIC:
                self._dex.dynamic.append(f"{label(name, method)} has {DYNAMIC_NAMES[index]}")
            elif kind == TYPE:
                self._dex.users[label(_owner(self._types[index]))].add(name)
            elif kind in (FIELD, METHOD):
                owner, member = (self._fields if kind == FIELD else self._methods)[index]
                self._dex.users[label(_owner(owner), member)].add(name)
                self._dex.users[label(_owner(owner))].add(name)

    def _map(self) -> None:
        """Tables that only dynamic calls need."""
        (start,) = struct.unpack_from("<I", self._data, 52)
        (count,) = struct.unpack_from("<I", self._data, start)
        for kind, _, size, _ in struct.iter_unpack("<HHII", self._data[start + 4 : start + 4 + 12 * count]):
            if kind in _ITEMS:
                self._dex.dynamic.append(f"{size} {_ITEMS[kind]}")


def _owner(descriptor: str) -> str:
    """Of a class its name; an array's members are Object's."""
    return "java/lang/Object" if descriptor.startswith("[") else descriptor[1:-1]

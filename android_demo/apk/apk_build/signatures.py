"""Reads Animal Sniffer's signature files: gzip over Java's serialization of one object for each class.

Only the part of the serialization protocol that these files use is read: objects of `Clazz` and `HashSet`, strings,
arrays of strings, references back to them.
"""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

from .classes import ClassInfo

_NULL, _REFERENCE, _CLASS, _OBJECT, _STRING, _ARRAY, _BLOCK, _END = 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x77, 0x78
_FIRST_HANDLE = 0x7E0000


def read_signatures(path: Path) -> dict[str, ClassInfo]:
    """Class name (with slashes) -> what is public or protected in it."""
    reader = _Reader(gzip.decompress(path.read_bytes()))
    found = {}
    while (clazz := reader.value()) is not None:
        members = clazz["signatures"]
        found[clazz["name"]] = ClassInfo(
            name=clazz["name"],
            parents=tuple(name for name in (clazz["superClass"], *clazz["superInterfaces"]) if name),
            members=frozenset(members),
        )
    return found


class _Reader:
    """Values of a serialization stream, one after the other."""

    def __init__(self, data: bytes) -> None:
        if data[:4] != b"\xac\xed\x00\x05":
            raise ValueError("not a stream of Java's serialization, version 5")
        self._data, self._at = data, 4
        self._handles: list[Any] = []

    def value(self) -> Any:
        """The next object: None, a string, a list, a set, or a dictionary of fields."""
        kind = self._take("B")
        if kind == _NULL:
            return None
        if kind == _REFERENCE:
            return self._handles[self._take("i") - _FIRST_HANDLE]
        if kind == _STRING:
            self._handles.append(self._text())
            return self._handles[-1]
        if kind == _ARRAY:
            return self._array()
        if kind == _OBJECT:
            return self._object()
        raise ValueError(f"an element of kind {kind:#x} in a signature file")

    def _take(self, code: str) -> Any:
        (value,) = struct.unpack_from(">" + code, self._data, self._at)
        self._at += struct.calcsize(">" + code)
        return value

    def _text(self) -> str:
        size = self._take("H")
        self._at += size
        return self._data[self._at - size : self._at].decode("utf-8")

    def _array(self) -> list[Any]:
        self._class()
        values: list[Any] = []
        self._handles.append(values)
        values += [self.value() for _ in range(self._take("i"))]
        return values

    def _object(self) -> Any:
        name, fields = self._class()
        handle = len(self._handles)
        self._handles.append(None)
        result: Any = self._set() if name == "java.util.HashSet" else {field: self.value() for field in fields}
        self._handles[handle] = result
        return result

    def _set(self) -> set[str]:
        # The block holds capacity, load factor and size.
        if self._take("B") != _BLOCK or self._take("B") != 12:
            raise ValueError("a set that is not a HashSet's in a signature file")
        self._at += 8
        result = {self.value() for _ in range(self._take("i"))}
        if self._take("B") != _END:
            raise ValueError("a set without its end in a signature file")
        return result

    def _class(self) -> tuple[str, list[str]]:
        """A class's name and its fields, all of them objects."""
        kind = self._take("B")
        if kind == _REFERENCE:
            name, fields = self._handles[self._take("i") - _FIRST_HANDLE]
            return name, fields
        if kind != _CLASS:
            raise ValueError(f"a class of kind {kind:#x} in a signature file")
        name = self._text()
        self._at += 8  # the class's serial number
        handle = len(self._handles)
        self._handles.append(None)
        self._at += 1  # flags
        members: list[str] = []
        for _ in range(self._take("H")):
            if self._take("B") not in b"L[":
                raise ValueError(f"a plain number in {name} of a signature file")
            members.append(self._text())
            self.value()  # its type
        if self._take("B") != _END or self._take("B") != _NULL:
            raise ValueError(f"{name} has a superclass or annotations in a signature file")
        self._handles[handle] = (name, members)
        return name, members

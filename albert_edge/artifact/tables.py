"""Reads any flatbuffer's tables, vectors and strings, trusting none of its offsets.

Follows the flatbuffers binary format and what its C++ verifier demands: each vtable, field, vector and string lies
inside the buffer, on its alignment, strings end in NUL, and the number of things read is limited, since a few bytes can
point to one big table a million times. Nothing is copied but the values asked for; what a vector of bytes holds is
given as a span. It knows no schema: `flatbuffer.py` has TFLite's.
"""

from __future__ import annotations

import struct
from typing import Optional, Union

from albert_edge.errors import ArtifactError

Data = Union[bytes, memoryview]

MAX_ITEMS = 1_000_000
"""Tables and vector elements read from one file. A 12-layer classifier with its layers unrolled has about 10,000."""

MAX_STRING_BYTES = 65_535

INT8, UINT8, UINT16 = struct.Struct("<b"), struct.Struct("<B"), struct.Struct("<H")
INT32, UINT32, UINT64 = struct.Struct("<i"), struct.Struct("<I"), struct.Struct("<Q")
INT64, FLOAT32 = struct.Struct("<q"), struct.Struct("<f")


class Reader:
    """A flatbuffer and how much of it may still be read."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self.size_bytes = len(data)
        self._items_left = MAX_ITEMS
        # Vtable position -> size of its tables and their field offsets: most tables of a kind share one vtable.
        self._vtables: dict[int, tuple[int, tuple[int, ...]]] = {}

    def root(self, identifier: bytes) -> Table:
        """The root table of a buffer whose bytes 4 to 8 are `identifier`."""
        if self.size_bytes < 8 or bytes(self.data[4:8]) != identifier:
            raise ArtifactError(
                f"bytes 4 to 8 must be the file identifier {identifier!r}; "
                f"received {bytes(self.data[4:8])!r} in {self.size_bytes:,} bytes"
            )
        return Table(self, self.target(0))

    def number(self, kind: struct.Struct, position: int) -> int:
        """The little-endian number at byte `position`."""
        self.require(position, kind.size)
        return int(kind.unpack_from(self.data, position)[0])

    def target(self, position: int) -> int:
        """Where the unsigned offset at `position` points to."""
        offset = self.number(UINT32, position)
        if offset == 0:
            raise self.damaged("an offset of 0", position)
        return position + offset

    def require(self, position: int, size_bytes: int) -> None:
        """Raise `ArtifactError` unless the `size_bytes` bytes at `position` lie inside."""
        if position < 0 or position + size_bytes > self.size_bytes:
            raise ArtifactError(
                f"the flatbuffer's offsets must point inside its {self.size_bytes:,} bytes; "
                f"received bytes {position:,} to {position + size_bytes:,}"
            )

    def count(self, items: int) -> None:
        """Raise `ArtifactError` once more than `MAX_ITEMS` were read."""
        self._items_left -= items
        if self._items_left < 0:
            raise ArtifactError(f"the flatbuffer must hold at most {MAX_ITEMS:,} tables and elements; received more")

    def fields(self, table: int) -> tuple[int, ...]:
        """Offset of each field from the table at byte `table`, 0 where absent, checked against the table's size."""
        self.count(1)
        vtable = table - self.number(INT32, table)
        known = self._vtables.get(vtable)
        if known is None:
            known = self._vtables[vtable] = self._read_vtable(vtable)
        table_bytes, offsets = known
        if table % 4:
            raise self.damaged("a misaligned table", table)
        self.require(table, table_bytes)
        return offsets

    def vector(self, position: int, element_bytes: int) -> tuple[int, int]:
        """Position of the first element and number of elements of the vector whose offset is at `position`."""
        start = self.target(position)
        if start % 4:
            raise self.damaged("a misaligned vector", start)
        length = self.number(UINT32, start)
        self.require(start + 4, length * element_bytes)
        return start + 4, length

    def damaged(self, what: str, position: int) -> ArtifactError:
        """The error for `what` at byte `position`."""
        return ArtifactError(f"the flatbuffer must be well-formed; received {what} at byte {position:,}")

    def _read_vtable(self, vtable: int) -> tuple[int, tuple[int, ...]]:
        vtable_bytes = self.number(UINT16, vtable)
        if vtable % 2 or vtable_bytes < 4 or vtable_bytes % 2:
            raise self.damaged(f"a vtable of {vtable_bytes} bytes", vtable)
        self.require(vtable, vtable_bytes)
        table_bytes, *offsets = struct.unpack_from(f"<{vtable_bytes // 2 - 1}H", self.data, vtable + 2)
        if table_bytes < 4 or any(0 < offset < 4 or offset >= table_bytes for offset in offsets):
            raise self.damaged(f"a vtable for {table_bytes} bytes with a field outside", vtable)
        return table_bytes, tuple(offsets)


class Table:
    """One table; a field is named by its number in the schema, and an absent one gives its default."""

    __slots__ = ("_fields", "_position", "_reader")

    def __init__(self, reader: Reader, position: int) -> None:
        self._reader = reader
        self._position = position
        self._fields = reader.fields(position)

    def number(self, field: int, kind: struct.Struct, default: int = 0) -> int:
        """A scalar."""
        position = self._field(field)
        return default if position is None else self._reader.number(kind, position)

    def string(self, field: int) -> str:
        """What is not UTF-8 is replaced: no name that this project looks for has such a character."""
        position = self._field(field)
        if position is None:
            return ""
        start, length = self._reader.vector(position, 1)
        if length > MAX_STRING_BYTES:
            raise ArtifactError(f"a name must be at most {MAX_STRING_BYTES:,} bytes; received {length:,}")
        if self._reader.number(UINT8, start + length) != 0:
            raise self._reader.damaged("a string without its closing NUL", start)
        return bytes(self._reader.data[start : start + length]).decode("utf-8", "replace")

    def integers(self, field: int) -> tuple[int, ...]:
        """A vector of int32."""
        position = self._field(field)
        if position is None:
            return ()
        start, length = self._reader.vector(position, 4)
        self._reader.count(length)
        return struct.unpack_from(f"<{length}i", self._reader.data, start)

    def length(self, field: int, element_bytes: int) -> int:
        """Number of elements of a vector of scalars."""
        position = self._field(field)
        return 0 if position is None else self._reader.vector(position, element_bytes)[1]

    def first(self, field: int, kind: struct.Struct) -> Optional[float]:
        """The first element of a vector of numbers of `kind`; None without one."""
        position = self._field(field)
        if position is None:
            return None
        start, length = self._reader.vector(position, kind.size)
        return kind.unpack_from(self._reader.data, start)[0] if length else None  # type: ignore[no-any-return]

    def span(self, field: int) -> tuple[int, int]:
        """Position and size in bytes of a vector of bytes, (0, 0) if absent."""
        position = self._field(field)
        return (0, 0) if position is None else self._reader.vector(position, 1)

    def table(self, field: int) -> Optional[Table]:
        """The table that the field points to; a union's value is one too."""
        position = self._field(field)
        return None if position is None else Table(self._reader, self._reader.target(position))

    def tables(self, field: int) -> list[Table]:
        """A vector of tables."""
        position = self._field(field)
        if position is None:
            return []
        start, length = self._reader.vector(position, 4)
        self._reader.count(length)
        return [Table(self._reader, self._reader.target(start + 4 * index)) for index in range(length)]

    def has(self, field: int) -> bool:
        """Whether the field is present."""
        return self._field(field) is not None

    def _field(self, field: int) -> Optional[int]:
        if field >= len(self._fields) or self._fields[field] == 0:
            return None
        return self._position + self._fields[field]

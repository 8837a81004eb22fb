"""Dalvik's instructions, as far as it takes to find what they refer to (Android's "Dalvik bytecode" page)."""

from __future__ import annotations

from typing import Iterator, Sequence

STRING, TYPE, FIELD, METHOD, DYNAMIC = "string", "type", "field", "method", "dynamic"
# Opcode -> name, of those that need a bootstrap or a method handle at run time.
DYNAMIC_NAMES = {
    0xFA: "invoke-polymorphic",
    0xFB: "invoke-polymorphic/range",
    0xFC: "invoke-custom",
    0xFD: "invoke-custom/range",
    0xFE: "const-method-handle",
    0xFF: "const-method-type",
}
# First and last opcode, length in units of 16 bits, what its second unit is an index of.
_RANGES: tuple[tuple[int, int, int, str | None], ...] = (
    (0x00, 0x01, 1, None),
    (0x02, 0x02, 2, None),
    (0x03, 0x03, 3, None),
    (0x04, 0x04, 1, None),
    (0x05, 0x05, 2, None),
    (0x06, 0x06, 3, None),
    (0x07, 0x07, 1, None),
    (0x08, 0x08, 2, None),
    (0x09, 0x09, 3, None),
    (0x0A, 0x12, 1, None),
    (0x13, 0x13, 2, None),
    (0x14, 0x14, 3, None),
    (0x15, 0x16, 2, None),
    (0x17, 0x17, 3, None),
    (0x18, 0x18, 5, None),
    (0x19, 0x19, 2, None),
    (0x1A, 0x1A, 2, STRING),
    (0x1B, 0x1B, 3, None),  # the string's index takes two units
    (0x1C, 0x1C, 2, TYPE),
    (0x1D, 0x1E, 1, None),
    (0x1F, 0x20, 2, TYPE),
    (0x21, 0x21, 1, None),
    (0x22, 0x23, 2, TYPE),
    (0x24, 0x25, 3, TYPE),
    (0x26, 0x26, 3, None),
    (0x27, 0x28, 1, None),
    (0x29, 0x29, 2, None),
    (0x2A, 0x2C, 3, None),
    (0x2D, 0x3D, 2, None),
    (0x44, 0x51, 2, None),
    (0x52, 0x6D, 2, FIELD),
    (0x6E, 0x72, 3, METHOD),
    (0x74, 0x78, 3, METHOD),
    (0x7B, 0x8F, 1, None),
    (0x90, 0xAF, 2, None),
    (0xB0, 0xCF, 1, None),
    (0xD0, 0xE2, 2, None),
    (0xFA, 0xFB, 4, DYNAMIC),
    (0xFC, 0xFD, 3, DYNAMIC),
    (0xFE, 0xFF, 2, DYNAMIC),
)
_OPCODES = {opcode: (units, kind) for first, last, units, kind in _RANGES for opcode in range(first, last + 1)}
# Tables that lie among the instructions; their first unit looks like a nop.
_PACKED_SWITCH, _SPARSE_SWITCH, _ARRAY = 0x0100, 0x0200, 0x0300


def references(units: Sequence[int]) -> Iterator[tuple[str, int]]:
    """Kind and index of each reference in a method's code; for `DYNAMIC` the opcode instead of an index.

    Raises `ValueError` at an opcode that doesn't exist: then the lengths above are wrong, or the code is.
    """
    at = 0
    while at < len(units):
        opcode = units[at] & 0xFF
        if units[at] in (_PACKED_SWITCH, _SPARSE_SWITCH, _ARRAY):
            at += _table_units(units, at)
            continue
        if opcode not in _OPCODES:
            raise ValueError(f"no instruction has the opcode {opcode:#04x}")
        length, kind = _OPCODES[opcode]
        if kind is not None:
            yield kind, opcode if kind == DYNAMIC else units[at + 1]
        at += length


def _table_units(units: Sequence[int], at: int) -> int:
    """Length of a table."""
    size = units[at + 1]
    if units[at] == _PACKED_SWITCH:
        return 4 + 2 * size
    if units[at] == _SPARSE_SWITCH:
        return 2 + 4 * size
    elements = units[at + 2] | units[at + 3] << 16
    return 4 + (size * elements + 1) // 2

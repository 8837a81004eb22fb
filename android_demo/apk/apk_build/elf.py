"""How a native library wants to be aligned: the LOAD segments of its ELF program header."""

from __future__ import annotations

import struct

_LOAD = 1


def load_alignments(data: bytes) -> list[int]:
    """The alignment in bytes of each LOAD segment of a little-endian ELF file, of 32 or 64 bits."""
    if data[:4] != b"\x7fELF" or data[4] not in (1, 2) or data[5] != 1:
        raise ValueError("not a little-endian ELF file")
    wide = data[4] == 2
    try:
        (start,) = struct.unpack_from("<Q", data, 32) if wide else struct.unpack_from("<I", data, 28)
        size, count = struct.unpack_from("<HH", data, 54 if wide else 42)
        headers = [start + i * size for i in range(count)]
        loads = [at for at in headers if struct.unpack_from("<I", data, at)[0] == _LOAD]
        return [struct.unpack_from("<Q", data, at + 48)[0] if wide else struct.unpack_from("<I", data, at + 28)[0]
                for at in loads]  # fmt: skip
    except struct.error as error:
        raise ValueError("an ELF file whose program header is cut off") from error

"""Messages with arrays between two processes: a JSON header, then the arrays' bytes.

    4 bytes   length of the header, little-endian
    header    {"fields": {...}, "arrays": [[name, dtype, shape], ...]}
    bytes     of each array in turn, C order

Leaves out pickle, which runs whatever the other side sends.
"""

from __future__ import annotations

import json
import struct
from typing import IO, TYPE_CHECKING, Any, Mapping, Optional

from albert_edge.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LENGTH = struct.Struct("<I")


def send(stream: IO[bytes], fields: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write one message; raises `BrokenPipeError` if nobody reads, `DataError` on an array of objects (strings)."""
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise DataError(f"arrays must hold numbers to be sent; received {name} of type {array.dtype.name}")
    described = [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()]
    header = json.dumps({"fields": dict(fields), "arrays": described}).encode()
    stream.write(_LENGTH.pack(len(header)) + header)
    for array in arrays.values():
        stream.write(array.tobytes())
    stream.flush()


def receive(stream: IO[bytes]) -> Optional[tuple[dict[str, Any], dict[str, NDArray[Any]]]]:
    """The next message, None if the other side has gone, be it in the middle of one."""
    import numpy as np

    length = _read(stream, _LENGTH.size)
    header = length and _read(stream, _LENGTH.unpack(length)[0])
    if not header:
        return None
    values = json.loads(header)
    arrays = {}
    for name, dtype, shape in values["arrays"]:
        array = np.empty(shape, dtype)
        data = _read(stream, array.nbytes)
        if data is None:
            return None
        array.reshape(-1).view(np.uint8)[:] = np.frombuffer(data, np.uint8)
        arrays[name] = array
    return values["fields"], arrays


def _read(stream: IO[bytes], size_bytes: int) -> Optional[bytes]:
    data = stream.read(size_bytes)
    return data if len(data) == size_bytes else None

"""Stored numbers to float32, for every format of weights: what may be stored, widened, and checked to be finite.

Every parameter of this project is float32 on the host; a checkpoint in half precision loses nothing by widening.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Union

from albert_edge.errors import FolderError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
"""Floating type, by safetensors' name -> the little-endian numpy type that its bytes are read as."""

_POSITIONS = "I64"
"""Older checkpoints carry `position_ids`, the only integers that are let in."""

ITEM_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, _POSITIONS: 8}


def check_kind(kind: str, name: str) -> None:
    """Raises `FolderError` unless the tensor `name` may be of the type `kind`."""
    if kind not in FLOATS and not (kind == _POSITIONS and name.endswith("position_ids")):
        raise FolderError(f"{name} must be of a floating type ({', '.join(FLOATS)}); received {kind}")


def to_float32(data: Union[bytes, bytearray], kind: str) -> NDArray[np.float32]:
    """`data`, numbers of the type `kind` one after another, as float32; float32 itself is not copied."""
    import numpy as np

    if kind == "BF16":
        # bfloat16 is the upper half of a float32.
        return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    return np.frombuffer(data, FLOATS.get(kind, "<i8")).astype(np.float32, copy=False)


def check_finite(values: NDArray[np.float32], name: str) -> None:
    """Raises `FolderError` if a number of the tensor `name` is NaN or infinite."""
    import numpy as np

    if not np.isfinite(values).all():
        raise FolderError(f"{name} must hold finite numbers; received NaN or infinity")

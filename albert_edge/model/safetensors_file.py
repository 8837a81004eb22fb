"""A `.safetensors` file to and from numpy, one tensor at a time."""

from __future__ import annotations

import json
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping

from albert_edge.errors import ConfigError, FolderError
from albert_edge.model.floats import check_finite, check_kind, to_float32
from albert_edge.model.packages import host_package

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def read_safetensors(path: Path) -> dict[str, NDArray[np.float32]]:
    """Every tensor of the file as float32; raises `FolderError` if it is damaged or holds other than finite floats."""
    header, start = _checked_header(path)
    with path.open("rb") as file:
        return {name: _read(file, start, name, facts) for name, facts in header.items()}


def _checked_header(path: Path) -> tuple[dict[str, Any], int]:
    """Name -> type, shape and place, and where in the file places start to count."""
    safetensors = host_package("safetensors")
    try:
        # The library checks the whole header, and that the tensors fill the file. Reading them one by one is done
        # here: in numpy it does not know bfloat16 everywhere, and `deserialize` wants a second copy of the file.
        with safetensors.safe_open(str(path), framework="np"), path.open("rb") as file:
            data = file.read(int.from_bytes(file.read(8), "little"))
    except (OSError, safetensors.SafetensorError) as reason:
        raise FolderError(
            f"{path.name} must be a whole safetensors file; received {str(path)!r} ({reason})"
        ) from reason
    header = json.loads(data)
    header.pop("__metadata__", None)
    return header, 8 + len(data)


def _read(file: BufferedReader, start: int, name: str, facts: Mapping[str, Any]) -> NDArray[np.float32]:
    check_kind(facts["dtype"], name)
    first, last = facts["data_offsets"]
    file.seek(start + first)
    data = bytearray(last - first)
    file.readinto(data)
    values = to_float32(data, facts["dtype"])
    check_finite(values, name)
    return values.reshape(facts["shape"])


def tensors_to_bytes(tensors: Mapping[str, NDArray[np.float32]], dtype: str = "float32") -> bytes:
    """A safetensors file of tensors in `dtype`, one of `formats.WEIGHT_TYPES`; the same tensors give the same bytes.

    `{"format": "pt"}` tells transformers that the layouts are PyTorch's: it refuses a file without it.
    Raises `ConfigError` for a number that float16 has no place for.
    """
    import numpy as np

    for name, values in tensors.items() if dtype == "float16" else ():
        largest = np.abs(values).max(initial=0)
        if largest > np.finfo(np.float16).max:
            raise ConfigError(f"float16 holds numbers up to 65504; received {largest:.6g} in {name}")
    contiguous = {name: np.ascontiguousarray(values, dtype) for name, values in tensors.items()}
    data: bytes = host_package("safetensors.numpy").save(contiguous, metadata={"format": "pt"})
    return data

"""`model.safetensors` to and from numpy, all floating types widened to float32.

Every parameter of this project is float32 on the host; a checkpoint in half precision loses nothing by widening.
"""

from __future__ import annotations

import json
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping

from albert_edge.errors import FolderError
from albert_edge.files import PathLike
from albert_edge.model.packages import host_package

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WEIGHTS_FILE = "model.safetensors"

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}


def read_tensors(folder: PathLike) -> dict[str, NDArray[np.float32]]:
    """Every tensor of `folder/model.safetensors` as float32, by the name in the file.

    Raises `FolderError` if there is no such file, it is damaged, or a tensor isn't of a floating type and finite.
    """
    path = Path(folder) / WEIGHTS_FILE
    if not path.is_file():
        found = sorted(entry.name for entry in Path(folder).glob("*")) if Path(folder).is_dir() else []
        raise FolderError(f"a model folder must hold {WEIGHTS_FILE}; received {str(folder)!r} with {found}")
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
            f"{WEIGHTS_FILE} must be a whole safetensors file; received {str(path)!r} ({reason})"
        ) from reason
    header = json.loads(data)
    header.pop("__metadata__", None)
    return header, 8 + len(data)


def _read(file: BufferedReader, start: int, name: str, facts: Mapping[str, Any]) -> NDArray[np.float32]:
    import numpy as np

    kind = facts["dtype"]
    first, last = facts["data_offsets"]
    file.seek(start + first)
    data = bytearray(last - first)
    file.readinto(data)
    if kind == "BF16":
        # bfloat16 is the upper half of a float32.
        values = (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    elif kind in _TYPES:
        values = np.frombuffer(data, _TYPES[kind]).astype(np.float32, copy=False)
    elif kind == "I64" and name.endswith("position_ids"):
        values = np.frombuffer(data, "<i8").astype(np.float32)
    else:
        raise FolderError(f"{name} must be of a floating type ({', '.join(_TYPES)}, BF16); received {kind}")
    if not np.isfinite(values).all():
        raise FolderError(f"{name} must hold finite numbers; received NaN or infinity")
    return values.reshape(facts["shape"])


def tensors_to_bytes(tensors: Mapping[str, NDArray[np.float32]]) -> bytes:
    """A safetensors file of float32 tensors; the same tensors give the same bytes.

    `{"format": "pt"}` tells transformers that the layouts are PyTorch's: it refuses a file without it.
    """
    import numpy as np

    contiguous = {name: np.ascontiguousarray(values, np.float32) for name, values in tensors.items()}
    data: bytes = host_package("safetensors.numpy").save(contiguous, metadata={"format": "pt"})
    return data

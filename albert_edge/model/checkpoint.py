"""The weights of a model folder as numpy arrays, whatever file holds them: no TensorFlow or PyTorch in it.

Written is always `model.safetensors`, in float32 unless float16 is asked for. Read is what Hugging Face's folders hold,
the first that is there:

    model.safetensors, or several files with model.safetensors.index.json
    pytorch_model.bin, or several files with pytorch_model.bin.index.json
    tf_model.h5
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from albert_edge.errors import FolderError
from albert_edge.files import PathLike
from albert_edge.model.hdf5_file import read_hdf5
from albert_edge.model.safetensors_file import read_safetensors, tensors_to_bytes
from albert_edge.model.sharded import read_sharded
from albert_edge.model.torch_file import read_torch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["WEIGHTS_FILE", "WEIGHTS_FILES", "read_tensors", "tensors_to_bytes", "weights_file"]

WEIGHTS_FILE = "model.safetensors"

_READERS: dict[str, Callable[[Path], dict[str, NDArray[np.float32]]]] = {
    WEIGHTS_FILE: read_safetensors,
    f"{WEIGHTS_FILE}.index.json": functools.partial(read_sharded, read=read_safetensors),
    "pytorch_model.bin": read_torch,
    "pytorch_model.bin.index.json": functools.partial(read_sharded, read=read_torch),
    "tf_model.h5": read_hdf5,
}
WEIGHTS_FILES = tuple(_READERS)
"""The files that make a folder one with weights; the first that is there counts."""


def weights_file(folder: PathLike) -> Path:
    """The file of `folder` that its weights are read from; raises `FolderError` if there is none."""
    for name in WEIGHTS_FILES:
        if (Path(folder) / name).is_file():
            return Path(folder) / name
    found = sorted(entry.name for entry in Path(folder).glob("*")) if Path(folder).is_dir() else []
    raise FolderError(
        f"a model folder must hold one of {', '.join(WEIGHTS_FILES)}; received {str(folder)!r} with {found}"
    )


def read_tensors(folder: PathLike) -> dict[str, NDArray[np.float32]]:
    """Every tensor of the folder's weights as float32, by its name and in its layout in PyTorch.

    Raises `FolderError` if there is no file of weights, it is damaged, or a tensor isn't of a floating type and finite.
    """
    path = weights_file(folder)
    return _READERS[path.name](path)

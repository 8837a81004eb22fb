"""`tf_model.h5`: the weights that transformers 4's TensorFlow classes saved, under PyTorch's names and layouts.

The names follow `modeling_tf_albert.py` and `convert_tf_weight_name_to_pt_weight_name` of
`modeling_tf_pytorch_utils.py` (huggingface/transformers up to 4.57): the model's own name goes, `_._` separates a
list's index, and the last part says what the tensor is. Kernels are Keras's, [inputs, outputs].
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from albert_edge.errors import FolderError
from albert_edge.model.floats import check_finite
from albert_edge.model.packages import host_package

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MODULES = ("albert", "predictions", "sop_classifier", "classifier", "qa_outputs")
"""The modules that a class has beside or below its encoder; what stands before the first of them is a model's name."""

_LAST_PARTS = {
    "kernel": ("weight", True),
    "weight": ("weight", False),
    "embeddings": ("weight", False),
    "gamma": ("weight", False),
    "beta": ("bias", False),
    "bias": ("bias", False),
}
"""Last part of a name in Keras -> PyTorch's, and whether the tensor is transposed."""


def read_hdf5(path: Path) -> dict[str, NDArray[np.float32]]:
    """Every tensor of the file as float32, by PyTorch's name and in its layout.

    Raises `FolderError` for a damaged file, a name or a tensor that isn't one of a saved model, or one name with two
    values (an embedding table shared by two layers is stored in both, and equal).
    """
    h5py = host_package("h5py")
    import numpy as np

    tensors: dict[str, NDArray[np.float32]] = {}
    try:
        with h5py.File(path, "r") as file:
            for dataset in _datasets(file, h5py):
                name, values = _read(dataset)
                if name in tensors and not np.array_equal(tensors[name], values):
                    raise FolderError(f"{path.name} must hold one value of a tensor; received two of {name!r}")
                tensors[name] = values
    except (OSError, RuntimeError, KeyError) as reason:
        raise FolderError(f"{path.name} must be a whole HDF5 file; received {str(path)!r} ({reason})") from reason
    return tensors


def _datasets(file: Any, h5py: Any) -> list[Any]:
    """The file's own datasets: links to other files are not followed."""
    found: list[Any] = []
    file.visititems(lambda _, item: found.append(item) if isinstance(item, h5py.Dataset) else None)
    return found


def _read(dataset: Any) -> tuple[str, NDArray[np.float32]]:
    import numpy as np

    # The first part is the group of the top layer, the rest the variable's own name.
    name, transposed = _torch_name(dataset.name.strip("/").partition("/")[2])
    if dataset.dtype.kind != "f":
        raise FolderError(f"{name} must be of a floating type; received {dataset.dtype}")
    # A declared shape costs nothing in a file: only what is stored in it is read.
    if dataset.is_virtual or dataset.external or dataset.nbytes > dataset.id.get_storage_size():
        raise FolderError(f"{name} must be stored whole in the file; received {dataset.id.get_storage_size()} bytes")
    values = np.empty(dataset.shape, np.float32)
    if dataset.size:
        dataset.read_direct(values)
    check_finite(values, name)
    return name, np.ascontiguousarray(values.T) if transposed else values


def _torch_name(name: str) -> tuple[str, bool]:
    """`tf_albert_model/albert/pooler/kernel:0` -> `albert.pooler.weight`, and that it is transposed."""
    parts = name.split(":")[0].replace("_._", "/").split("/")
    first = next((index for index, part in enumerate(parts) if part in _MODULES), None)
    if first is None or parts[-1] not in _LAST_PARTS:
        raise FolderError(f"a tf_model.h5 must hold variables of ALBERT only; received the unknown {name!r}")
    last, transposed = _LAST_PARTS[parts[-1]]
    return ".".join((*parts[first:-1], last)), transposed

"""`pytorch_model.bin`: PyTorch's own file of tensors to numpy, without PyTorch and without executing its pickle.

Two formats carry the name: a zip of a pickle and one entry a storage (PyTorch 1.6 and later), and before it three
pickles, a list of keys and the storages one behind the other. Follows `torch/serialization.py`. Each storage is read
once, its tensors are cut from it, and it is let go: weights that two names share are shared here too.
"""

from __future__ import annotations

import math
import mmap
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Callable, Mapping

from albert_edge.errors import FolderError
from albert_edge.model.floats import ITEM_BYTES, check_finite, check_kind, to_float32
from albert_edge.model.torch_pickle import Storage, StoredTensor, read_pickle

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ZIP_START = b"PK\x03\x04"
_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_PIECE_BYTES = 1 << 20
_LENGTH_BYTES = 8

_Load = Callable[[Storage], bytearray]


def read_torch(path: Path) -> dict[str, NDArray[np.float32]]:
    """Every tensor of the file as float32, by name.

    Raises `FolderError` for a damaged file, one that holds or calls anything but tensors, a view that leaves its
    storage, or a tensor that isn't of a floating type and finite.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(_ZIP_START)) == _ZIP_START:
                return _read_zip(path)
            return _read_legacy(path, file)
    except (OSError, EOFError, zipfile.BadZipFile, NotImplementedError) as reason:
        raise FolderError(f"{path.name} must be a whole PyTorch file; received {str(path)!r} ({reason})") from reason


# === The zip ===


def _read_zip(path: Path) -> dict[str, NDArray[np.float32]]:
    with zipfile.ZipFile(path) as archive:
        largest = path.stat().st_size
        for entry in archive.infolist():
            # What PyTorch stores uncompressed can't be larger than the file, whatever an entry says.
            if entry.file_size > largest:
                raise FolderError(
                    f"{path.name} must be a whole PyTorch file; received {entry.filename} of "
                    f"{entry.file_size} bytes in a file of {largest}"
                )
        names = archive.namelist()
        pickles = [name for name in names if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise FolderError(f"{path.name} must hold one data.pkl; received {len(pickles)} in {str(path)!r}")
        prefix = pickles[0][: -len("data.pkl")]
        order = archive.read(f"{prefix}byteorder") if f"{prefix}byteorder" in names else b"little"
        if order != b"little":
            raise FolderError(f"{path.name} must hold little-endian numbers; received {order!r}")
        tensors = _named_tensors(read_pickle(archive.read(pickles[0]), path.name), path.name)
        return _cut(tensors, lambda storage: _load_entry(archive, prefix, storage, path.name), path.name)


def _load_entry(archive: zipfile.ZipFile, prefix: str, storage: Storage, file_name: str) -> bytearray:
    name = f"{prefix}data/{storage.key}"
    size = storage.length * ITEM_BYTES[storage.kind]
    held = archive.getinfo(name).file_size if name in archive.namelist() else None
    if held != size:
        raise FolderError(
            f"{file_name} must hold {size} bytes of storage {storage.key}; "
            f"received {'none' if held is None else f'{held} bytes'}"
        )
    data = bytearray(size)
    with archive.open(name) as file:
        # A read of the whole entry would hold it twice.
        for start in range(0, size, _PIECE_BYTES):
            piece = file.read(min(_PIECE_BYTES, size - start))
            data[start : start + len(piece)] = piece
    return data


# === Before the zip ===


def _read_legacy(path: Path, file: BinaryIO) -> dict[str, NDArray[np.float32]]:
    size = path.stat().st_size
    if size == 0:
        raise FolderError(f"{path.name} must be a whole PyTorch file; received {str(path)!r}, which is empty")
    # Mapped, so that a length in a damaged pickle can't ask for more than the file has.
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        head = [read_pickle(mapped, path.name) for _ in range(3)]
        if head[:2] != [_MAGIC_NUMBER, _PROTOCOL] or not _is_little_endian(head[2]):
            raise FolderError(f"{path.name} must be a PyTorch file of little-endian numbers; received {str(path)!r}")
        tensors = _named_tensors(read_pickle(mapped, path.name), path.name)
        keys = read_pickle(mapped, path.name)
        start = mapped.tell()
    storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    if not isinstance(keys, list) or sorted(map(str, keys)) != sorted(storages):
        raise FolderError(f"{path.name} must hold the storages that its tensors name; received the list {keys!r:.100}")
    places = {}
    for key in keys:
        places[key] = start
        start += _LENGTH_BYTES + storages[key].length * ITEM_BYTES[storages[key].kind]
    if start > size:
        raise FolderError(f"{path.name} must be a whole PyTorch file; received {size} bytes of {start}")
    return _cut(tensors, lambda storage: _load_at(file, places[storage.key], storage), path.name)


def _is_little_endian(facts: Any) -> bool:
    """Whether the third pickle, about the machine that wrote the file, says so."""
    return isinstance(facts, dict) and facts.get("little_endian") is True


def _load_at(file: BinaryIO, place: int, storage: Storage) -> bytearray:
    """A storage that lies at `place`, its length before it."""
    file.seek(place)
    length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
    if length != storage.length:
        raise FolderError(f"storage {storage.key} must have {storage.length} numbers; received {length}")
    data = bytearray(storage.length * ITEM_BYTES[storage.kind])
    file.readinto(data)  # type: ignore[attr-defined]
    return data


# === Both ===


def _named_tensors(state: Any, file_name: str) -> dict[str, StoredTensor]:
    if not isinstance(state, dict):
        raise FolderError(f"{file_name} must hold tensors by name; received a {type(state).__name__}")
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, StoredTensor):
            raise FolderError(f"{file_name} must hold tensors by name; received {name!r:.100}: {type(value).__name__}")
    return state


def _cut(tensors: Mapping[str, StoredTensor], load: _Load, file_name: str) -> dict[str, NDArray[np.float32]]:
    """Read one storage after another and cut its tensors from it."""
    by_storage: dict[str, list[str]] = {}
    for name, tensor in tensors.items():
        check_kind(tensor.storage.kind, name)
        _check_view(name, tensor, file_name)
        by_storage.setdefault(tensor.storage.key, []).append(name)
    found = {}
    for names in by_storage.values():
        storage = tensors[names[0]].storage
        if any(tensors[name].storage != storage for name in names):
            raise FolderError(f"{file_name} must hold each storage once; received {storage.key} as several kinds")
        values = to_float32(load(storage), storage.kind)
        found.update({name: _view(values, tensors[name], name) for name in names})
    return {name: found[name] for name in tensors}


def _check_view(name: str, tensor: StoredTensor, file_name: str) -> None:
    count = math.prod(tensor.shape)
    reached = tensor.offset
    if count:
        reached += 1 + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides))
    # A stride of 0 can make a few numbers look like terabytes: no parameter has more numbers than are stored.
    if len(tensor.shape) != len(tensor.strides) or max(count, reached) > tensor.storage.length:
        raise FolderError(
            f"{name} must lie inside its storage of {tensor.storage.length} numbers in {file_name}; received the shape "
            f"{list(tensor.shape)}, strides {list(tensor.strides)}, offset {tensor.offset}"
        )


def _view(values: NDArray[np.float32], tensor: StoredTensor, name: str) -> NDArray[np.float32]:
    import numpy as np

    strides = [stride * values.itemsize for stride in tensor.strides]
    view = np.lib.stride_tricks.as_strided(values[tensor.offset :], tensor.shape, strides)
    check_finite(view, name)
    return np.asarray(view, order="C")

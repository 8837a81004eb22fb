"""Files in PyTorch's format written without PyTorch, so that a test can put anything into them.

`state_pickle` writes the opcodes that `torch.save` writes for a dictionary of tensors (protocol 2), and `zip_file` the
archive around them.
"""

import struct
import zipfile
from pathlib import Path

import numpy as np

STORAGES = {"<f4": "FloatStorage", "<f8": "DoubleStorage", "<f2": "HalfStorage", "<i8": "LongStorage"}


def text(value):
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value):
    """An integer, negative or long ones too."""
    data = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def tuple_of(*parts):
    return b"(" + b"".join(parts) + b"t"


def named(module, name):
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


ORDERED = named("collections", "OrderedDict") + b")R"


def tensor(key, shape, strides, *, offset=0, numbers=None, storage="FloatStorage"):
    """A tensor as `_rebuild_tensor_v2` makes it of the storage `key`."""
    numbers = int(np.prod(shape)) if numbers is None else numbers
    mark = tuple_of(text("storage"), named("torch", storage), text(key), text("cpu"), number(numbers)) + b"Q"
    sizes = (tuple_of(*map(number, values)) for values in (shape, strides))
    return named("torch._utils", "_rebuild_tensor_v2") + tuple_of(mark, number(offset), *sizes, b"\x89", ORDERED) + b"R"


def state_pickle(entries):
    """Name -> the opcodes of its value."""
    body = b"".join(text(name) + value for name, value in entries.items())
    return b"\x80\x02" + ORDERED + b"(" + body + b"u."


def zip_file(path, pickled, storages, prefix="archive", **more):
    """The archive of `pickled` and `storages` (key -> bytes) at `path`; `more` are further entries."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(f"{prefix}/data.pkl", pickled)
        for key, data in storages.items():
            archive.writestr(f"{prefix}/data/{key}", data)
        for name, data in more.items():
            archive.writestr(f"{prefix}/{name}", data)


def write_torch(path, tensors):
    """A whole file of contiguous tensors, name -> array."""
    entries, storages = {}, {}
    for index, (name, values) in enumerate(tensors.items()):
        strides = [stride // values.itemsize for stride in np.ascontiguousarray(values).strides]
        kind = STORAGES[values.dtype.newbyteorder("<").str]
        entries[name] = tensor(str(index), values.shape, strides, storage=kind)
        storages[str(index)] = np.ascontiguousarray(values).tobytes()
    zip_file(Path(path), state_pickle(entries), storages)

"""Weights in several files: the index that says which tensor is in which, held against what the files hold.

Follows transformers' `model.safetensors.index.json` and `pytorch_model.bin.index.json`: an object `weight_map` from
tensor to file name.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from albert_edge.errors import FolderError
from albert_edge.files import read_bytes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def read_sharded(path: Path, read: Callable[[Path], dict[str, NDArray[np.float32]]]) -> dict[str, NDArray[np.float32]]:
    """Every tensor of the files that the index at `path` names, each file read by `read`.

    Raises `FolderError` naming a file that is missing or not beside the index, and a tensor that its file lacks, that
    no entry lists, or that is there twice.
    """
    place_of = _weight_map(path)
    tensors: dict[str, NDArray[np.float32]] = {}
    for shard in dict.fromkeys(place_of.values()):
        if not (path.parent / shard).is_file():
            raise FolderError(f"the files of {path.name} must be in its folder; received none named {shard!r}")
        for name, values in read(path.parent / shard).items():
            if name in tensors:
                raise FolderError(f"a checkpoint must hold each tensor once; received {name!r} twice, in {shard!r} too")
            if place_of.get(name) != shard:
                listed = f"listed in {place_of[name]!r}" if name in place_of else "not listed"
                raise FolderError(f"a tensor must be where {path.name} says; received {name!r} in {shard!r}, {listed}")
            tensors[name] = values
    for name, shard in place_of.items():
        if name not in tensors:
            raise FolderError(f"a tensor must be where {path.name} says; received {shard!r} without {name!r}")
    return tensors


def _weight_map(path: Path) -> dict[str, str]:
    """Tensor -> name of its file, which is a plain one."""
    try:
        index = json.loads(read_bytes(path, FolderError), object_pairs_hook=_once)
    except ValueError as reason:
        raise FolderError(f"{path.name} must be JSON; received {str(path)!r} ({reason})") from reason
    places = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(places, dict) or not places:
        raise FolderError(f"{path.name} must hold an object weight_map; received {str(path)!r} without one")
    for name, shard in places.items():
        # A path would let an index read files elsewhere.
        if not isinstance(shard, str) or shard in ("", ".", "..") or Path(shard).name != shard or "\\" in shard:
            raise FolderError(f"{path.name} must name files of its own folder; received {shard!r} for {name!r}")
    return places


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # JSON itself keeps the last of two.
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise FolderError(f"an index must list each tensor once; received {key!r} twice")
        values[key] = value
    return values

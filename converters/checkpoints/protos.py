"""The one door to TensorFlow's and Keras's protocol buffers: parsed as data, no graph is built or run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

from albert_edge.errors import FolderError
from albert_edge.files import read_bytes


def object_graph(data: bytes, path: Path) -> Any:
    """The `TrackableObjectGraph` of the checkpoint at `path`; raises `FolderError` if it is damaged."""
    from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

    return _parsed(TrackableObjectGraph, data, path)


def keras_notes(folder: Path) -> Iterator[str]:
    """What Keras wrote beside each object of the SavedModel `folder`, most of it JSON."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
    from tf_keras.protobuf.saved_metadata_pb2 import SavedMetadata

    path = folder / "keras_metadata.pb"
    if path.is_file():
        yield from (node.metadata for node in _parsed(SavedMetadata, read_bytes(path, FolderError), path).nodes)
    path = folder / "saved_model.pb"
    for graph in _parsed(SavedModel, read_bytes(path, FolderError), path).meta_graphs:
        yield from (node.user_object.metadata for node in graph.object_graph_def.nodes)


def _parsed(message: Any, data: bytes, path: Path) -> Any:
    from google.protobuf.message import DecodeError

    try:
        return message.FromString(data)
    except DecodeError as reason:
        raise FolderError(f"{path.name} must be whole; received {str(path)!r} ({reason})") from reason

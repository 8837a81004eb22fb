"""Passes over the model's flatbuffer that TensorFlow's converter doesn't make. Each takes bytes and returns bytes."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

_IDENTIFIER = b"TFL3"
_BUFFER_ALIGNMENT = 16
"""Bytes; the schema's `force_align`, which the generated Python writer forgets."""

_HOST_NOTES = (b"CONVERSION_METADATA",)
"""Entries on how the converter ran, which no runtime reads."""


class _AligningBuilder(flatbuffers.Builder):  # type: ignore[misc]
    """A builder whose byte vectors start where the kernels expect weights to start."""

    def CreateNumpyVector(self, x: NDArray[Any]) -> Any:  # noqa: N802 - the base class's name
        if x.dtype != np.uint8:
            return super().CreateNumpyVector(x)
        self.StartVector(1, x.size, _BUFFER_ALIGNMENT)
        self.head -= x.size
        self.Bytes[self.head : self.head + x.size] = x.tobytes()
        self.vectorNumElems = x.size
        return self.EndVector()


def read_tables(model: bytes) -> Any:
    """The model as the schema's object tree (`ModelT`); buffers stay views of `model`."""
    return schema.ModelT.InitFromPackedBuf(model)


def write_tables(tables: Any) -> bytes:
    """The object tree as a flatbuffer, its weights aligned."""
    builder = _AligningBuilder(1 << 20)
    builder.Finish(tables.Pack(builder), file_identifier=_IDENTIFIER)
    return bytes(builder.Output())


def with_metadata(model: bytes, name: str, metadata: bytes) -> bytes:
    """`model` with the bytes `metadata` under `name`, and without the converter's own notes."""
    tables = read_tables(model)
    entries = [entry for entry in tables.metadata or [] if entry.name not in (*_HOST_NOTES, name.encode())]
    tables.buffers.append(schema.BufferT(data=np.frombuffer(metadata, np.uint8)))
    entries.append(schema.MetadataT(name=name, buffer=len(tables.buffers) - 1))
    tables.metadata = entries
    return write_tables(_without_unused_buffers(tables))


def _without_unused_buffers(tables: Any) -> Any:
    """Empty the buffers that nothing refers to any more; their numbers stay."""
    used = {tensor.buffer for subgraph in tables.subgraphs for tensor in subgraph.tensors}
    used.update(entry.buffer for entry in tables.metadata)
    for index, buffer in enumerate(tables.buffers):
        if index not in used:
            buffer.data = None
    return tables


def main_tensor_names(model: bytes) -> tuple[list[str], list[str]]:
    """Signature names of the main subgraph's inputs and outputs, in the order of its tensors."""
    tables = read_tables(model)
    signature = tables.signatureDefs[0]
    main = tables.subgraphs[signature.subgraphIndex]
    named = {entry.tensorIndex: entry.name.decode() for entry in (*signature.inputs, *signature.outputs)}
    return [named[index] for index in main.inputs], [named[index] for index in main.outputs]

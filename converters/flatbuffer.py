"""Passes over the model's flatbuffer that TensorFlow's converter doesn't make. Each takes bytes and returns bytes."""

from __future__ import annotations

from typing import Any, Sequence

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from albert_edge.config import SMALL_PRODUCT
from albert_edge.errors import CheckFailedError

__all__ = [
    "PER_ROW_VERSION",
    "main_tensor_names",
    "operator_code",
    "read_tables",
    "schema",
    "with_metadata",
    "with_small_products_in_float32",
    "without_unused_buffers",
    "write_tables",
]

_IDENTIFIER = b"TFL3"
_BUFFER_ALIGNMENT = 16
"""Bytes; the schema's `force_align`, which the generated Python writer forgets."""

PER_ROW_VERSION = 12
"""Of FULLY_CONNECTED with one scale a row of its weights. ai-edge-quantizer writes 1, with which tflite-runtime 2.14
loads the file and answers wrongly."""

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
    """The model as the schema's object tree (`ModelT`); buffers stay views of `model`.

    Buffers that lie behind the flatbuffer, where ai-edge-quantizer writes them, become ordinary ones.
    """
    tables = schema.ModelT.InitFromPackedBuf(model)
    for buffer in tables.buffers:
        # 0 and 1 both mean inside.
        if buffer.offset > 1:
            buffer.data = np.frombuffer(model, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    return tables


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
    return write_tables(without_unused_buffers(tables))


def without_unused_buffers(tables: Any) -> Any:
    """Empty the buffers that nothing refers to any more; their numbers stay."""
    used = {tensor.buffer for subgraph in tables.subgraphs for tensor in subgraph.tensors}
    used.update(entry.buffer for entry in tables.metadata or [])
    for index, buffer in enumerate(tables.buffers):
        if index not in used:
            buffer.data = None
    return tables


def operator_code(tables: Any, code: int, version: int) -> int:
    """The place of the operator code of that version, made if it isn't there."""
    for place, known in enumerate(tables.operatorCodes):
        if (known.builtinCode, known.version) == (code, version):
            return place
    made = schema.OperatorCodeT(deprecatedBuiltinCode=code, builtinCode=code, version=version)
    tables.operatorCodes.append(made)
    return len(tables.operatorCodes) - 1


def with_small_products_in_float32(
    model: bytes, matrices: Sequence[NDArray[np.float32]], table_shape: tuple[int, ...]
) -> bytes:
    """`model` with its int8 products of fewer than `SMALL_PRODUCT` weights computed in float32 again.

    `matrices`: float32 [outputs, inputs], those of the products among them; `table_shape`: of the table of words, which
    stays as it is.

    Raises `CheckFailedError` for such a product whose weights are none of `matrices`.
    """
    tables = read_tables(model)
    buffers: dict[int, int] = {}
    for graph, operator in _int8_products(tables):
        weights = graph.tensors[operator.inputs[1]]
        shape = tuple(weights.shape)
        if np.prod(shape) >= SMALL_PRODUCT or shape == table_shape:
            continue
        operator.builtinOptions.asymmetricQuantizeInputs = False
        # The unrolled layout's products of one matrix share its tensor, which is changed once.
        if weights.type == schema.TensorType.INT8:
            _widen(tables, weights, matrices, buffers)
    return write_tables(without_unused_buffers(tables))


def _widen(tables: Any, weights: Any, matrices: Sequence[NDArray[np.float32]], buffers: dict[int, int]) -> None:
    """Make the int8 constant `weights` its float32 original; `buffers`: int8 buffer -> the one of its original."""
    if weights.buffer not in buffers:
        data = _original(weights, tables.buffers[weights.buffer].data, matrices)
        buffers[weights.buffer] = len(tables.buffers)
        tables.buffers.append(schema.BufferT(data=data.reshape(-1).view(np.uint8)))
    weights.type, weights.buffer, weights.quantization = schema.TensorType.FLOAT32, buffers[weights.buffer], None


def _int8_products(tables: Any) -> list[tuple[Any, Any]]:
    """Graph and operator of every product with constant int8 weights."""
    return [
        (graph, operator)
        for graph in tables.subgraphs
        for operator in graph.operators
        if tables.operatorCodes[operator.opcodeIndex].builtinCode == schema.BuiltinOperator.FULLY_CONNECTED
        and graph.tensors[operator.inputs[1]].type == schema.TensorType.INT8
        and tables.buffers[graph.tensors[operator.inputs[1]].buffer].data is not None
    ]


def _original(tensor: Any, data: NDArray[np.uint8], matrices: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Which of `matrices` was rounded to the int8 constant `tensor`."""
    scales = np.asarray(tensor.quantization.scale, np.float32).reshape(-1, 1)
    for matrix in matrices:
        if matrix.shape == tuple(tensor.shape):
            levels = data.view(np.int8).reshape(matrix.shape)
            # Rounding is off by half a step, and a little where a half was rounded the other way.
            if (np.abs(matrix - levels * scales) <= 0.51 * scales).all():
                return np.ascontiguousarray(matrix, np.float32)
    raise CheckFailedError(f"a product's weights must be the model's; received others of {list(tensor.shape)}")


def main_tensor_names(model: bytes) -> tuple[list[str], list[str]]:
    """Signature names of the main subgraph's inputs and outputs, in the order of its tensors."""
    tables = read_tables(model)
    signature = tables.signatureDefs[0]
    main = tables.subgraphs[signature.subgraphIndex]
    named = {entry.tensorIndex: entry.name.decode() for entry in (*signature.inputs, *signature.outputs)}
    return [named[index] for index in main.inputs], [named[index] for index in main.outputs]

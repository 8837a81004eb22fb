"""Passes over the flatbuffer that store the table of words once, in the precision that its part shall have.

The table is read in two ways: a lookup of each token's row and, by fill-mask, a product with all of it. A lookup knows
one scale for the whole table, and no converter quantizes it for both; so the graph has a scale a row beside it
(`Network(row_scales=...)`) and the values between -1 and 1. TensorFlow's int8 keeps its GATHER. From float32, int8 and
int4 become an EMBEDDING_LOOKUP, whose kernel gives float32 rows of either, and float16 a DEQUANTIZE that is done once.
"""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np
from numpy.typing import NDArray

from albert_edge.errors import CheckFailedError
from converters.flatbuffer import operator_code, read_tables, schema, without_unused_buffers, write_tables
from converters.rounding import LEVELS

_Operator = schema.BuiltinOperator
_Type = schema.TensorType


def with_one_table(model: bytes, table: NDArray[np.float32], uses: int) -> bytes:
    """`model` with the table of words, float32 [V, E], stored once for all its `uses`, lookups and products.

    The converter stores it once for each use, and for products with one scale a row. int8 gets one scale for the whole
    table, 1/127 of its largest value: a lookup knows no other form.

    Raises `CheckFailedError` if it isn't stored for so many uses: the converter has made another table of it somewhere.
    """
    tables = read_tables(model)
    graph = tables.subgraphs[tables.signatureDefs[0].subgraphIndex]
    found = [
        (operator, tensor)
        for operator, tensor in _constants_of_shape(tables, graph, table.shape)
        if _holds(tensor, tables.buffers[tensor.buffer].data, table)
    ]
    count = sum(_readers(tables, graph, operator) for operator, _ in found)
    if count != uses:
        raise CheckFailedError(f"the table of words must be stored for {uses} uses; received it for {count}")
    kept = found[0][1]
    for _, tensor in found:
        tensor.buffer = kept.buffer
    if kept.type == _Type.INT8:
        scale = float(np.abs(table).max()) / 127
        tables.buffers[kept.buffer].data = np.rint(table / scale).astype(np.int8).reshape(-1).view(np.uint8)
        # The rows that were looked up are read with the scale that their own tensor says.
        rows = [graph.tensors[operator.outputs[0]] for operator, _ in found]
        for tensor in (*(each for _, each in found), *(row for row in rows if row.type == kept.type)):
            tensor.quantization = schema.QuantizationParametersT(scale=[scale], zeroPoint=[0])
    return write_tables(without_unused_buffers(tables))


_STORED_TYPES = {
    _Type.FLOAT32: np.float32,
    _Type.FLOAT16: np.float16,
    _Type.INT8: np.int8,
}


def _holds(tensor: Any, data: NDArray[np.uint8], table: NDArray[np.float32]) -> bool:
    """Whether the constant `tensor` is `table`, rounded."""
    if tensor.type not in _STORED_TYPES:
        return False
    values = data.view(_STORED_TYPES[tensor.type]).reshape(table.shape).astype(np.float32)
    # float16 has eleven bits; of int8 a whole step, since a lookup's steps are chosen a little wider than needed.
    allowed = np.abs(table).max() / 1024
    if tensor.type == _Type.INT8:
        allowed = np.asarray(tensor.quantization.scale, np.float32).reshape(-1, 1)
        values = values * allowed
    return bool((np.abs(values - table) <= allowed).all())


_TABLE_POSITIONS = {
    _Operator.GATHER: 0,
    _Operator.FULLY_CONNECTED: 1,
    _Operator.DEQUANTIZE: 0,
}
"""Operator -> which of its inputs may be the table."""


def _constants_of_shape(tables: Any, graph: Any, shape: tuple[int, ...]) -> Iterator[tuple[Any, Any]]:
    """Operator and constant wherever one of that `shape` stands in a table's place."""
    for operator in graph.operators:
        position = _TABLE_POSITIONS.get(tables.operatorCodes[operator.opcodeIndex].builtinCode)
        if position is not None:
            tensor = graph.tensors[operator.inputs[position]]
            if tuple(tensor.shape) == shape and tables.buffers[tensor.buffer].data is not None:
                yield operator, tensor


def _readers(tables: Any, graph: Any, operator: Any) -> int:
    """How many operators read a table through `operator`: itself, or those behind it if it only widens the type."""
    if tables.operatorCodes[operator.opcodeIndex].builtinCode != _Operator.DEQUANTIZE:
        return 1
    return sum(int(np.count_nonzero(each.inputs == operator.outputs[0])) for each in graph.operators)


# === From float32 ===


def with_table_in(model: bytes, table: NDArray[np.float32], precision: str) -> bytes:
    """`model`, which has the float32 `table` [V, E] once (`with_one_table`), with it in `precision`.

    Of int8 and int4 the table's values must be within [-1, 1]: 1 is the last level.
    """
    if precision == "float32":
        return model
    tables = read_tables(model)
    graph = tables.subgraphs[tables.signatureDefs[0].subgraphIndex]
    found = list(_constants_of_shape(tables, graph, table.shape))
    if precision == "float16":
        _widen_when_loaded(tables, graph, found, table)
    else:
        for operator, tensor in found:
            _quantize(tables, tensor, table, precision)
            _read_quantized(tables, operator, precision)
    return write_tables(without_unused_buffers(tables))


def _widen_when_loaded(tables: Any, graph: Any, found: list[tuple[Any, Any]], table: NDArray[np.float32]) -> None:
    """Store float16, and give all who read the table the one result of a DEQUANTIZE in front of them."""
    first = found[0][1]
    tables.buffers[first.buffer].data = table.astype(np.float16).reshape(-1).view(np.uint8)
    wide = schema.TensorT(name=b"word_embeddings", shape=first.shape, type=_Type.FLOAT32, buffer=0)
    graph.tensors.append(wide)
    for operator, tensor in found:
        place = _TABLE_POSITIONS[tables.operatorCodes[operator.opcodeIndex].builtinCode]
        operator.inputs = np.where(np.arange(len(operator.inputs)) == place, len(graph.tensors) - 1, operator.inputs)
        tensor.type = _Type.FLOAT16
    index = next(number for number, tensor in enumerate(graph.tensors) if tensor is first)
    code = operator_code(tables, _Operator.DEQUANTIZE, 2)
    graph.operators.insert(0, schema.OperatorT(opcodeIndex=code, inputs=[index], outputs=[len(graph.tensors) - 1]))


def _quantize(tables: Any, tensor: Any, table: NDArray[np.float32], precision: str) -> None:
    levels = LEVELS[precision]
    values = np.rint(table * np.float32(levels)).astype(np.int8)
    data = packed_int4(values) if precision == "int4" else values.reshape(-1).view(np.uint8)
    tables.buffers[tensor.buffer].data = data
    tensor.type = _Type.INT4 if precision == "int4" else _Type.INT8
    tensor.quantization = schema.QuantizationParametersT(scale=[1 / levels], zeroPoint=[0])


def packed_int4(values: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Integers from -8 to 7, two a byte in C order, the earlier one in the lower bits; an odd last one alone."""
    flat = values.reshape(-1).view(np.uint8) & 15
    flat = np.append(flat, np.zeros(len(flat) % 2, np.uint8))
    return np.asarray(flat[0::2] | flat[1::2] << 4, np.uint8)


def unpacked_int4(data: NDArray[np.uint8], count: int) -> NDArray[np.int8]:
    """The first `count` integers of what `packed_int4` gives."""
    flat = np.stack([data & 15, data >> 4], axis=1).reshape(-1)[:count].astype(np.int8)
    return np.where(flat > 7, flat - 16, flat).astype(np.int8)


def _read_quantized(tables: Any, operator: Any, precision: str) -> None:
    code = tables.operatorCodes[operator.opcodeIndex].builtinCode
    if code == _Operator.GATHER:
        operator.opcodeIndex = operator_code(tables, _Operator.EMBEDDING_LOOKUP, 4 if precision == "int4" else 3)
        operator.inputs = operator.inputs[::-1]
        operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.NONE, None
    else:
        # The rows that go in are rounded to int8 as they come; the version is that of one scale a matrix.
        operator.opcodeIndex = operator_code(tables, code, 10 if precision == "int4" else 9)
        operator.builtinOptions.asymmetricQuantizeInputs = True

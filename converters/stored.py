"""Whether a flatbuffer stores every part as planned: int8 that isn't is found here, not by a user's scales.

Each stored matrix is turned back into float32 and recognized by its values, so that neither names nor the order of
operators are trusted. What a part's products compute in follows from what they are stored in.
"""

from __future__ import annotations

from typing import Any, Iterator, Mapping, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from albert_edge.errors import CheckFailedError
from converters.flatbuffer import read_tables, schema
from converters.parts import parts_of
from converters.schemes import Plan
from converters.weights import stored_precision
from converters.word_table import unpacked_int4

Matrices = Mapping[str, NDArray[np.float32]]

_Operator = schema.BuiltinOperator
_Type = schema.TensorType

_PLACES = {_Operator.FULLY_CONNECTED: 1, _Operator.GATHER: 0, _Operator.EMBEDDING_LOOKUP: 1}
"""Operator -> which of its inputs is the stored matrix."""

_PRECISIONS = {_Type.FLOAT32: "float32", _Type.FLOAT16: "float16", _Type.INT8: "int8", _Type.INT4: "int4"}

STORED_TYPES = tuple(_PRECISIONS)
"""Types of tensors that `matrix_of` reads."""

_LARGEST_ERROR = 0.7
"""Root-mean-square of a recognized matrix's rounding, as a share of its own: int4's is 0.1 to 0.3, and that of an
unrelated matrix of the same size 1.4."""


class Stored(NamedTuple):
    """A matrix as an operator reads it."""

    precision: str
    values: NDArray[np.float32]


def check_stored(model: bytes, matrices: Matrices, table_name: str, plan: Plan) -> None:
    """Raise `CheckFailedError` unless `model` stores every matrix of a part in that part's precision.

    `matrices`: name -> float32 [out, in] as the graph has it before rounding; `table_name`: of the table of words.
    """
    # Zeros look alike in every precision.
    expected = {name: values for name, values in matrices.items() if parts_of(name) is not None and values.any()}
    found: dict[str, str] = {}
    for stored in _stored_matrices(model):
        name = recognized(stored, expected)
        if name is None:
            continue
        wanted = plan.parts["embedding"]
        if name != table_name:
            wanted = stored_precision(name, stored.values.shape, plan.parts)
            if plan.activations is not None:
                # Small products too: their neighbours speak integers.
                wanted = plan.parts[str(parts_of(name))]
        if stored.precision != wanted:
            raise CheckFailedError(f"{name} must be stored as {wanted}; received {stored.precision}")
        found[name] = stored.precision
    equal = {values.tobytes() for name, values in expected.items() if name in found}
    missing = [name for name, values in expected.items() if name not in found and values.tobytes() not in equal]
    if missing:
        raise CheckFailedError(f"every matrix of the model must be stored; received none like {missing[0]}")


def _stored_matrices(model: bytes) -> Iterator[Stored]:
    """Every constant matrix that is multiplied by or looked up in, once a buffer."""
    tables = read_tables(model)
    seen = set()
    for graph in tables.subgraphs:
        widened = {
            operator.outputs[0]: operator.inputs[0]
            for operator in graph.operators
            if tables.operatorCodes[operator.opcodeIndex].builtinCode == _Operator.DEQUANTIZE
        }
        for operator in graph.operators:
            place = _PLACES.get(tables.operatorCodes[operator.opcodeIndex].builtinCode)
            if place is None:
                continue
            tensor = graph.tensors[widened.get(operator.inputs[place], operator.inputs[place])]
            data = tables.buffers[tensor.buffer].data
            if data is not None and len(tensor.shape) == 2 and tensor.buffer not in seen:
                seen.add(tensor.buffer)
                yield Stored(_PRECISIONS[tensor.type], matrix_of(tensor, data))


def matrix_of(tensor: Any, data: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The constant `tensor` as float32."""
    shape = tuple(tensor.shape)
    if tensor.type == _Type.FLOAT32:
        return data.view(np.float32).reshape(shape)
    if tensor.type == _Type.FLOAT16:
        return data.view(np.float16).reshape(shape).astype(np.float32)
    levels = unpacked_int4(data, int(np.prod(shape))) if tensor.type == _Type.INT4 else data.view(np.int8)
    scales = np.asarray(tensor.quantization.scale, np.float32).reshape(-1, 1)
    return np.asarray(levels.reshape(shape) * scales, np.float32)


def recognized(stored: Stored, matrices: Matrices) -> Optional[str]:
    """The name of the matrix that `stored` is nearest to; None for a table of another kind."""
    errors = {
        name: float(np.sqrt(np.mean((values - stored.values) ** 2) / np.mean(values**2)))
        for name, values in matrices.items()
        if values.shape == stored.values.shape and values.any()
    }
    nearest = min(errors, key=lambda name: errors[name], default=None)
    return nearest if nearest is not None and errors[nearest] <= _LARGEST_ERROR else None

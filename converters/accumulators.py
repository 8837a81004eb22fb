"""Sums of an int16 product in int32, where they can't leave its range.

A product of int16 activations sums in the type of its bias, which TensorFlow's converter and ai-edge-quantizer write as
int64. No runtime here has anything but a plain loop for such a product (`FullyConnectedInt16` in TFLite's
kernels/fully_connected.cc), and a compiler vectorizes that loop over int32 sums alone: in int64 the whole file takes
about five times as long. Leaves products alone whose sums could overflow for some input: a wrapped sum is silent.
"""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np
from numpy.typing import NDArray

from converters.flatbuffer import schema

INT32_MAX = 2**31 - 1
_LARGEST_INPUT = 2**15
"""Magnitude of the least int16."""


def with_int32_sums(tables: Any) -> int:
    """Turn the int64 biases in the flatbuffer `tables` into int32, where no input of int16 can overflow the sums.

    A bias that several products add turns only if all of them allow it. Returns the number of products that still sum
    in int64.
    """
    products = list(_int64_products(tables))
    wide = {id(bias) for weights, bias, _ in products if not fits_int32(weights, _values(tables, bias))}
    for _, bias, operator in products:
        if id(bias) not in wide:
            operator.builtinOptions.quantizedBiasType = schema.TensorType.INT32
            _narrow(tables, bias)
    return sum(id(bias) in wide for _, bias, _ in products)


def fits_int32(weights: NDArray[np.int8], bias: NDArray[np.int64]) -> bool:
    """Whether `bias` [rows] plus `weights` [rows, columns] times any int16 vector stays in int32, at each step."""
    largest = _LARGEST_INPUT * np.abs(weights.astype(np.int64)).sum(axis=1) + np.abs(bias)
    return bool((largest <= INT32_MAX).all())


def _int64_products(tables: Any) -> Iterator[tuple[NDArray[np.int8], Any, Any]]:
    """Weights [rows, columns], bias tensor and operator of each FULLY_CONNECTED that sums in int64."""
    for graph in tables.subgraphs:
        for operator in graph.operators:
            if tables.operatorCodes[operator.opcodeIndex].builtinCode != schema.BuiltinOperator.FULLY_CONNECTED:
                continue
            if len(operator.inputs) < 3 or operator.inputs[2] < 0:
                continue
            weights, bias = (graph.tensors[index] for index in operator.inputs[1:3])
            if bias.type == schema.TensorType.INT64:
                yield _values(tables, weights).reshape(weights.shape), bias, operator


def _values(tables: Any, tensor: Any) -> NDArray[Any]:
    dtypes = {schema.TensorType.INT8: np.int8, schema.TensorType.INT64: np.int64}
    return np.frombuffer(bytes(tables.buffers[tensor.buffer].data), dtypes[tensor.type])


def _narrow(tables: Any, bias: Any) -> None:
    """Give `bias` values of int32 in a buffer of its own: another tensor may share the old one."""
    if bias.type == schema.TensorType.INT32:
        return
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(_values(tables, bias).astype(np.int32).tobytes(), np.uint8)
    tables.buffers.append(buffer)
    bias.type, bias.buffer = schema.TensorType.INT32, len(tables.buffers) - 1

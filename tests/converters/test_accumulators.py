"""Sums of int16 products in int32: only where no input overflows them, and biases that are shared stay right."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from converters.accumulators import fits_int32, with_int32_sums
from converters.flatbuffer import schema

INT8, INT32, INT64 = schema.TensorType.INT8, schema.TensorType.INT32, schema.TensorType.INT64
SMALL = np.array([[127, -127], [1, 2]], np.int8)


@pytest.mark.parametrize(("columns", "bias", "fits"), [(516, 0, True), (517, 0, False), (516, 4_000_000, False)])
def test_the_bound_is_that_of_the_worst_input(columns: int, bias: int, fits: bool):
    weights = np.full((2, columns), -127, np.int8)
    weights[1] = 0
    biases = np.array([-bias, 0], np.int64)
    assert fits_int32(weights, biases) is fits
    worst = np.full(columns, -(2**15), np.int64)
    assert (abs(int(weights[0].astype(np.int64) @ worst) + bias) <= 2**31 - 1) is fits


def test_a_row_of_the_least_int8_is_counted_whole():
    assert not fits_int32(np.full((1, 512), -128, np.int8), np.zeros(1, np.int64))


def _tables(products: list[tuple[np.ndarray, int]], biases: list[np.ndarray]) -> Any:
    """A graph of one product for each (weights, number of its bias)."""
    arrays = [*biases, *(weights for weights, _ in products)]
    buffers = [SimpleNamespace(data=np.frombuffer(values.tobytes(), np.uint8)) for values in arrays]
    tensors = [
        SimpleNamespace(type=INT8 if values.dtype == np.int8 else INT64, buffer=number, shape=list(values.shape))
        for number, values in enumerate(arrays)
    ]
    operators = [
        SimpleNamespace(
            opcodeIndex=0, inputs=[0, len(biases) + number, bias], builtinOptions=SimpleNamespace(quantizedBiasType=0)
        )
        for number, (_, bias) in enumerate(products)
    ]
    codes = [SimpleNamespace(builtinCode=schema.BuiltinOperator.FULLY_CONNECTED)]
    graph = SimpleNamespace(tensors=tensors, operators=operators)
    return SimpleNamespace(subgraphs=[graph], buffers=buffers, operatorCodes=codes)


def _biases(tables: Any) -> list[list[int]]:
    dtypes = {INT32: np.int32, INT64: np.int64}
    return [
        np.frombuffer(bytes(tables.buffers[tensor.buffer].data), dtypes[tensor.type]).tolist()
        for tensor in tables.subgraphs[0].tensors
        if tensor.type != INT8
    ]


def test_a_product_that_could_overflow_keeps_its_int64():
    wide = np.full((2, 600), 127, np.int8)
    tables = _tables([(SMALL, 0), (wide, 1)], [np.array([-7, 2**30], np.int64), np.array([5, 6], np.int64)])
    assert with_int32_sums(tables) == 1
    assert [tensor.type for tensor in tables.subgraphs[0].tensors[:2]] == [INT32, INT64]
    assert [each.builtinOptions.quantizedBiasType for each in tables.subgraphs[0].operators] == [INT32, 0]
    assert _biases(tables) == [[-7, 2**30], [5, 6]]


def test_a_bias_that_two_products_add_turns_for_both_or_neither():
    wide = np.full((2, 600), 127, np.int8)
    tables = _tables([(SMALL, 0), (SMALL, 0)], [np.array([1, 2], np.int64)])
    assert with_int32_sums(tables) == 0
    assert _biases(tables) == [[1, 2]]
    tables = _tables([(SMALL, 0), (wide, 0)], [np.array([1, 2], np.int64)])
    assert with_int32_sums(tables) == 2
    assert tables.subgraphs[0].tensors[0].type == INT64

"""The table of words in each precision: the passes on a graph of a lookup and a product, run by the interpreter."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from albert_edge.errors import CheckFailedError
from albert_edge.runtime.interpreter import open_session
from converters.flatbuffer import read_tables, write_tables
from converters.word_table import packed_int4, unpacked_int4, with_one_table, with_table_in

ROWS, WIDTH = 40, 32
TABLE = np.random.default_rng(3).uniform(-1, 1, (ROWS, WIDTH)).astype(np.float32)
TABLE[0] = 0
TABLE[1, 0] = 1

IDS = np.array([3, 39, 7, 7, 0, 21], np.int32)
X = np.random.default_rng(4).normal(size=(2, WIDTH)).astype(np.float32)


def tensor(name: str, shape: list[int], kind: int, buffer: int = 0) -> schema.TensorT:
    return schema.TensorT(name=name, shape=np.array(shape, np.int32), type=kind, buffer=buffer)


def operator(code: int, inputs: list[int], outputs: list[int], kind: int, options: object) -> schema.OperatorT:
    return schema.OperatorT(
        opcodeIndex=code, inputs=inputs, outputs=outputs, builtinOptionsType=kind, builtinOptions=options
    )


@pytest.fixture
def model() -> bytes:
    """The rows of `IDS`, and X times the transposed table; the converter has stored the table twice."""
    data = TABLE.reshape(-1).view(np.uint8)
    kinds = schema.TensorType
    graph = schema.SubGraphT(
        tensors=[
            tensor("ids", [len(IDS)], kinds.INT32),
            tensor("x", list(X.shape), kinds.FLOAT32),
            tensor("table", [ROWS, WIDTH], kinds.FLOAT32, 1),
            tensor("again", [ROWS, WIDTH], kinds.FLOAT32, 2),
            tensor("rows", [len(IDS), WIDTH], kinds.FLOAT32),
            tensor("products", [2, ROWS], kinds.FLOAT32),
        ],
        inputs=[0, 1],
        outputs=[4, 5],
        operators=[
            operator(0, [2, 0], [4], schema.BuiltinOptions.GatherOptions, schema.GatherOptionsT()),
            operator(1, [1, 3, -1], [5], schema.BuiltinOptions.FullyConnectedOptions, schema.FullyConnectedOptionsT()),
        ],
    )
    codes = [schema.BuiltinOperator.GATHER, schema.BuiltinOperator.FULLY_CONNECTED]
    signature = schema.SignatureDefT(
        inputs=[schema.TensorMapT("ids", 0), schema.TensorMapT("x", 1)],
        outputs=[schema.TensorMapT("rows", 4), schema.TensorMapT("products", 5)],
        signatureKey="serving_default",
    )
    return write_tables(
        schema.ModelT(
            version=3,
            operatorCodes=[schema.OperatorCodeT(deprecatedBuiltinCode=c, builtinCode=c, version=1) for c in codes],
            subgraphs=[graph],
            buffers=[schema.BufferT(), schema.BufferT(data=data), schema.BufferT(data=data)],
            signatureDefs=[signature],
        )
    )


@pytest.mark.parametrize("precision", ["float32", "float16", "int8", "int4"])
def test_lookup_and_product_read_one_table(model: bytes, precision: str):
    once = with_one_table(model, TABLE, 2)
    stored = with_table_in(once, TABLE, precision)
    bits = {"float32": 32, "float16": 16, "int8": 8, "int4": 4}[precision]
    sizes = [len(buffer.data) for buffer in read_tables(stored).buffers if buffer.data is not None]
    assert sizes == [ROWS * WIDTH * bits // 8]
    with open_session(stored) as session:
        found = session.run({"ids": IDS, "x": X})
    step = {"float32": 0, "float16": 2**-11, "int8": 1 / 127, "int4": 1 / 7}[precision]
    assert np.abs(found["rows"] - TABLE[IDS]).max() <= 0.5001 * step
    assert (found["rows"][4] == 0).all()
    if precision in ("int8", "int4"):
        # Exactly the levels: no other grid is read.
        np.testing.assert_allclose(found["rows"], np.rint(TABLE[IDS] / step) * step, atol=1e-6)
    rounded = np.rint(TABLE / step) * step if bits <= 8 else TABLE
    # A product's inputs are rounded to int8 as they come.
    np.testing.assert_allclose(found["products"], X @ rounded.T, atol=0.1 if bits <= 8 else 0.01)


def test_a_table_of_other_values_is_not_taken_for_it(model: bytes):
    with pytest.raises(CheckFailedError, match="the table of words must be stored for 2 uses; received it for 0"):
        with_one_table(model, -TABLE, 2)


def test_integers_of_four_bits_lie_two_a_byte():
    """By hand: 1 and -2 are 0001 and 1110, the first in the lower half."""
    assert packed_int4(np.array([1, -2], np.int8)).tolist() == [0b1110_0001]
    values = np.arange(-8, 8, dtype=np.int8)
    np.testing.assert_array_equal(unpacked_int4(packed_int4(values), 16), values)
    assert packed_int4(values[:3]).size == 2
    np.testing.assert_array_equal(unpacked_int4(packed_int4(values[:3]), 3), values[:3])

"""The products of a float32 flatbuffer by the names of their weights, and each stored in its part's precision.

The weights are found by their values. ai-edge-quantizer makes int8 and int4 of them, with one scale a row and the
inputs rounded as they come, and float16 behind a DEQUANTIZE. It chooses a row's scale by the row's largest value, so
what `converters.rounding` put on a grid stays on it. The operators then get the version number of TensorFlow's
`op_version.cc`: the quantizer leaves 1, and with it tflite-runtime 2.14 loads what it computes wrongly.
"""

from __future__ import annotations

import hashlib
from typing import Any, Mapping, NamedTuple

import numpy as np
from ai_edge_quantizer import qtyping, quantizer
from numpy.typing import NDArray

from albert_edge.config import SMALL_PRODUCT
from albert_edge.errors import CheckFailedError
from albert_edge.quiet import absl_errors_only
from converters.flatbuffer import (
    PER_ROW_VERSION,
    operator_code,
    read_tables,
    schema,
    without_unused_buffers,
    write_tables,
)
from converters.parts import BITS, parts_of

Matrices = Mapping[str, NDArray[np.float32]]


class Product(NamedTuple):
    """An operator that multiplies by a stored matrix."""

    graph: Any
    operator: Any
    name: str
    """Hugging Face's name of the weights."""

    @property
    def weights(self) -> Any:
        """Their tensor."""
        return self.graph.tensors[self.operator.inputs[1]]


def products_of(tables: Any, matrices: Matrices, table_name: str) -> list[Product]:
    """Every product of a float32 model with one of `matrices` but the table of words.

    Raises `CheckFailedError` for a product with another constant: its part can't be known.
    """
    names = {_key(values): name for name, values in reversed(list(matrices.items()))}
    found = []
    for graph in tables.subgraphs:
        for operator in graph.operators:
            if tables.operatorCodes[operator.opcodeIndex].builtinCode != schema.BuiltinOperator.FULLY_CONNECTED:
                continue
            tensor = graph.tensors[operator.inputs[1]]
            data = tables.buffers[tensor.buffer].data
            if data is None:
                continue
            name = names.get(_key(data.view(np.float32).reshape(tuple(tensor.shape))))
            if name is None:
                raise CheckFailedError(
                    f"a product's weights must be the model's; received others of {list(tensor.shape)}"
                )
            if name != table_name:
                found.append(Product(graph, operator, name))
    return found


def _key(values: NDArray[np.float32]) -> tuple[tuple[int, ...], bytes]:
    return values.shape, hashlib.sha256(np.ascontiguousarray(values).tobytes()).digest()


def stored_precision(name: str, shape: tuple[int, ...], parts: Mapping[str, str]) -> str:
    """What the product with the weights `name` of that shape is stored in: a small one stays float32."""
    part = parts_of(name)
    if part is None:
        raise CheckFailedError(f"every product must belong to a part; received {name}")
    precision = parts[part]
    is_small = int(np.prod(shape)) < SMALL_PRODUCT and precision in ("int8", "int4")
    return "float32" if is_small else precision


def with_products_in(
    model: bytes, matrices: Matrices, table_name: str, parts: Mapping[str, str], rounded: Matrices
) -> bytes:
    """The float32 `model` with each product in its part's precision.

    Args:
      matrices: name -> float32 [out, in] as the model stores it.
      table_name: of the table of words among them, which stays as it is.
      parts: part -> precision.
      rounded: name -> what is stored in place of the matrix of that name, on its precision's grid.
    """
    tables = read_tables(model)
    names: dict[str, Any] = {}
    for number, product in enumerate(products_of(tables, matrices, table_name)):
        weights = product.weights
        precision = stored_precision(product.name, tuple(weights.shape), parts)
        if precision == "float32":
            continue
        values = np.ascontiguousarray(rounded.get(product.name, matrices[product.name]))
        tables.buffers[weights.buffer].data = values.reshape(-1).view(np.uint8)
        output = product.graph.tensors[product.operator.outputs[0]]
        # The quantizer takes operators by the names of their outputs, which need not differ between subgraphs.
        marked = f"{precision}/{number}/"
        names[marked], output.name = output.name, marked
    precisions = sorted({marked.partition("/")[0] for marked in names})
    return _finished(_quantized(write_tables(tables), precisions), names) if precisions else model


def _quantized(model: bytes, precisions: list[str]) -> bytes:
    worker = quantizer.Quantizer(bytearray(model))
    for precision in precisions:
        worker.update_quantization_recipe(
            regex=f"^{precision}/",
            operation_name=qtyping.TFLOperationName.FULLY_CONNECTED,
            op_config=_op_config(precision),
            algorithm_key="float_casting" if precision == "float16" else "min_max_uniform_quantize",
        )
    # The quantizer reports each step.
    with absl_errors_only():
        return bytes(worker.quantize(enable_progress_report=False).quantized_model)


def _op_config(precision: str) -> Any:
    if precision == "float16":
        weights = qtyping.TensorQuantizationConfig(num_bits=16, dtype=qtyping.TensorDataType.FLOAT)
        return qtyping.OpQuantizationConfig(weight_tensor_config=weights, explicit_dequantize=True)
    weights = qtyping.TensorQuantizationConfig(
        num_bits=BITS[precision], symmetric=True, granularity=qtyping.QuantGranularity.CHANNELWISE
    )
    return qtyping.OpQuantizationConfig(
        weight_tensor_config=weights, compute_precision=qtyping.ComputePrecision.INTEGER
    )


def _finished(model: bytes, names: Mapping[str, Any]) -> bytes:
    """`model` with its tensors' own names again, true versions, and every stored value once."""
    tables = read_tables(model)
    for graph in tables.subgraphs:
        for tensor in graph.tensors:
            tensor.name = names.get(tensor.name.decode(), tensor.name)
    _share_buffers(tables)
    _set_versions(tables)
    return write_tables(without_unused_buffers(tables))


def _share_buffers(tables: Any) -> None:
    """The unrolled layout's products of one matrix, quantized one by one, refer to one buffer again."""
    first: dict[bytes, int] = {}
    for graph in tables.subgraphs:
        for tensor in graph.tensors:
            data = tables.buffers[tensor.buffer].data
            if data is not None and data.size >= SMALL_PRODUCT // 2:
                digest = hashlib.sha256(data.tobytes()).digest()
                tensor.buffer = first.setdefault(digest, tensor.buffer)


def _set_versions(tables: Any) -> None:
    """Give products whose weights have a scale a row their operator code."""
    code = schema.BuiltinOperator.FULLY_CONNECTED
    for graph in tables.subgraphs:
        for operator in graph.operators:
            if tables.operatorCodes[operator.opcodeIndex].builtinCode == code:
                parameters = graph.tensors[operator.inputs[1]].quantization
                if parameters is not None and parameters.scale is not None and len(parameters.scale) > 1:
                    operator.opcodeIndex = operator_code(tables, code, PER_ROW_VERSION)

"""A file whose answers leave it as integers, for devices that have nothing else behind it.

Takes off the last DEQUANTIZE where a product gives the answer, and puts a QUANTIZE there where a float operator does.
Leaves out the inputs, which are int32 ids in every file, and how a device reads the integers: value = scale *
(integer - zero_point), both in the manifest.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional

from albert_edge.errors import ConfigError
from converters.calibration.ranges import Range, grid
from converters.flatbuffer import read_tables, schema, write_tables

_TYPES = {"int8": (schema.TensorType.INT8, 8), "int16": (schema.TensorType.INT16, 16)}


def with_integer_outputs(
    model: bytes, ranges: Mapping[str, Range], activations: str
) -> tuple[bytes, dict[str, dict[str, Any]]]:
    """`model` with each output of its signature as `activations`, `int8` or `int16`; and output -> how to read it.

    `ranges`: of each output by its name in the signature. Raises `ConfigError` for one that a float operator gives and
    that has no range.
    """
    tables = read_tables(model)
    signature = tables.signatureDefs[0]
    graph = tables.subgraphs[signature.subgraphIndex]
    described = {}
    for entry in signature.outputs:
        name, old = entry.name.decode(), int(entry.tensorIndex)
        new = _behind_dequantize(tables, graph, old, _TYPES[activations][0])
        if new is None and name not in ranges:
            raise ConfigError(f"an integer output needs texts to measure it on (--calibrate); received none for {name}")
        if new is None:
            new = _quantize(tables, graph, old, ranges[name], activations)
        entry.tensorIndex = new
        graph.outputs = [new if int(index) == old else int(index) for index in graph.outputs]
        quantization = graph.tensors[new].quantization
        described[name] = {
            "dtype": activations,
            "scale": float(quantization.scale[0]),
            "zero_point": int(quantization.zeroPoint[0]),
        }
    return write_tables(tables), described


def _behind_dequantize(tables: Any, graph: Any, index: int, wanted: int) -> Optional[int]:
    """The integer tensor that a DEQUANTIZE makes the output `index` of, that operator taken off; None without one."""
    for operator in graph.operators:
        if index in map(int, operator.outputs):
            code = tables.operatorCodes[operator.opcodeIndex].builtinCode
            source = int(operator.inputs[0])
            if code != schema.BuiltinOperator.DEQUANTIZE or graph.tensors[source].type != wanted:
                return None
            if not any(index in map(int, each.inputs) for each in graph.operators):
                graph.operators.remove(operator)
            return source
    return None


def _quantize(tables: Any, graph: Any, index: int, limits: Range, activations: str) -> int:
    """Add a QUANTIZE of the float tensor `index`; the new tensor."""
    tensor_type, bits = _TYPES[activations]
    scale, zero_point, *_ = grid(limits, bits)
    source = graph.tensors[index]
    graph.tensors.append(
        schema.TensorT(
            shape=source.shape,
            shapeSignature=source.shapeSignature,
            type=tensor_type,
            buffer=0,
            name=source.name + b":" + activations.encode(),
            quantization=schema.QuantizationParametersT(scale=[scale], zeroPoint=[zero_point]),
            hasRank=source.hasRank,
        )
    )
    made = len(graph.tensors) - 1
    graph.operators.append(_operator(tables, index, made))
    return made


def _operator(tables: Any, taken: int, given: int) -> Any:
    """A QUANTIZE from one tensor to another."""
    codes = [code.builtinCode for code in tables.operatorCodes]
    return schema.OperatorT(
        # Every full-integer file has the operator already.
        opcodeIndex=codes.index(schema.BuiltinOperator.QUANTIZE),
        inputs=[taken],
        outputs=[given],
        builtinOptionsType=schema.BuiltinOptions.QuantizeOptions,
        builtinOptions=schema.QuantizeOptionsT(),
    )

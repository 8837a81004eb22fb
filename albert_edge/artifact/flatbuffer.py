"""What a `.tflite` holds, read without an interpreter and without the flatbuffers package: `read_model`.

Follows TFLite's public schema (version 3, identifier TFL3). It reads every table that describes the graph and no
weight: a buffer is given as a span. Left out: quantization parameters behind a tensor's first, and the options of
operators, but for those that call other subgraphs. Refused: buffers and options stored behind the flatbuffer, which
models beyond 2 GB use; in an artifact that place belongs to the zip.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Optional

from albert_edge.artifact.facts import (
    ModelFacts,
    OperatorFacts,
    QuantizationFacts,
    SignatureFacts,
    SubgraphFacts,
    TensorFacts,
)
from albert_edge.artifact.operators import CUSTOM, TENSOR_TYPES, operator_name
from albert_edge.artifact.tables import FLOAT32, INT8, INT32, INT64, UINT8, UINT32, UINT64, Data, Reader, Table
from albert_edge.errors import ArtifactError

IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3


def read_model(data: Data) -> ModelFacts:
    """Read the flatbuffer `data`, every offset and index checked.

    Raises `ArtifactError` on a damaged structure, an unknown schema version, and data stored outside the flatbuffer.
    """
    model = Reader(data).root(IDENTIFIER)
    version = model.number(_MODEL.version, UINT32)
    if version != SCHEMA_VERSION:
        raise ArtifactError(f"the TFLite schema version must be {SCHEMA_VERSION}; received {version}")
    if model.has(_MODEL.external_buffers):
        raise ArtifactError("every buffer must lie inside the flatbuffer; received a model with external buffers")
    codes = tuple(_operator_code(code) for code in model.tables(_MODEL.operator_codes))
    buffers = tuple(_buffer(buffer) for buffer in model.tables(_MODEL.buffers))
    graphs = model.tables(_MODEL.subgraphs)
    subgraphs = tuple(_subgraph(graph, codes, len(buffers), len(graphs)) for graph in graphs)
    _require(bool(subgraphs), "one subgraph or more", "none")
    return ModelFacts(
        version=version,
        description=model.string(_MODEL.description),
        subgraphs=subgraphs,
        buffers=buffers,
        signatures=tuple(_signature(signature, subgraphs) for signature in model.tables(_MODEL.signature_defs)),
        metadata=_metadata(model, len(buffers)),
    )


def _slots(names: str) -> SimpleNamespace:
    """Fields of a table in the order of the schema, which numbers them from 0."""
    return SimpleNamespace(**{name: number for number, name in enumerate(names.split())})


_MODEL = _slots(
    "version operator_codes subgraphs description buffers metadata_buffer metadata signature_defs "
    "external_buffer_groups external_buffers"
)
_CODE = _slots("deprecated_builtin_code custom_code version builtin_code")
_BUFFER = _slots("data offset size")
_SUBGRAPH = _slots("tensors inputs outputs operators name")
_TENSOR = _slots("shape type buffer name quantization is_variable sparsity shape_signature")
_QUANTIZATION = _slots("min max scale zero_point details_type details quantized_dimension")
_OPERATOR = _slots(
    "opcode_index inputs outputs builtin_options_type builtin_options custom_options custom_options_format "
    "mutating_variable_inputs intermediates large_custom_options_offset large_custom_options_size "
    "builtin_options_2_type builtin_options_2"
)
_SIGNATURE = _slots("inputs outputs signature_key unused subgraph_index")
_TENSOR_MAP = _slots("name tensor_index")
_METADATA = _slots("name buffer")

# Number of subgraphs in the options of the operators that run some; their indices are the first fields. The StableHLO
# ones (in `builtin_options_2`) are not listed: an artifact may not hold them.
_CALLS = {"CALL": 1, "CALL_ONCE": 1, "IF": 2, "WHILE": 2}

# Of the operators that an artifact may hold, those whose options have a vector: their first field.
_OPTIONS_WITH_VECTOR = ("RESHAPE", "SQUEEZE")


def _require(condition: bool, rule: str, received: object) -> None:
    if not condition:
        raise ArtifactError(f"the flatbuffer must have {rule}; received {received}")


def _operator_code(code: Table) -> tuple[str, int]:
    """Name and version. Numbers past 127 lie in the newer field only, and old writers fill the older one only."""
    builtin = max(code.number(_CODE.deprecated_builtin_code, INT8), code.number(_CODE.builtin_code, INT32))
    name = f"CUSTOM:{code.string(_CODE.custom_code)}" if builtin == CUSTOM else operator_name(builtin)
    return name, code.number(_CODE.version, INT32, default=1)


def _buffer(buffer: Table) -> tuple[int, int]:
    # 0 and 1 both mean inside.
    outside = buffer.number(_BUFFER.offset, UINT64) > 1 or buffer.number(_BUFFER.size, UINT64) > 1
    _require(not outside, "its buffers inside", "a buffer stored behind it, as models beyond 2 GB have")
    return buffer.span(_BUFFER.data)


def _subgraph(graph: Table, codes: tuple[tuple[str, int], ...], buffers: int, subgraphs: int) -> SubgraphFacts:
    tensors = tuple(_tensor(tensor, buffers) for tensor in graph.tables(_SUBGRAPH.tensors))
    operators = graph.tables(_SUBGRAPH.operators)
    return SubgraphFacts(
        name=graph.string(_SUBGRAPH.name),
        tensors=tensors,
        inputs=_indices(graph, _SUBGRAPH.inputs, len(tensors)),
        outputs=_indices(graph, _SUBGRAPH.outputs, len(tensors)),
        operators=tuple(_operator(operator, codes, len(tensors), subgraphs) for operator in operators),
    )


def _tensor(tensor: Table, buffers: int) -> TensorFacts:
    kind, buffer = tensor.number(_TENSOR.type, INT8), tensor.number(_TENSOR.buffer, UINT32)
    _require(0 <= kind < len(TENSOR_TYPES), f"tensor types from 0 to {len(TENSOR_TYPES) - 1}", kind)
    _require(buffer < buffers, f"buffer indices below {buffers}", buffer)
    return TensorFacts(
        name=tensor.string(_TENSOR.name),
        dtype=TENSOR_TYPES[kind][0],
        shape=_shape(tensor),
        buffer=buffer,
        quantization=_quantization(tensor.table(_TENSOR.quantization)),
        is_variable=bool(tensor.number(_TENSOR.is_variable, UINT8)),
        is_sparse=tensor.has(_TENSOR.sparsity),
    )


def _shape(tensor: Table) -> tuple[int, ...]:
    shape, signature = tensor.integers(_TENSOR.shape), tensor.integers(_TENSOR.shape_signature)
    signature = signature or shape
    fits = len(shape) == len(signature) and all(known in (size, -1) for size, known in zip(shape, signature))
    _require(fits and min(shape, default=0) >= 0, "shapes of 0 and more that fit their signatures", [shape, signature])
    return signature


def _quantization(parameters: Optional[Table]) -> Optional[QuantizationFacts]:
    if parameters is None:
        return None
    for field in (_QUANTIZATION.min, _QUANTIZATION.max):
        parameters.length(field, 4)
    return QuantizationFacts(
        scales=parameters.length(_QUANTIZATION.scale, 4),
        zero_points=parameters.length(_QUANTIZATION.zero_point, 8),
        dimension=parameters.number(_QUANTIZATION.quantized_dimension, INT32),
        scale=parameters.first(_QUANTIZATION.scale, FLOAT32) or 0.0,
        zero_point=int(parameters.first(_QUANTIZATION.zero_point, INT64) or 0),
    )


def _operator(operator: Table, codes: tuple[tuple[str, int], ...], tensors: int, subgraphs: int) -> OperatorFacts:
    code = operator.number(_OPERATOR.opcode_index, UINT32)
    _require(code < len(codes), f"operator codes below {len(codes)}", code)
    outside = operator.number(_OPERATOR.large_custom_options_offset, UINT64) > 1
    _require(not outside, "its operators' options inside", "options stored behind it")
    name, version = codes[code]
    # Read for every operator, so that its table is checked.
    options = operator.table(_OPERATOR.builtin_options)
    if options and name in _OPTIONS_WITH_VECTOR:
        options.integers(0)
    calls = tuple(options.number(field, INT32) if options else 0 for field in range(_CALLS.get(name, 0)))
    _require(all(0 <= call < subgraphs for call in calls), f"subgraph indices below {subgraphs}", list(calls))
    return OperatorFacts(
        name=name,
        version=version,
        inputs=_indices(operator, _OPERATOR.inputs, tensors, lowest=-1),
        outputs=_indices(operator, _OPERATOR.outputs, tensors),
        calls=calls,
    )


def _indices(table: Table, field: int, tensors: int, lowest: int = 0) -> tuple[int, ...]:
    indices = table.integers(field)
    _require(all(lowest <= index < tensors for index in indices), f"tensor indices below {tensors}", list(indices))
    return indices


def _signature(signature: Table, subgraphs: tuple[SubgraphFacts, ...]) -> SignatureFacts:
    index = signature.number(_SIGNATURE.subgraph_index, UINT32)
    _require(index < len(subgraphs), f"subgraph indices below {len(subgraphs)}", index)
    tensors = len(subgraphs[index].tensors)
    return SignatureFacts(
        name=signature.string(_SIGNATURE.signature_key),
        subgraph=index,
        inputs=_tensor_map(signature, _SIGNATURE.inputs, tensors),
        outputs=_tensor_map(signature, _SIGNATURE.outputs, tensors),
    )


def _tensor_map(signature: Table, field: int, tensors: int) -> dict[str, int]:
    entries: dict[str, int] = {}
    for entry in signature.tables(field):
        name, index = entry.string(_TENSOR_MAP.name), entry.number(_TENSOR_MAP.tensor_index, UINT32)
        _require(index < tensors, f"tensor indices below {tensors}", index)
        _require(name not in entries, "signature arguments named once", repr(name))
        entries[name] = index
    return entries


def _metadata(model: Table, buffers: int) -> dict[str, int]:
    entries: dict[str, int] = {}
    for entry in model.tables(_MODEL.metadata):
        index = entry.number(_METADATA.buffer, UINT32)
        _require(index < buffers, f"buffer indices below {buffers}", index)
        entries[entry.string(_METADATA.name)] = index
    return entries

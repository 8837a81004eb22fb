"""Models for the tests: the golden checkpoint as an artifact, and graphs of a few operators written by hand."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, Optional, Sequence

import numpy as np
import pytest

from albert_edge.artifact import Artifact, Exit, Head, Lengths, Manifest, make_artifact
from albert_edge.config import AlbertConfig
from albert_edge.text.tokenizer import read_tokenizer

HERE = Path(__file__).resolve().parent
MODELS = HERE / "models"
GOLDEN = HERE.parent / "golden" / "base_like"
CHECKPOINT = GOLDEN / "sequence_classification"

_LOOPED, _UNROLLED = ("looped", Lengths(1, 64)), ("unrolled", Lengths(24, 24))

# Classifiers in `models/` -> scheme, layout and lengths.
FILES = {
    "looped_float32": ("float32", *_LOOPED),
    "looped_float16": ("float16", *_LOOPED),
    "looped_dynamic_range": ("dynamic-range", *_LOOPED),
    "unrolled_float32": ("float32", *_UNROLLED),
}
# Files of the other tasks, all of them float32 -> layout and lengths, tasks of the heads.
TASK_FILES = {
    "looped_tag": (_LOOPED, ("token-classification",)),
    "unrolled_tag": (_UNROLLED, ("token-classification",)),
    "looped_answer": (_LOOPED, ("question-answering",)),
    "unrolled_answer": (_UNROLLED, ("question-answering",)),
    "looped_embed": (_LOOPED, ("feature-extraction",)),
    "looped_fill": (_LOOPED, ("fill-mask",)),
    "unrolled_fill": (_UNROLLED, ("fill-mask",)),
    "looped_order": (_LOOPED, ("sentence-order",)),
    "looped_classify_tag": (_LOOPED, ("text-classification", "token-classification")),
    "looped_fill_order": (_LOOPED, ("fill-mask", "sentence-order")),
}
EXIT_FILE = "looped_exit"
"""A classifier whose loop stops by the entropy of its answer."""
TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
LABELS = {"token-classification": TAGS, "sentence-order": ("in_order", "swapped")}
"""Task -> its labels, where they aren't the golden classifier's."""


def model_bytes(name: str) -> bytes:
    return (MODELS / f"{name}.tflite").read_bytes()


def head_of(task: str, **settings: Any) -> Head:
    config = AlbertConfig.load(CHECKPOINT)
    if task in LABELS:
        config = config.replace(labels=LABELS[task])
    return Head(task, config.with_settings(**settings) if settings else config)


def small_parts(name: str = "looped_float32") -> dict[str, Any]:
    """The arguments of `make_artifact` around the flatbuffer `name` of a golden checkpoint."""
    if name == EXIT_FILE:
        return {**small_parts(), "model": model_bytes(name), "exit": Exit("entropy")}
    if name in FILES:
        (scheme, layout, lengths), tasks = FILES[name], ("text-classification",)
    else:
        (layout, lengths), tasks = TASK_FILES[name]
        scheme = "float32"
    return {
        "model": model_bytes(name),
        "heads": [head_of(task) for task in tasks],
        "tokenizer": read_tokenizer(CHECKPOINT),
        "scheme": scheme,
        "layout": layout,
        "lengths": lengths,
        "targets": ["litert"],
    }


def small_artifact(name: str = "looped_float32", **changes: Any) -> Artifact:
    """The artifact of `small_parts`, some of them changed."""
    parts = {**small_parts(name), **changes}
    return make_artifact(parts.pop("model"), **parts)


def version_1(artifact: Artifact) -> Artifact:
    """The same classifier as schema version 1 had it."""
    options = {key: value for key, value in artifact.manifest.tokenizer_options.items() if key != "tokenizer_rules"}
    manifest = dataclasses.replace(artifact.manifest, schema_version=1, tokenizer_options=options)
    return dataclasses.replace(artifact, manifest=manifest)


class GraphBuilder:
    """Writes a `.tflite` operator by operator with the schema's own generated code, which ai-edge-litert carries."""

    def __init__(self) -> None:
        self.schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
        self.model = self.schema.ModelT()
        self.model.version = 3
        self.model.buffers = [self.schema.BufferT()]
        self.model.operatorCodes, self.model.subgraphs, self.model.metadata = [], [], []

    def subgraph(self) -> Any:
        graph = self.schema.SubGraphT()
        graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [], [], []
        self.model.subgraphs.append(graph)
        return graph

    def tensor(self, graph: Any, shape: Sequence[int], value: Optional[np.ndarray] = None, buffer: int = 0) -> int:
        """A tensor of `value`, of the buffer `buffer`, or without a value; its index."""
        tensor = self.schema.TensorT()
        tensor.shape, tensor.name = list(shape), f"tensor{len(graph.tensors)}"
        tensor.type = self.schema.TensorType.FLOAT32
        tensor.buffer = buffer if value is None else self.buffer(value)
        graph.tensors.append(tensor)
        return len(graph.tensors) - 1

    def buffer(self, value: np.ndarray) -> int:
        self.model.buffers.append(self.schema.BufferT())
        self.model.buffers[-1].data = np.frombuffer(value.tobytes(), np.uint8)
        return len(self.model.buffers) - 1

    def operator(
        self, graph: Any, name: str, inputs: Sequence[int], outputs: Sequence[int], calls: Sequence[int] = ()
    ) -> Any:
        code = self.schema.OperatorCodeT()
        code.builtinCode = getattr(self.schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        self.model.operatorCodes.append(code)
        operator = self.schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes) - 1
        operator.inputs, operator.outputs = list(inputs), list(outputs)
        if calls:
            operator.builtinOptionsType = self.schema.BuiltinOptions.WhileOptions
            operator.builtinOptions = self.schema.WhileOptionsT()
            operator.builtinOptions.condSubgraphIndex, operator.builtinOptions.bodySubgraphIndex = calls
        graph.operators.append(operator)
        return operator

    def to_bytes(self) -> bytes:
        import flatbuffers

        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())


def loop_model(with_self_call: bool = False) -> GraphBuilder:
    """x, w -> WHILE(x, w): w passes through the loop and is multiplied in its body; optionally the body runs itself."""
    builder = GraphBuilder()
    main, condition, body = (builder.subgraph() for _ in range(3))
    for graph in (main, condition, body):
        graph.inputs = [builder.tensor(graph, [16, 16]), builder.tensor(graph, [16, 16])]
    builder.model.subgraphs[0].inputs.pop()
    weight = builder.tensor(main, [16, 16], np.ones((16, 16), np.float32))
    results = [builder.tensor(main, [16, 16]) for _ in range(2)]
    builder.operator(main, "WHILE", [0, weight], results, calls=(1, 2))
    main.outputs = results[:1]

    # sum(x) < sum(x): false, so that the loop ends before its first round.
    axes = builder.tensor(condition, [2], np.array([0, 1], np.int32))
    total, condition.outputs = builder.tensor(condition, []), [builder.tensor(condition, [])]
    condition.tensors[axes].type = builder.schema.TensorType.INT32
    condition.tensors[-1].type = builder.schema.TensorType.BOOL
    builder.operator(condition, "SUM", [0, axes], [total])
    builder.operator(condition, "LESS", [total, total], condition.outputs)
    if with_self_call:
        body.outputs = [builder.tensor(body, [16, 16]) for _ in range(2)]
        builder.operator(body, "WHILE", [0, 1], body.outputs, calls=(1, 2))
    else:
        product = builder.tensor(body, [16, 16])
        builder.operator(body, "FULLY_CONNECTED", [0, 1, -1], [product])
        body.outputs = [product, 1]
    _sign(builder, {"x": 0}, {"y": results[0]})
    return builder


def table_model(rows: int) -> GraphBuilder:
    """ids -> the rows of a table of 16 columns, 64 bytes a row."""
    builder = GraphBuilder()
    graph = builder.subgraph()
    graph.inputs = [builder.tensor(graph, [4])]
    graph.tensors[0].type = builder.schema.TensorType.INT32
    table = builder.tensor(graph, [rows, 16], np.ones((rows, 16), np.float32))
    graph.outputs = [builder.tensor(graph, [4, 16])]
    builder.operator(graph, "GATHER", [table, 0], graph.outputs)
    _sign(builder, {"ids": 0}, {"found": graph.outputs[0]})
    return builder


def fill_model(shape: Sequence[int]) -> GraphBuilder:
    """value -> a tensor of `shape` that holds it everywhere."""
    builder = GraphBuilder()
    graph = builder.subgraph()
    graph.inputs = [builder.tensor(graph, [])]
    sizes = builder.tensor(graph, [len(shape)], np.array(shape, np.int32))
    graph.tensors[sizes].type = builder.schema.TensorType.INT32
    graph.outputs = [builder.tensor(graph, shape)]
    builder.operator(graph, "FILL", [sizes, 0], graph.outputs)
    _sign(builder, {"value": 0}, {"filled": graph.outputs[0]})
    return builder


def _sign(builder: GraphBuilder, inputs: dict[str, int], outputs: dict[str, int]) -> None:
    signature = builder.schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs, signature.outputs = (
        [_entry(builder, *item) for item in side.items()] for side in (inputs, outputs)
    )
    builder.model.signatureDefs = [signature]


def _entry(builder: GraphBuilder, name: str, tensor: int) -> Any:
    entry = builder.schema.TensorMapT()
    entry.name, entry.tensorIndex = name, tensor
    return entry


# === Manifests ===

HEAD = {"task": "token-classification", "labels": ["O", "B-X"], "problem_type": None, "settings": {"stride": 9}}
"""A further head as it stands in the manifest."""
EXIT = {"kind": "entropy", "threshold": 0.5, "calibration": None}
OUTPUT = {"dtype": "int8", "scale": 0.25, "zero_point": 3}


def read(values) -> Manifest:
    return Manifest.from_bytes((json.dumps(values, ensure_ascii=False, indent=2) + "\n").encode())

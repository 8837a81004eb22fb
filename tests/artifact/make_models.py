"""Makes the small .tflite files in `models/` from the golden checkpoint; run by hand in the host environment:

    python tests/artifact/make_models.py

They carry no manifest and no vocabulary: the tests put those behind them. The graph follows the deployed one (block on
rank 2, one `tf.while_loop`, depth as an input) but is written apart from `converters`, so that the artifact and the
runtime are tested against something that the project's own converter didn't make.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

HERE = Path(__file__).resolve().parent
CHECKPOINT = HERE.parent / "golden" / "base_like" / "sequence_classification"
FIXED_LENGTH = 24
"""Tokens of the unrolled file: the length of the golden batch."""

Tensors = dict[str, np.ndarray]


def golden_tensors() -> Tensors:
    from safetensors.numpy import load_file

    return load_file(CHECKPOINT / "model.safetensors")


def golden_config() -> dict[str, Any]:
    return json.loads((CHECKPOINT / "config.json").read_text())


class Graph:
    """A classifier's forward pass on one text, written from the checkpoint's tensors."""

    def __init__(self, tf: Any, tensors: Tensors, config: dict[str, Any]) -> None:
        self.tf = tf
        self.tensors = tensors
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.hidden = config["hidden_size"]

    def dense(self, x: Any, name: str) -> Any:
        kernel = self.tf.constant(self.tensors[f"{name}.weight"].T)
        return self.tf.matmul(x, kernel) + self.tensors[f"{name}.bias"]

    def normalized(self, x: Any, name: str) -> Any:
        mean = self.tf.reduce_mean(x, -1, keepdims=True)
        variance = self.tf.reduce_mean(self.tf.math.squared_difference(x, mean), -1, keepdims=True)
        scale = self.tensors[f"{name}.weight"] * self.tf.math.rsqrt(variance + 1e-12)
        return (x - mean) * scale + self.tensors[f"{name}.bias"]

    def embedded(self, ids: Any, types: Any) -> Any:
        """int32 [T], [T] -> float32 [T, H]."""
        tables = "albert.embeddings.{}_embeddings.weight"
        x = self.tf.gather(self.tensors[tables.format("word")], ids)
        x += self.tf.gather(self.tensors[tables.format("token_type")], types)
        x += self.tf.constant(self.tensors[tables.format("position")])[: self.tf.shape(ids)[0]]
        return self.dense(
            self.normalized(x, "albert.embeddings.LayerNorm"), "albert.encoder.embedding_hidden_mapping_in"
        )

    def block(self, x: Any, bias: Any = None) -> Any:
        """float32 [T, H] -> [T, H]; `bias` float32 [1, 1, T] is added to the scores."""
        tf, prefix = self.tf, "albert.encoder.albert_layer_groups.0.albert_layers.0"
        split = (-1, self.heads, self.hidden // self.heads)
        query, key, value = (
            tf.transpose(tf.reshape(self.dense(x, f"{prefix}.attention.{part}"), split), (1, 0, 2))
            for part in ("query", "key", "value")
        )
        scores = tf.matmul(query, key, transpose_b=True) * (split[2] ** -0.5)
        scores = scores if bias is None else scores + bias
        mixed = tf.reshape(tf.transpose(tf.matmul(tf.nn.softmax(scores), value), (1, 0, 2)), (-1, self.hidden))
        x = self.normalized(x + self.dense(mixed, f"{prefix}.attention.dense"), f"{prefix}.attention.LayerNorm")
        inner = self.dense(x, f"{prefix}.ffn")
        inner = 0.5 * inner * (1 + tf.tanh(np.sqrt(2 / np.pi).astype(np.float32) * (inner + 0.044715 * inner**3)))
        return self.normalized(x + self.dense(inner, f"{prefix}.ffn_output"), f"{prefix}.full_layer_layer_norm")

    def logits(self, x: Any) -> dict[str, Any]:
        return {"logits": self.dense(self.tf.tanh(self.dense(x[:1], "albert.pooler")), "classifier")}

    def looped(self, input_ids: Any, token_type_ids: Any, max_depth: Any) -> dict[str, Any]:
        tf = self.tf
        depth = tf.reshape(max_depth, ())
        depth = tf.where((depth < 1) | (depth > self.layers), self.layers, depth)
        start = self.embedded(tf.reshape(input_ids, (-1,)), tf.reshape(token_type_ids, (-1,)))
        _, x = tf.while_loop(
            lambda step, x: step < depth,
            lambda step, x: (step + 1, self.block(x)),
            (tf.constant(0), start),
            shape_invariants=(tf.TensorShape(()), tf.TensorShape((None, self.hidden))),
        )
        return self.logits(x)

    def unrolled(self, input_ids: Any, token_type_ids: Any, attention_mask: Any) -> dict[str, Any]:
        tf = self.tf
        bias = (1 - tf.cast(tf.reshape(attention_mask, (1, 1, -1)), tf.float32)) * -1e4
        x = self.embedded(tf.reshape(input_ids, (-1,)), tf.reshape(token_type_ids, (-1,)))
        for _ in range(self.layers):
            x = self.block(x, bias)
        return self.logits(x)


def convert(tf: Any, graph: Graph, layout: str, scheme: str) -> bytes:
    """The flatbuffer of `graph`, with an empty TFLite Metadata entry."""
    length = None if layout == "looped" else FIXED_LENGTH
    third = ("max_depth", (1,)) if layout == "looped" else ("attention_mask", (1, length))
    inputs = [
        tf.TensorSpec(shape, tf.int32, name)
        for name, shape in (("input_ids", (1, length)), ("token_type_ids", (1, length)), third)
    ]
    module = tf.Module()
    module.serve = tf.function(graph.looped if layout == "looped" else graph.unrolled, input_signature=inputs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.serve.get_concrete_function()], module)
    # Per channel writes FULLY_CONNECTED version 12, which tflite-runtime 2.14 doesn't load.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    if scheme != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if scheme == "float16":
        converter.target_spec.supported_types = [tf.float16]
    return with_metadata(converter.convert())


def with_metadata(model: bytes) -> bytes:
    """`model` with a TFLITE_METADATA buffer that holds an empty ModelMetadata table."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    empty = flatbuffers.Builder(64)
    empty.StartObject(1)
    empty.Finish(empty.EndObject(), file_identifier=b"M001")
    entry, buffer, tree = schema.MetadataT(), schema.BufferT(), schema.ModelT.InitFromPackedBuf(model, 0)
    buffer.data = np.frombuffer(bytes(empty.Output()), np.uint8)
    entry.name, entry.buffer = b"TFLITE_METADATA", len(tree.buffers)
    tree.buffers.append(buffer)
    tree.metadata = [*(tree.metadata or []), entry]
    builder = flatbuffers.Builder(len(model) + 1024)
    builder.Finish(tree.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def main(folder: Path) -> None:
    import tensorflow as tf

    graph = Graph(tf, golden_tensors(), golden_config())
    for layout, scheme in (
        ("looped", "float32"),
        ("looped", "float16"),
        ("looped", "dynamic-range"),
        ("unrolled", "float32"),
    ):
        data = convert(tf, graph, layout, scheme)
        (folder / f"{layout}_{scheme.replace('-', '_')}.tflite").write_bytes(data)
        print(layout, scheme, len(data), file=sys.stderr)


if __name__ == "__main__":
    main(HERE / "models")

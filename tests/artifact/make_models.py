"""Makes the small .tflite files in `models/` from the golden checkpoints; run by hand in the host environment:

    python tests/artifact/make_models.py [NAME...]

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
GOLDEN = HERE.parent / "golden" / "base_like"
FIXED_LENGTH = 24
"""Tokens of the unrolled file: the length of the golden batch."""

Tensors = dict[str, np.ndarray]


def golden_tensors(name: str) -> Tensors:
    from safetensors.numpy import load_file

    return load_file(GOLDEN / name / "model.safetensors")


def golden_config() -> dict[str, Any]:
    """The shape, which all of them have."""
    return json.loads((GOLDEN / "sequence_classification" / "config.json").read_text())


def tagger_on_the_classifier() -> Tensors:
    """The classifier's tensors, and those of the tagger's head under `tagger`."""
    tagger = golden_tensors("token_classification")
    head = {f"tagger.{kind}": tagger[f"classifier.{kind}"] for kind in ("weight", "bias")}
    return {**golden_tensors("sequence_classification"), **head}


class Graph:
    """The forward pass of some heads on one text, written from the checkpoint's tensors.

    `heads`: name of a method of this class -> name of its output, for an output of more than one its prefix.
    """

    def __init__(self, tf: Any, tensors: Tensors, config: dict[str, Any], heads: dict[str, str]) -> None:
        self.tf = tf
        self.tensors = tensors
        self.heads_of_tasks = heads
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

    # === Heads: hidden states float32 [T, H], attention mask and masked positions -> outputs ===

    def classify(self, x: Any, name: str, module: str = "classifier", **_: Any) -> dict[str, Any]:
        return {name: self.dense(self.tf.tanh(self.dense(x[:1], "albert.pooler")), module)}

    def order(self, x: Any, name: str, **_: Any) -> dict[str, Any]:
        return self.classify(x, name, "sop_classifier.classifier")

    def tag(self, x: Any, name: str, **_: Any) -> dict[str, Any]:
        module = "tagger" if "tagger.weight" in self.tensors else "classifier"
        return {name: self.tf.expand_dims(self.dense(x, module), 0)}

    def answer(self, x: Any, name: str, **_: Any) -> dict[str, Any]:
        logits = self.tf.transpose(self.dense(x, "qa_outputs"))
        return {f"start_{name}": logits[:1], f"end_{name}": logits[1:]}

    def embed(self, x: Any, name: str, **_: Any) -> dict[str, Any]:
        mean = self.tf.reduce_mean(x, 0, keepdims=True)
        return {name: mean / self.tf.norm(mean)}

    def fill(self, x: Any, name: str, masked_positions: Any, **_: Any) -> dict[str, Any]:
        tf = self.tf
        inner = self.dense(tf.gather(x, tf.reshape(masked_positions, (-1,))), "predictions.dense")
        inner = 0.5 * inner * (1 + tf.tanh(np.sqrt(2 / np.pi).astype(np.float32) * (inner + 0.044715 * inner**3)))
        # Reshaped, so that the norm's scale isn't multiplied into the table, which is the one that is looked up in.
        inner = tf.reshape(self.normalized(inner, "predictions.LayerNorm"), (-1, inner.shape[1]))
        table = self.tensors["albert.embeddings.word_embeddings.weight"]
        logits = tf.matmul(inner, table, transpose_b=True) + self.tensors["predictions.bias"]
        return {name: tf.reshape(logits, (1, -1, len(table)))}

    def outputs(self, x: Any, masked_positions: Any) -> dict[str, Any]:
        named: dict[str, Any] = {}
        for method, name in self.heads_of_tasks.items():
            named.update(getattr(self, method)(x, name, masked_positions=masked_positions))
        return named

    # === Layouts ===

    def looped(self, input_ids: Any, token_type_ids: Any, max_depth: Any, masked_positions: Any = None) -> Any:
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
        return self.outputs(x, masked_positions)

    def exiting(self, input_ids: Any, token_type_ids: Any, max_depth: Any, exit_threshold: Any) -> Any:
        """`looped`, stopped by the entropy of the classifier's answer; cross entropy with itself, one operation."""
        tf = self.tf
        depth = tf.reshape(max_depth, ())
        depth = tf.where((depth < 1) | (depth > self.layers), self.layers, depth)

        def goes_on(step: Any, x: Any, logits: Any) -> Any:
            answer = tf.nn.log_softmax(tf.reshape(logits, (-1,)))
            entropy = -tf.reduce_sum(tf.exp(answer) * answer)
            is_sure = 1 - entropy / np.log(logits.shape[1]).astype(np.float32) >= exit_threshold[0]
            return (step < depth) & ((step == 0) | ~is_sure)

        def applied(step: Any, x: Any, _: Any) -> Any:
            x = self.block(x)
            return step + 1, x, tf.reshape(self.classify(x, "logits")["logits"], (1, labels))

        labels = len(self.tensors["classifier.bias"])
        start = self.embedded(tf.reshape(input_ids, (-1,)), tf.reshape(token_type_ids, (-1,)))
        step, _, logits = tf.while_loop(
            goes_on,
            applied,
            (tf.constant(0), start, tf.zeros((1, labels))),
            shape_invariants=tuple(map(tf.TensorShape, ((), (None, self.hidden), (1, labels)))),
        )
        return {"logits": logits, "depth_used": tf.reshape(step, (1,))}

    def unrolled(self, input_ids: Any, token_type_ids: Any, attention_mask: Any, masked_positions: Any = None) -> Any:
        tf = self.tf
        bias = (1 - tf.cast(tf.reshape(attention_mask, (1, 1, -1)), tf.float32)) * -1e4
        x = self.embedded(tf.reshape(input_ids, (-1,)), tf.reshape(token_type_ids, (-1,)))
        for _ in range(self.layers):
            x = self.block(x, bias)
        return self.outputs(x, masked_positions)


def convert(tf: Any, graph: Graph, layout: str, scheme: str) -> bytes:
    """The flatbuffer of `graph`, with an empty TFLite Metadata entry."""
    length = FIXED_LENGTH if layout == "unrolled" else None
    third = ("attention_mask", (1, length)) if layout == "unrolled" else ("max_depth", (1,))
    masks = [("masked_positions", (1, length and 1))] if "fill" in graph.heads_of_tasks else []
    inputs = [
        tf.TensorSpec(shape, tf.int32, name)
        for name, shape in (("input_ids", (1, length)), ("token_type_ids", (1, length)), third, *masks)
    ]
    if layout == "exiting":
        inputs.append(tf.TensorSpec((1,), tf.float32, "exit_threshold"))
    module = tf.Module()
    module.serve = tf.function(getattr(graph, layout), input_signature=inputs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.serve.get_concrete_function()], module)
    # Per channel writes FULLY_CONNECTED version 12, which tflite-runtime 2.14 doesn't load.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    if scheme != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if scheme == "float16":
        converter.target_spec.supported_types = [tf.float16]
    return finished(converter.convert())


def finished(model: bytes) -> bytes:
    """`model` with an empty ModelMetadata table as its TFLITE_METADATA, and equal constants stored once."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    empty = flatbuffers.Builder(64)
    empty.StartObject(1)
    empty.Finish(empty.EndObject(), file_identifier=b"M001")
    entry, buffer, tree = schema.MetadataT(), schema.BufferT(), schema.ModelT.InitFromPackedBuf(model, 0)
    share_equal_buffers(tree)
    buffer.data = np.frombuffer(bytes(empty.Output()), np.uint8)
    entry.name, entry.buffer = b"TFLITE_METADATA", len(tree.buffers)
    tree.buffers.append(buffer)
    tree.metadata = [*(tree.metadata or []), entry]
    builder = flatbuffers.Builder(len(model) + 1024)
    builder.Finish(tree.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def share_equal_buffers(tree: Any) -> None:
    """The converter stores the table of words for the lookup and for the product with it."""
    first: dict[bytes, int] = {}
    for tensor in (tensor for graph in tree.subgraphs for tensor in graph.tensors):
        data = tree.buffers[tensor.buffer].data
        if data is not None and len(data) >= 1024:
            tensor.buffer = first.setdefault(bytes(data), tensor.buffer)
    used = {tensor.buffer for graph in tree.subgraphs for tensor in graph.tensors}
    for index, buffer in enumerate(tree.buffers):
        if index not in used and index not in {entry.buffer for entry in tree.metadata or []}:
            buffer.data = None


# File -> layout, scheme, checkpoint, heads.
MODELS = {
    "looped_float32": ("looped", "float32", "sequence_classification", {"classify": "logits"}),
    "looped_float16": ("looped", "float16", "sequence_classification", {"classify": "logits"}),
    "looped_dynamic_range": ("looped", "dynamic-range", "sequence_classification", {"classify": "logits"}),
    "unrolled_float32": ("unrolled", "float32", "sequence_classification", {"classify": "logits"}),
    "looped_exit": ("exiting", "float32", "sequence_classification", {"classify": "logits"}),
    "looped_tag": ("looped", "float32", "token_classification", {"tag": "logits"}),
    "unrolled_tag": ("unrolled", "float32", "token_classification", {"tag": "logits"}),
    "looped_answer": ("looped", "float32", "question_answering", {"answer": "logits"}),
    "unrolled_answer": ("unrolled", "float32", "question_answering", {"answer": "logits"}),
    "looped_embed": ("looped", "float32", "sequence_classification", {"embed": "embedding"}),
    "looped_fill": ("looped", "float32", "masked_lm", {"fill": "logits"}),
    "unrolled_fill": ("unrolled", "float32", "masked_lm", {"fill": "logits"}),
    "looped_order": ("looped", "float32", "pretraining", {"order": "logits"}),
    "looped_classify_tag": ("looped", "float32", "tagger", {"classify": "classify_logits", "tag": "tag_logits"}),
    "looped_fill_order": ("looped", "float32", "pretraining", {"fill": "fill_logits", "order": "order_logits"}),
}


def main(folder: Path, names: list[str]) -> None:
    import tensorflow as tf

    for name in names or MODELS:
        layout, scheme, checkpoint, heads = MODELS[name]
        tensors = tagger_on_the_classifier() if checkpoint == "tagger" else golden_tensors(checkpoint)
        data = convert(tf, Graph(tf, tensors, golden_config(), heads), layout, scheme)
        (folder / f"{name}.tflite").write_bytes(data)
        print(name, len(data), file=sys.stderr)


if __name__ == "__main__":
    main(HERE / "models", sys.argv[1:])

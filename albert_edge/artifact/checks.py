"""Whether the parts of an artifact fit each other: graph and manifest, files and hashes, vocabulary and table.

Each of these has shipped wrong in somebody's model: labels of another head, a tokenizer of another checkpoint. None of
them stops an interpreter, which answers all the same.
"""

from __future__ import annotations

import hashlib
from typing import Mapping

from albert_edge.artifact.facts import ModelFacts, SignatureFacts, TensorFacts
from albert_edge.artifact.manifest import LABELS_FILE, MANIFEST_FILE, VOCABULARY_FILE, Manifest
from albert_edge.artifact.tables import Data
from albert_edge.artifact.weights import table_rows
from albert_edge.errors import ArtifactError

SIGNATURE = "serving_default"
METADATA_ENTRY = "TFLITE_METADATA"
METADATA_IDENTIFIER = b"M001"


def check_files(manifest: Manifest, model: Data, files: Mapping[str, bytes]) -> None:
    """The associated files are those of the manifest, and every hash is right."""
    needed = sorted((LABELS_FILE, VOCABULARY_FILE))
    if sorted(files) != needed or sorted(manifest.files) != needed:
        raise ArtifactError(
            f"the associated files must be {MANIFEST_FILE}, {', '.join(needed)}; "
            f"received {', '.join(sorted(files)) or 'none'} beside a manifest of {', '.join(sorted(manifest.files))}"
        )
    for name, contents, stated in (
        ("the flatbuffer", model, manifest.model_sha256),
        *((name, files[name], manifest.files[name]) for name in needed),
    ):
        digest = hashlib.sha256(contents).hexdigest()
        if digest != stated:
            raise ArtifactError(f"the SHA-256 of {name} must be {stated}, as the manifest has it; received {digest}")
    if files[LABELS_FILE] != labels_file(manifest.labels):
        raise ArtifactError(f"{LABELS_FILE} must hold the manifest's labels, one a line; received others")


def labels_file(labels: tuple[str, ...]) -> bytes:
    """Contents of `labels.txt`: one label a line, UTF-8, in order of the logits."""
    return "".join(f"{label}\n" for label in labels).encode()


def check_graph(manifest: Manifest, model: ModelFacts, data: Data) -> None:
    """The graph has the one signature of the manifest's task and layout, the head's width and the table's rows."""
    span = model.buffers[model.metadata[METADATA_ENTRY]] if METADATA_ENTRY in model.metadata else (0, 0)
    if data[span[0] : span[0] + span[1]][4:8] != METADATA_IDENTIFIER:
        raise ArtifactError(f"the flatbuffer must hold TFLite Metadata under {METADATA_ENTRY}; received one without")
    names = [signature.name for signature in model.signatures]
    if names != [SIGNATURE] or model.signatures[0].subgraph != 0:
        raise ArtifactError(f"the model must have one signature, {SIGNATURE}, on its first subgraph; received {names}")
    signature, tensors = model.signatures[0], model.subgraphs[0].tensors
    _check_arguments(manifest, model, signature)
    width = tensors[signature.outputs["logits"]].shape[-1:]
    if width != (len(manifest.labels),):
        raise ArtifactError(f"the logits must be as wide as the {len(manifest.labels)} labels; received {list(width)}")
    rows = table_rows(model, (0, signature.inputs["input_ids"]))
    if rows != [manifest.model_config.vocab_size]:
        raise ArtifactError(
            f"input_ids must be looked up in one table of vocab_size {manifest.model_config.vocab_size} rows; "
            f"received tables of {rows} rows"
        )


def check_vocabulary(manifest: Manifest, pieces: int) -> None:
    """The tokenizer's `pieces` are as many as the model's table has rows."""
    if pieces != manifest.model_config.vocab_size:
        raise ArtifactError(
            f"{VOCABULARY_FILE} must have vocab_size {manifest.model_config.vocab_size} pieces; received {pieces}"
        )


def input_shapes(manifest: Manifest) -> dict[str, tuple[int, ...]]:
    """Name -> shape of each int32 input of the signature, -1 for the number of tokens in the looped layout."""
    if manifest.layout == "looped":
        return {"input_ids": (1, -1), "token_type_ids": (1, -1), "max_depth": (1,)}
    tokens = (1, manifest.lengths.maximum)
    return {"input_ids": tokens, "token_type_ids": tokens, "attention_mask": tokens}


def _check_arguments(manifest: Manifest, model: ModelFacts, signature: SignatureFacts) -> None:
    graph = model.subgraphs[0]
    for kind, arguments, places in (
        ("inputs", signature.inputs, graph.inputs),
        ("outputs", signature.outputs, graph.outputs),
    ):
        if sorted(arguments.values()) != sorted(places):
            raise ArtifactError(f"the signature must name each of the graph's {kind} once; received {dict(arguments)}")
    expected = {name: ("int32", shape) for name, shape in input_shapes(manifest).items()}
    received = {name: _dtype_and_shape(graph.tensors[index]) for name, index in signature.inputs.items()}
    if received != expected:
        raise ArtifactError(f"the {manifest.layout} graph must have the inputs {expected}; received {received}")
    outputs = {name: graph.tensors[index].dtype for name, index in signature.outputs.items()}
    if outputs != {"logits": "float32"}:
        raise ArtifactError(f"a {manifest.task} graph must have one output, logits of float32; received {outputs}")


def _dtype_and_shape(tensor: TensorFacts) -> tuple[str, tuple[int, ...]]:
    return tensor.dtype, tensor.shape

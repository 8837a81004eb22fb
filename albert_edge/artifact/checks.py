"""Whether the parts of an artifact fit each other: graph and manifest, files and hashes, vocabulary and table.

Each of these has shipped wrong in somebody's model: labels of another head, a tokenizer of another checkpoint. None of
them stops an interpreter, which answers all the same.
"""

from __future__ import annotations

import hashlib
from typing import Mapping

from albert_edge.artifact.card import METADATA_ENTRY, METADATA_IDENTIFIER
from albert_edge.artifact.facts import ModelFacts, SignatureFacts, TensorFacts
from albert_edge.artifact.heads import labels_of
from albert_edge.artifact.manifest import LABELS_FILE, MANIFEST_FILE, Manifest
from albert_edge.artifact.tables import Data
from albert_edge.artifact.weights import product_types, table_rows, table_types
from albert_edge.config import SMALL_PRODUCT
from albert_edge.errors import ArtifactError
from albert_edge.tasks import DEPTH_USED, EXIT_THRESHOLD, MASKED_POSITIONS, output_names, task_named

SIGNATURE = "serving_default"


def check_files(manifest: Manifest, model: Data, files: Mapping[str, bytes]) -> None:
    """The associated files are those of the manifest, and every hash is right."""
    needed = sorted(manifest.file_names)
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
    if manifest.labels and files[LABELS_FILE] != labels_file(manifest.labels):
        raise ArtifactError(f"{LABELS_FILE} must hold the manifest's labels, one a line; received others")


def labels_file(labels: tuple[str, ...]) -> bytes:
    """Contents of `labels.txt`: one label a line, UTF-8, in order of the logits."""
    return "".join(f"{label}\n" for label in labels).encode()


def check_graph(manifest: Manifest, model: ModelFacts, data: Data) -> None:
    """The graph has the one signature of the manifest's heads and layout, and looks words up in a table that fits.

    The table may be read elsewhere too: the product of `fill-mask` is with the same stored values.
    """
    span = model.buffers[model.metadata[METADATA_ENTRY]] if METADATA_ENTRY in model.metadata else (0, 0)
    if data[span[0] : span[0] + span[1]][4:8] != METADATA_IDENTIFIER:
        raise ArtifactError(f"the flatbuffer must hold TFLite Metadata under {METADATA_ENTRY}; received one without")
    names = [signature.name for signature in model.signatures]
    if names != [SIGNATURE] or model.signatures[0].subgraph != 0:
        raise ArtifactError(f"the model must have one signature, {SIGNATURE}, on its first subgraph; received {names}")
    signature = model.signatures[0]
    _check_arguments(manifest, model, signature)
    rows = table_rows(model, (0, signature.inputs["input_ids"]))
    # A second one, of the rows' scales, stands beside an int8 table.
    if set(rows) != {manifest.model_config.vocab_size}:
        raise ArtifactError(
            f"input_ids must be looked up in tables of vocab_size {manifest.model_config.vocab_size} rows; "
            f"received tables of {rows} rows"
        )


def check_stored_types(manifest: Manifest, model: ModelFacts) -> None:
    """The matrices are stored in the types that the manifest's parts have: int8 that isn't is slow, or large, or wrong.

    Which matrix is which part's isn't known here, only which types there may be; small ones stay float32 and are left
    out. The conversion compares each matrix (`converters.stored`).
    """
    parts = manifest.parts
    if not parts:
        return
    table = parts.get("embedding", "float32")
    found = table_types(model, (0, model.signatures[0].inputs["input_ids"]))
    if found != {table}:
        raise ArtifactError(f"the table of words must be stored as {table}, its part's; received {sorted(found)}")
    allowed = {precision for part, precision in parts.items() if part != "embedding"}
    # fill-mask multiplies by the table.
    allowed |= {table} if manifest.takes_masks else set()
    others = product_types(model, SMALL_PRODUCT) - allowed
    if others:
        raise ArtifactError(
            f"the products must be stored as their parts are, {', '.join(sorted(allowed))}; received {sorted(others)}"
        )


def check_vocabulary(manifest: Manifest, pieces: int) -> None:
    """The tokenizer's `pieces` are as many as the model's table has rows."""
    expected = manifest.model_config.vocab_size
    if pieces != expected:
        raise ArtifactError(f"{manifest.vocabulary_file} must have vocab_size {expected} pieces; received {pieces}")


def input_shapes(manifest: Manifest) -> dict[str, tuple[int, ...]]:
    """Name -> shape of each input of the signature, -1 for a number of tokens or masks that the request has."""
    if manifest.layout == "looped":
        shapes: dict[str, tuple[int, ...]] = {"input_ids": (1, -1), "token_type_ids": (1, -1), "max_depth": (1,)}
    else:
        shapes = dict.fromkeys(("input_ids", "token_type_ids", "attention_mask"), (1, manifest.lengths.maximum))
    if manifest.takes_masks:
        # All shapes of the unrolled layout are fixed, so it takes one mask a run.
        shapes[MASKED_POSITIONS] = (1, -1 if manifest.layout == "looped" else 1)
    if manifest.exit:
        shapes[EXIT_THRESHOLD] = (1,)
    return shapes


def input_dtype(name: str) -> str:
    """Type of the signature's input of that name, as in numpy."""
    return "float32" if name == EXIT_THRESHOLD else "int32"


def output_axes(manifest: Manifest) -> dict[str, dict[str, int]]:
    """Name of each output of the heads -> its axes behind the first and their sizes, -1 as in `input_shapes`."""
    is_looped = manifest.layout == "looped"
    expected = {}
    for head in manifest.all_heads:
        sizes = {
            "tokens": -1 if is_looped else manifest.lengths.maximum,
            "masks": -1 if is_looped else 1,
            "labels": len(labels_of(head)),
            "pieces": head.config.vocab_size,
            "hidden": head.config.hidden_size,
        }
        task = task_named(head.task)
        for output, name in output_names(task, len(manifest.all_heads)).items():
            expected[name] = {axis: sizes[axis] for axis in task.outputs[output]}
    return expected


def _check_arguments(manifest: Manifest, model: ModelFacts, signature: SignatureFacts) -> None:
    graph = model.subgraphs[0]
    for kind, arguments, places in (
        ("inputs", signature.inputs, graph.inputs),
        ("outputs", signature.outputs, graph.outputs),
    ):
        if sorted(arguments.values()) != sorted(places):
            raise ArtifactError(f"the signature must name each of the graph's {kind} once; received {dict(arguments)}")
    expected = {name: (input_dtype(name), shape) for name, shape in input_shapes(manifest).items()}
    received = {name: _dtype_and_shape(graph.tensors[index]) for name, index in signature.inputs.items()}
    if received != expected:
        raise ArtifactError(f"the {manifest.layout} graph must have the inputs {expected}; received {received}")
    _check_outputs(manifest, {name: graph.tensors[index] for name, index in signature.outputs.items()})


def _check_outputs(manifest: Manifest, outputs: Mapping[str, TensorFacts]) -> None:
    expected = output_axes(manifest)
    stated = {name: each.dtype for name, each in manifest.quantized_outputs.items()}
    dtypes = {**dict.fromkeys(expected, "float32"), **stated, **({DEPTH_USED: "int32"} if manifest.exit else {})}
    received = {name: tensor.dtype for name, tensor in outputs.items()}
    if received != dtypes:
        tasks = ", ".join(head.task for head in manifest.all_heads)
        raise ArtifactError(f"a graph for {tasks} must have the outputs {_typed(dtypes)}; received {received}")
    for name, axes in expected.items():
        shape = outputs[name].shape
        # A slice's first axis is open to the converter, though it always has one text.
        if len(shape) != 1 + len(axes) or shape[0] not in (1, -1) or shape[1:] != tuple(axes.values()):
            described = ", ".join(f"{axis} {size}" for axis, size in axes.items())
            raise ArtifactError(
                f"{name} must have the shape {[1, *axes.values()]} (1 text, {described}); received {list(shape)}"
            )
    if manifest.exit and outputs[DEPTH_USED].shape != (1,):
        raise ArtifactError(f"{DEPTH_USED} must have the shape [1]; received {list(outputs[DEPTH_USED].shape)}")
    _check_quantized(manifest, outputs)


def _typed(dtypes: Mapping[str, str]) -> str:
    """`logits of float32, depth_used of int32`; where all have one type, `start_logits, end_logits of float32`."""
    if len(set(dtypes.values())) == 1:
        return f"{', '.join(dtypes)} of {next(iter(dtypes.values()))}"
    return ", ".join(f"{name} of {dtype}" for name, dtype in dtypes.items())


def _check_quantized(manifest: Manifest, outputs: Mapping[str, TensorFacts]) -> None:
    """The manifest reads the integers of an output as the graph means them."""
    for name, stated in manifest.quantized_outputs.items():
        found = outputs[name].quantization
        received = found and (found.scales, found.scale, found.zero_point)
        if received != (1, stated.scale, stated.zero_point):
            raise ArtifactError(
                f"{name} must have one scale and zero point, {stated.scale} and {stated.zero_point} as the manifest "
                f"has them; received {found}"
            )


def _dtype_and_shape(tensor: TensorFacts) -> tuple[str, tuple[int, ...]]:
    return tensor.dtype, tensor.shape

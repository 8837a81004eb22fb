"""Public `inspect`: the facts of a `.tflite`, read without an interpreter."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any, Optional

from albert_edge.artifact import Artifact, read_artifact, zip_bytes
from albert_edge.artifact.card import read_card
from albert_edge.artifact.facts import ModelFacts
from albert_edge.artifact.flatbuffer import read_model
from albert_edge.artifact.heads import values_of
from albert_edge.artifact.manifest import MANIFEST_FILE
from albert_edge.artifact.tables import Data
from albert_edge.artifact.weights import unique_weight_bytes, weight_copies
from albert_edge.errors import ArtifactError
from albert_edge.files import PathLike, read_bytes


def inspect(path: PathLike, foreign: bool = False) -> dict[str, Any]:
    """What the artifact at `path` holds, after every check of `read_artifact`.

    With `foreign`, any `.tflite` is taken: its flatbuffer's offsets are checked and nothing else, and the keys that
    come from the manifest are None.

    Returns a dict with the keys, in this order: `file_bytes` (the whole file), `model_bytes` (the flatbuffer), `task`
    (of the first head), `scheme`, `parts` (part -> precision; empty: as the scheme says), `activations` (null, int8,
    int16), `layout`, `lengths` ({min, max}), `exit` (null or {kind, threshold, calibration}), `labels` (of the first
    head), `heads` (a list of {task, labels, problem_type, settings}, the first head included), `quantized_outputs`
    (output -> {dtype, scale, zero_point}), `tokenizer` ({kind, options}), `targets`, `card` (in Markdown, or
    a sentence; empty without metadata), `licence` (empty: not stated), `unique_weight_bytes`, `weight_copies` (matrix
    products for each stored matrix, at most), `operators` (list of {name, version, count}), `inputs` and `outputs`
    (lists of {name, dtype, shape}; -1: any size), `files` (list of {name, bytes, sha256}), `sha256` (of the
    whole file), `model_sha256` (of the flatbuffer). Raises `ArtifactError`.
    """
    if foreign:
        data = read_bytes(path, ArtifactError)
        try:
            return _report(data, b"", read_model(data), None)
        except ArtifactError as error:
            raise ArtifactError(f"{path}: {error}") from error
    artifact = read_artifact(path)
    return _report(artifact.model, zip_bytes(artifact), artifact.facts, artifact)


def _report(model: Data, archive: bytes, facts: ModelFacts, artifact: Optional[Artifact]) -> dict[str, Any]:
    manifest = artifact.manifest if artifact else None
    card = read_card(model, facts)
    digest = hashlib.sha256(model)
    model_sha256 = digest.hexdigest()
    digest.update(archive)
    return {
        "file_bytes": len(model) + len(archive),
        "model_bytes": len(model),
        "task": manifest and manifest.task,
        "scheme": manifest and manifest.scheme,
        "parts": manifest and dict(manifest.parts),
        "activations": manifest and manifest.activations,
        "layout": manifest and manifest.layout,
        "lengths": manifest and {"min": manifest.lengths.minimum, "max": manifest.lengths.maximum},
        "exit": manifest and manifest.exit and manifest.exit.to_dict(),
        "labels": manifest and list(manifest.labels),
        "heads": manifest and [values_of(head) for head in manifest.all_heads],
        "quantized_outputs": manifest and {name: each.to_dict() for name, each in manifest.quantized_outputs.items()},
        "tokenizer": manifest and {"kind": manifest.tokenizer_kind, "options": dict(manifest.tokenizer_options)},
        "targets": manifest and list(manifest.targets),
        "card": card.text,
        "licence": card.licence,
        "unique_weight_bytes": unique_weight_bytes(facts),
        "weight_copies": weight_copies(facts),
        "operators": _operators(facts),
        "inputs": _arguments(facts, "inputs"),
        "outputs": _arguments(facts, "outputs"),
        "files": _files(artifact) if artifact else [],
        "sha256": digest.hexdigest(),
        "model_sha256": model_sha256,
    }


def _operators(facts: ModelFacts) -> list[dict[str, Any]]:
    counts = Counter((operator.name, operator.version) for graph in facts.subgraphs for operator in graph.operators)
    return [{"name": name, "version": version, "count": count} for (name, version), count in sorted(counts.items())]


def _arguments(facts: ModelFacts, kind: str) -> list[dict[str, Any]]:
    """By the names of the first signature; without one, by the tensors' own."""
    if facts.signatures:
        graph = facts.subgraphs[facts.signatures[0].subgraph]
        arguments = dict(getattr(facts.signatures[0], kind))
    else:
        graph = facts.subgraphs[0]
        arguments = {graph.tensors[index].name: index for index in getattr(graph, kind)}
    return [
        {"name": name, "dtype": graph.tensors[index].dtype, "shape": list(graph.tensors[index].shape)}
        for name, index in arguments.items()
    ]


def _files(artifact: Artifact) -> list[dict[str, Any]]:
    files = {MANIFEST_FILE: artifact.manifest.to_bytes(), **artifact.files}
    return [
        {"name": name, "bytes": len(contents), "sha256": hashlib.sha256(contents).hexdigest()}
        for name, contents in sorted(files.items())
    ]

"""The artifact: one `.tflite` that carries its tokenizer, its labels and a manifest, and nothing else.

    bytes 0 to n     the flatbuffer, with TFLite Metadata in it
    bytes n to end   a stored zip: albert_edge.json (the manifest), spiece.model or vocab.txt, and labels.txt if the
                     first head has labels

`read_artifact` gives an `Artifact` only if all of it fits: the zip's form, the manifest's keys, each hash, the
flatbuffer's structure, the signature, the labels, the vocabulary. Hashes show that nothing was changed by accident;
they say nothing about who made the file.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import io
from typing import TYPE_CHECKING, Mapping, Optional, Sequence

from albert_edge.artifact.archive import archive_bytes, read_archive
from albert_edge.artifact.checks import check_files, check_graph, check_stored_types, check_vocabulary, labels_file
from albert_edge.artifact.exits import Exit
from albert_edge.artifact.facts import ModelFacts
from albert_edge.artifact.flatbuffer import read_model
from albert_edge.artifact.heads import Head, check_heads, labels_of, values_of
from albert_edge.artifact.manifest import LABELS_FILE, MANIFEST_FILE, Lengths, Manifest
from albert_edge.artifact.mapping import MappedFile
from albert_edge.artifact.quantization import QuantizedOutput
from albert_edge.artifact.structure import check_structure
from albert_edge.artifact.tables import Data
from albert_edge.config import AlbertConfig
from albert_edge.errors import AlbertEdgeError, ArtifactError
from albert_edge.files import PathLike, atomic_write

if TYPE_CHECKING:
    from albert_edge.text.tokenizer import Tokenizer

__all__ = [
    "Artifact",
    "Exit",
    "Head",
    "Lengths",
    "Manifest",
    "QuantizedOutput",
    "artifact_bytes",
    "make_artifact",
    "read_artifact",
    "write_artifact",
]


@dataclasses.dataclass(frozen=True)
class Artifact:
    """A model, its manifest and the files beside it. Built by `read_artifact` or `make_artifact`."""

    model: Data
    """The flatbuffer: bytes, or a view of the mapped `file`."""
    manifest: Manifest
    files: Mapping[str, bytes]
    """Name -> contents of the associated files but the manifest."""
    file: Optional[MappedFile] = dataclasses.field(default=None, compare=False, repr=False)
    """What it was read from."""

    @functools.cached_property
    def facts(self) -> ModelFacts:
        """What the flatbuffer holds."""
        return read_model(self.model)

    @property
    def config(self) -> AlbertConfig:
        """The first head's configuration."""
        return self.manifest.model_config

    @property
    def heads(self) -> tuple[Head, ...]:
        """Every head, in the manifest's order."""
        return self.manifest.all_heads

    def tokenizer(self) -> Tokenizer:
        """The tokenizer that the model was trained with; one object, made when first asked for."""
        return self._tokenizer

    @functools.cached_property
    def _tokenizer(self) -> Tokenizer:
        from albert_edge.text.tokenizer import make_tokenizer

        manifest = self.manifest
        return make_tokenizer(manifest.tokenizer_kind, self.files[manifest.vocabulary_file], manifest.tokenizer_options)

    def check(self) -> None:
        """Raise `AlbertEdgeError` unless all parts fit each other."""
        check_files(self.manifest, self.model, self.files)
        check_structure(self.facts)
        check_graph(self.manifest, self.facts, self.model)
        check_stored_types(self.manifest, self.facts)
        check_vocabulary(self.manifest, self.tokenizer().vocab_size)


def make_artifact(
    model: Data,
    *,
    heads: Sequence[Head],
    tokenizer: Tokenizer,
    scheme: str,
    layout: str,
    lengths: Lengths,
    targets: Sequence[str],
    parts: Optional[Mapping[str, str]] = None,
    activations: Optional[str] = None,
    exit: Optional[Exit] = None,  # noqa: A002 - its key in the manifest
    quantized_outputs: Optional[Mapping[str, QuantizedOutput]] = None,
) -> Artifact:
    """Put an artifact together around the flatbuffer `model`, hashes computed here.

    The first of `heads` gives the manifest's configuration and `labels.txt`; a task comes once, and all stand on one
    trunk. `parts` to `quantized_outputs` are as in `Manifest`. Raises `AlbertEdgeError` if the parts don't fit each
    other.
    """
    from albert_edge import __version__

    check_heads(heads)
    first = heads[0]
    labels = labels_of(first)
    files = {**({LABELS_FILE: labels_file(labels)} if labels else {}), tokenizer.file_name: tokenizer.model}
    manifest = Manifest(
        task=first.task,
        config=first.config.to_dict(),
        scheme=scheme,
        layout=layout,
        lengths=lengths,
        labels=labels,
        heads=tuple(values_of(head) for head in heads[1:]),
        tokenizer_kind=tokenizer.kind,
        tokenizer_options=tokenizer.options.to_dict(),
        model_sha256=hashlib.sha256(model).hexdigest(),
        files={name: hashlib.sha256(contents).hexdigest() for name, contents in files.items()},
        targets=tuple(targets),
        parts=dict(parts or {}),
        activations=activations,
        exit=exit,
        quantized_outputs=dict(quantized_outputs or {}),
        project_version=__version__,
    )
    artifact = Artifact(model, manifest, files)
    artifact.check()
    return artifact


def artifact_bytes(artifact: Artifact) -> bytes:
    """The whole file: equal artifacts give equal bytes."""
    return b"".join((artifact.model, zip_bytes(artifact)))


def zip_bytes(artifact: Artifact) -> bytes:
    """The part of the file behind the flatbuffer."""
    return archive_bytes({MANIFEST_FILE: artifact.manifest.to_bytes(), **artifact.files}, len(artifact.model))


def write_artifact(path: PathLike, artifact: Artifact) -> None:
    """Write `artifact` to `path`, whole or not at all, after reading its bytes back with every check."""
    data = artifact_bytes(artifact)
    start, files = read_archive(io.BytesIO(data))
    _checked(memoryview(data)[:start], files, None)
    atomic_write(path, data)


def read_artifact(path: PathLike) -> Artifact:
    """Read and check the artifact at `path`.

    The flatbuffer stays in the file, which is mapped: see `artifact.mapping` for what happens if that changes. Raises
    `ArtifactError`, its message starting with the path.
    """
    try:
        with open(path, "rb") as file:
            start, files = read_archive(file)
            mapped = MappedFile(file)
        artifact = _checked(mapped.view[:start], files, mapped)
        mapped.check_unchanged()
        return artifact
    except OSError as reason:
        raise ArtifactError(f"{path}: the file must be readable; received {reason.strerror}") from reason
    except AlbertEdgeError as error:
        raise ArtifactError(f"{path}: {error}") from error


def _checked(model: memoryview, files: dict[str, bytes], file: Optional[MappedFile]) -> Artifact:
    if MANIFEST_FILE not in files:
        raise ArtifactError(f"the zip in the file must hold {MANIFEST_FILE}; received {', '.join(sorted(files))}")
    artifact = Artifact(model, Manifest.from_bytes(files.pop(MANIFEST_FILE)), files, file)
    artifact.check()
    return artifact

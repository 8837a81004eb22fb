"""`Manifest`: what `albert_edge.json` in an artifact says about the model beside it.

Everything that the device needs to turn text into an answer, and what the file was checked on. It is a value: frozen,
checked when built, equal after a round trip through JSON. A key that this version doesn't know is an error, and so is a
`schema_version` above its own, for silently ignored settings give wrong answers. The JSON has one spelling only (key
order, spacing), so that a model has one sequence of bytes and no doubled key hides from another reader.

Version 1 knew one head, a text classifier, and one kind of tokenizer; version 2 has the further key `heads`. Their
files are still read, as the bytes that they were written in. New files have version 3, which says how each part is
stored and whether the graph can stop early: `parts`, `activations`, `exit`, `quantized_outputs`.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from typing import Any, Mapping, Optional

from albert_edge.artifact.exits import Exit, refusal
from albert_edge.artifact.fields import NULL, Kind, checked, parsed_object, require, strings
from albert_edge.artifact.heads import Head, check_heads, check_task, head_of, labels_of
from albert_edge.artifact.quantization import QuantizedOutput, check_parts
from albert_edge.config import AlbertConfig
from albert_edge.errors import ArtifactError, ConfigError
from albert_edge.tasks import output_names, task_named
from albert_edge.text.options import VOCABULARY_FILES

MANIFEST_FILE = "albert_edge.json"
LABELS_FILE = "labels.txt"
SCHEMA_VERSION = 3

LAYOUTS = ("looped", "unrolled")
"""`looped`: one block in a WHILE, any length, depth as an input. `unrolled`: all layers in a row, one length."""


@dataclasses.dataclass(frozen=True)
class Lengths:
    """Numbers of tokens that the graph takes, special pieces included; equal where the length is fixed."""

    minimum: int
    maximum: int

    def __post_init__(self) -> None:
        if not 1 <= self.minimum <= self.maximum:
            raise ArtifactError(f"lengths must be 1 <= min <= max; received {self.minimum} and {self.maximum}")


@dataclasses.dataclass(frozen=True)
class Manifest:
    """The checked contents of `albert_edge.json`."""

    task: str
    """Of the first head: Hugging Face's name, one of `tasks.TASK_NAMES`."""
    config: Mapping[str, Any]
    """The first head's `config.json`."""
    scheme: str
    """The name of how weights are stored and computed with: `float32`, `float16`, `dynamic-range`, ..."""
    layout: str
    lengths: Lengths
    labels: tuple[str, ...]
    """Of the first head, in order of its logits; none for a task without labels."""
    tokenizer_options: Mapping[str, Any]
    """What `text.options` reads for `tokenizer_kind`."""
    model_sha256: str
    """Of the flatbuffer, the bytes before the zip."""
    files: Mapping[str, str]
    """Name -> SHA-256 of each associated file but this one."""
    targets: tuple[str, ...]
    """Runtimes that ran the file and agreed with the model it came from."""
    project_version: str
    heads: tuple[Mapping[str, Any], ...] = ()
    """The further heads as `heads.values_of` describes them."""
    tokenizer_kind: str = "sentencepiece"
    """A key of `text.options.VOCABULARY_FILES`."""
    parts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Part of the model (`quantization.PARTS`) -> what its weights are stored in; empty: as `scheme` says."""
    activations: Optional[str] = None
    """What the matrix products of a full-integer file are computed in; None: float32, or int8 made up as it runs."""
    exit: Optional[Exit] = None
    """How the graph may stop before its last layer; None: it can't."""
    quantized_outputs: Mapping[str, QuantizedOutput] = dataclasses.field(default_factory=dict)
    """Name in the signature -> how to read an output that the graph gives in integers."""
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        check_task(self.task)
        if self.schema_version == 1:
            known = (self.task, len(self.heads), self.tokenizer_kind)
            require(known == _VERSION_1, f"task, heads and tokenizer of schema_version 1 must be {_VERSION_1}", known)
        if self.schema_version < 3:
            newer = (dict(self.parts), self.activations, self.exit, dict(self.quantized_outputs))
            require(newer == ({}, None, None, {}), "parts, activations, exit and outputs must be of version 3", newer)
        require(self.layout in LAYOUTS, f"layout must be one of {', '.join(LAYOUTS)}", self.layout)
        for digest in (self.model_sha256, *self.files.values()):
            require(re.fullmatch("[0-9a-f]{64}", digest), "a SHA-256 must be 64 hexadecimal digits", digest)
        for label in (*self.labels, *(label for head in self.all_heads[1:] for label in labels_of(head))):
            require(label.splitlines() == [label], "a label must be one line that is not empty", label)
        check_heads(self.all_heads)
        labels = labels_of(self.all_heads[0])
        require(labels == self.labels, f"labels must be those of config, {labels}", self.labels)
        longest = self.model_config.max_position_embeddings
        require(self.lengths.maximum <= longest, f"lengths.max must be at most {longest}", self.lengths.maximum)
        fixed = self.layout == "looped" or self.lengths.minimum == self.lengths.maximum
        require(fixed, "an unrolled graph must have lengths.min equal to lengths.max", self.lengths)
        check_parts(self.parts, self.activations)
        reason = self.exit and refusal(self.all_heads, self.layout)
        if reason:
            raise ArtifactError(reason)
        unknown = sorted(set(self.quantized_outputs) - set(self.output_names))
        require(not unknown, f"quantized_outputs must be among {', '.join(self.output_names)}", unknown)

    @functools.cached_property
    def all_heads(self) -> tuple[Head, ...]:
        """The first head and the further ones, in the manifest's order; raises `ArtifactError` if one isn't right."""
        first = self.model_config
        return (Head(self.task, first), *(head_of(values, first) for values in self.heads))

    @property
    def takes_masks(self) -> bool:
        """Whether the graph has the input `masked_positions`: a head's output has a row a mask."""
        return any(task_named(head.task).takes_masks for head in self.all_heads)

    @property
    def output_names(self) -> tuple[str, ...]:
        """Of the heads' outputs in the signature."""
        heads = self.all_heads
        return tuple(name for head in heads for name in output_names(task_named(head.task), len(heads)).values())

    @property
    def vocabulary_file(self) -> str:
        """Name of the tokenizer's associated file."""
        return VOCABULARY_FILES[self.tokenizer_kind]

    @property
    def file_names(self) -> tuple[str, ...]:
        """The associated files beside the manifest, sorted; labels have one only if the first head has labels."""
        return (*((LABELS_FILE,) if self.labels else ()), self.vocabulary_file)

    @functools.cached_property
    def model_config(self) -> AlbertConfig:
        """`config`, checked; raises `ArtifactError` where it isn't an ALBERT's."""
        try:
            return AlbertConfig.from_dict(self.config)
        except (ConfigError, TypeError, ValueError) as reason:
            raise ArtifactError(
                f"config must be an ALBERT's config.json; received one that fails: {reason}"
            ) from reason

    def to_bytes(self) -> bytes:
        """The JSON document, UTF-8."""
        values = {
            "schema_version": self.schema_version,
            "project_version": self.project_version,
            "task": self.task,
            "config": dict(self.config),
            "scheme": self.scheme,
            "parts": dict(self.parts),
            "activations": self.activations,
            "layout": self.layout,
            "lengths": {"min": self.lengths.minimum, "max": self.lengths.maximum},
            "exit": self.exit and self.exit.to_dict(),
            "labels": list(self.labels),
            "heads": [dict(head) for head in self.heads],
            "quantized_outputs": {name: output.to_dict() for name, output in self.quantized_outputs.items()},
            "tokenizer": {
                "kind": self.tokenizer_kind,
                "file": self.vocabulary_file,
                "options": dict(self.tokenizer_options),
            },
            "targets": list(self.targets),
            "model_sha256": self.model_sha256,
            "files": dict(self.files),
        }
        values = {key: value for key, value in values.items() if _SINCE.get(key, 1) <= self.schema_version}
        try:
            return (json.dumps(values, ensure_ascii=False, allow_nan=False, indent=2) + "\n").encode()
        except (TypeError, ValueError, RecursionError) as reason:
            raise ArtifactError(f"{MANIFEST_FILE} must hold JSON values; received one that fails: {reason}") from reason

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read `albert_edge.json`; raises `ArtifactError` on any key, type or value that the format doesn't have."""
        values = parsed_object(data, MANIFEST_FILE)
        version = _check_version(values.get("schema_version"))
        keys = {key: kind for key, kind in _KEYS.items() if _SINCE.get(key, 1) <= version}
        values = checked(values, keys, MANIFEST_FILE)
        lengths = checked(values.pop("lengths"), {"min": int, "max": int}, "lengths")
        tokenizer = checked(values.pop("tokenizer"), {"kind": str, "file": str, "options": dict}, "tokenizer")
        kind = (tokenizer["kind"], tokenizer["file"])
        kinds = " or ".join(map(str, VOCABULARY_FILES.items()))
        require(kind in VOCABULARY_FILES.items(), f"the tokenizer's kind and file must be {kinds}", kind)
        files = values.pop("files")
        manifest = cls(
            labels=strings(values.pop("labels"), "labels"),
            targets=strings(values.pop("targets"), "targets"),
            files=dict(zip(files, strings(files.values(), "files"))),
            lengths=Lengths(lengths["min"], lengths["max"]),
            heads=tuple(values.pop("heads", ())),
            exit=_exit(values.pop("exit", None)),
            quantized_outputs={
                name: QuantizedOutput.from_dict(each) for name, each in values.pop("quantized_outputs", {}).items()
            },
            tokenizer_kind=tokenizer["kind"],
            tokenizer_options=tokenizer["options"],
            **values,
        )
        if manifest.to_bytes() != data:
            raise ArtifactError(f"{MANIFEST_FILE} must be spelt as `albert-edge convert` does; received other bytes")
        return manifest


_VERSION_1 = ("text-classification", 0, "sentencepiece")

_SINCE = {"heads": 2, "parts": 3, "activations": 3, "exit": 3, "quantized_outputs": 3}
"""Key -> the first version that has it, of those that came after version 1."""

_KEYS: dict[str, Kind] = {
    "schema_version": int,
    "project_version": str,
    "task": str,
    "config": dict,
    "scheme": str,
    "parts": dict,
    "activations": (str, NULL),
    "layout": str,
    "lengths": dict,
    "exit": (dict, NULL),
    "labels": list,
    "heads": list,
    "quantized_outputs": dict,
    "tokenizer": dict,
    "targets": list,
    "model_sha256": str,
    "files": dict,
}


def _check_version(version: object) -> int:
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ArtifactError(f"schema_version must be from 1 to {SCHEMA_VERSION}; received {version!r}")
    if version > SCHEMA_VERSION:
        raise ArtifactError(
            f"schema_version must be at most {SCHEMA_VERSION} for this version of albert-edge; "
            f"received {version}: a newer albert-edge wrote the file"
        )
    return version


def _exit(values: Optional[dict[str, Any]]) -> Optional[Exit]:
    try:
        return None if values is None else Exit.from_dict(values)
    except ConfigError as reason:
        raise ArtifactError(str(reason)) from reason

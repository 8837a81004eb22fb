"""`Manifest`: what `albert_edge.json` in an artifact says about the model beside it.

Everything that the device needs to turn text into an answer, and what the file was checked on. It is a value: frozen,
checked when built, equal after a round trip through JSON. A key that this version doesn't know is an error, and so is a
`schema_version` above its own, for silently ignored settings give wrong answers. The JSON has one spelling only (key
order, spacing), so that a model has one sequence of bytes and no doubled key hides from another reader.

Version 1 knew one head, a text classifier, and one kind of tokenizer. Such a file is still read, as the bytes that
version 1 wrote; new files have version 2, whose further key is `heads`.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from typing import Any, Iterable, Mapping

from albert_edge.artifact.heads import Head, check_heads, check_task, head_of, labels_of
from albert_edge.config import AlbertConfig
from albert_edge.errors import ArtifactError, ConfigError
from albert_edge.tasks import task_named
from albert_edge.text.options import VOCABULARY_FILES

MANIFEST_FILE = "albert_edge.json"
LABELS_FILE = "labels.txt"
SCHEMA_VERSION = 2

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
    """How the weights are stored: `float32`, `float16`, `dynamic-range`."""
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
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        check_task(self.task)
        if self.schema_version == 1:
            known = (self.task, len(self.heads), self.tokenizer_kind)
            _require(known == _VERSION_1, f"task, heads and tokenizer of schema_version 1 must be {_VERSION_1}", known)
        _require(self.layout in LAYOUTS, f"layout must be one of {', '.join(LAYOUTS)}", self.layout)
        for digest in (self.model_sha256, *self.files.values()):
            _require(re.fullmatch("[0-9a-f]{64}", digest), "a SHA-256 must be 64 hexadecimal digits", digest)
        for label in (*self.labels, *(label for head in self.all_heads[1:] for label in labels_of(head))):
            _require(label.splitlines() == [label], "a label must be one line that is not empty", label)
        check_heads(self.all_heads)
        labels = labels_of(self.all_heads[0])
        _require(labels == self.labels, f"labels must be those of config, {labels}", self.labels)
        longest = self.model_config.max_position_embeddings
        _require(self.lengths.maximum <= longest, f"lengths.max must be at most {longest}", self.lengths.maximum)
        fixed = self.layout == "looped" or self.lengths.minimum == self.lengths.maximum
        _require(fixed, "an unrolled graph must have lengths.min equal to lengths.max", self.lengths)

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
        heads = {} if self.schema_version == 1 else {"heads": [dict(head) for head in self.heads]}
        values = {
            "schema_version": self.schema_version,
            "project_version": self.project_version,
            "task": self.task,
            "config": dict(self.config),
            "scheme": self.scheme,
            "layout": self.layout,
            "lengths": {"min": self.lengths.minimum, "max": self.lengths.maximum},
            "labels": list(self.labels),
            **heads,
            "tokenizer": {
                "kind": self.tokenizer_kind,
                "file": self.vocabulary_file,
                "options": dict(self.tokenizer_options),
            },
            "targets": list(self.targets),
            "model_sha256": self.model_sha256,
            "files": dict(self.files),
        }
        try:
            return (json.dumps(values, ensure_ascii=False, allow_nan=False, indent=2) + "\n").encode()
        except (TypeError, ValueError, RecursionError) as reason:
            raise ArtifactError(f"{MANIFEST_FILE} must hold JSON values; received one that fails: {reason}") from reason

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read `albert_edge.json`; raises `ArtifactError` on any key, type or value that the format doesn't have."""
        values = _parse(data)
        version = _check_version(values.get("schema_version"))
        keys = {key: kind for key, kind in _KEYS.items() if version > 1 or key != "heads"}
        values = _checked(values, keys, MANIFEST_FILE)
        lengths = _checked(values.pop("lengths"), {"min": int, "max": int}, "lengths")
        tokenizer = _checked(values.pop("tokenizer"), {"kind": str, "file": str, "options": dict}, "tokenizer")
        kind = (tokenizer["kind"], tokenizer["file"])
        kinds = " or ".join(map(str, VOCABULARY_FILES.items()))
        _require(kind in VOCABULARY_FILES.items(), f"the tokenizer's kind and file must be {kinds}", kind)
        files = values.pop("files")
        manifest = cls(
            labels=_strings(values.pop("labels"), "labels"),
            targets=_strings(values.pop("targets"), "targets"),
            files=dict(zip(files, _strings(files.values(), "files"))),
            lengths=Lengths(lengths["min"], lengths["max"]),
            heads=tuple(values.pop("heads", ())),
            tokenizer_kind=tokenizer["kind"],
            tokenizer_options=tokenizer["options"],
            **values,
        )
        if manifest.to_bytes() != data:
            raise ArtifactError(f"{MANIFEST_FILE} must be spelt as `albert-edge convert` does; received other bytes")
        return manifest


_SHOWN_CHARACTERS = 200

_VERSION_1 = ("text-classification", 0, "sentencepiece")

_KEYS: dict[str, type] = {
    "schema_version": int,
    "project_version": str,
    "task": str,
    "config": dict,
    "scheme": str,
    "layout": str,
    "lengths": dict,
    "labels": list,
    "heads": list,
    "tokenizer": dict,
    "targets": list,
    "model_sha256": str,
    "files": dict,
}


def _require(condition: object, rule: str, received: object) -> None:
    if not condition:
        raise ArtifactError(f"{rule}; received {repr(received)[:_SHOWN_CHARACTERS]}")


def _parse(data: bytes) -> dict[str, Any]:
    try:
        values = json.loads(data.decode())
    except (ValueError, RecursionError) as reason:
        raise ArtifactError(f"{MANIFEST_FILE} must be JSON in UTF-8; received something else ({reason})") from reason
    _require(isinstance(values, dict), f"{MANIFEST_FILE} must hold an object", type(values).__name__)
    return values  # type: ignore[no-any-return]


def _check_version(version: object) -> int:
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ArtifactError(f"schema_version must be from 1 to {SCHEMA_VERSION}; received {version!r}")
    if version > SCHEMA_VERSION:
        raise ArtifactError(
            f"schema_version must be at most {SCHEMA_VERSION} for this version of albert-edge; "
            f"received {version}: a newer albert-edge wrote the file"
        )
    return version


def _checked(values: dict[str, Any], keys: Mapping[str, type], where: str) -> dict[str, Any]:
    unknown, missing = sorted(set(values) - set(keys)), sorted(set(keys) - set(values))
    if unknown or missing:
        raise ArtifactError(
            f"{where} must have the keys {', '.join(keys)}; received unknown {unknown}, missing {missing}"
        )
    for key, kind in keys.items():
        # JSON's true is an int to Python.
        right = isinstance(values[key], kind) and not isinstance(values[key], bool)
        _require(right, f"{key} in {where} must be of type {kind.__name__}", values[key])
    return values


def _strings(values: Iterable[Any], where: str) -> tuple[str, ...]:
    strings = tuple(values)
    _require(all(isinstance(string, str) for string in strings), f"{where} must hold strings", strings)
    return strings

"""`Manifest`: what `albert_edge.json` in an artifact says about the model beside it.

Everything that the device needs to turn text into a label, and what the file was checked on. It is a value: frozen,
checked when built, equal after a round trip through JSON. A key that this version doesn't know is an error, and so is a
`schema_version` above its own, for silently ignored settings give wrong answers. The JSON has one spelling only (key
order, spacing), so that a model has one sequence of bytes and no doubled key hides from another reader.
"""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any, Iterable, Mapping

from albert_edge.config import AlbertConfig
from albert_edge.errors import ArtifactError, ConfigError

MANIFEST_FILE = "albert_edge.json"
LABELS_FILE = "labels.txt"
VOCABULARY_FILE = "spiece.model"
SCHEMA_VERSION = 1

TASKS = ("text-classification",)
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
    """Hugging Face's name, one of `TASKS`."""
    config: Mapping[str, Any]
    """The model's `config.json`."""
    scheme: str
    """How the weights are stored: `float32`, `float16`, `dynamic-range`."""
    layout: str
    lengths: Lengths
    labels: tuple[str, ...]
    """In order of the logits."""
    tokenizer_options: Mapping[str, Any]
    """Of `text.normalization.TokenizerOptions`; the tokenizer itself is SentencePiece's, in `spiece.model`."""
    model_sha256: str
    """Of the flatbuffer, the bytes before the zip."""
    files: Mapping[str, str]
    """Name -> SHA-256 of each associated file but this one."""
    targets: tuple[str, ...]
    """Runtimes that ran the file and agreed with the model it came from."""
    project_version: str
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        _require(self.task in TASKS, f"task must be one of {', '.join(TASKS)}", self.task)
        _require(self.layout in LAYOUTS, f"layout must be one of {', '.join(LAYOUTS)}", self.layout)
        for digest in (self.model_sha256, *self.files.values()):
            _require(re.fullmatch("[0-9a-f]{64}", digest), "a SHA-256 must be 64 hexadecimal digits", digest)
        for label in self.labels:
            _require(label.splitlines() == [label], "a label must be one line that is not empty", label)
        config = self.model_config
        _require(config.labels == self.labels, f"labels must be those of config, {config.labels}", self.labels)
        longest = config.max_position_embeddings
        _require(self.lengths.maximum <= longest, f"lengths.max must be at most {longest}", self.lengths.maximum)
        fixed = self.layout == "looped" or self.lengths.minimum == self.lengths.maximum
        _require(fixed, "an unrolled graph must have lengths.min equal to lengths.max", self.lengths)

    @property
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
            "layout": self.layout,
            "lengths": {"min": self.lengths.minimum, "max": self.lengths.maximum},
            "labels": list(self.labels),
            "tokenizer": {
                "kind": "sentencepiece",
                "file": VOCABULARY_FILE,
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
        _check_version(values.get("schema_version"))
        values = _checked(values, _KEYS, MANIFEST_FILE)
        lengths = _checked(values.pop("lengths"), {"min": int, "max": int}, "lengths")
        tokenizer = _checked(values.pop("tokenizer"), {"kind": str, "file": str, "options": dict}, "tokenizer")
        kind = (tokenizer["kind"], tokenizer["file"])
        _require(kind == _TOKENIZER, f"the tokenizer's kind and file must be {_TOKENIZER}", kind)
        files = values.pop("files")
        manifest = cls(
            labels=_strings(values.pop("labels"), "labels"),
            targets=_strings(values.pop("targets"), "targets"),
            files=dict(zip(files, _strings(files.values(), "files"))),
            lengths=Lengths(lengths["min"], lengths["max"]),
            tokenizer_options=tokenizer["options"],
            **values,
        )
        if manifest.to_bytes() != data:
            raise ArtifactError(f"{MANIFEST_FILE} must be spelt as `albert-edge convert` does; received other bytes")
        return manifest


_SHOWN_CHARACTERS = 200

_TOKENIZER = ("sentencepiece", VOCABULARY_FILE)

_KEYS: dict[str, type] = {
    "schema_version": int,
    "project_version": str,
    "task": str,
    "config": dict,
    "scheme": str,
    "layout": str,
    "lengths": dict,
    "labels": list,
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


def _check_version(version: object) -> None:
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise ArtifactError(
            f"schema_version must be at most {SCHEMA_VERSION} for this version of albert-edge; "
            f"received {version}: a newer albert-edge wrote the file"
        )
    _require(version == SCHEMA_VERSION, f"schema_version must be {SCHEMA_VERSION}", version)


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

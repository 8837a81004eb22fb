"""What was asked for, as values: where a training starts (`Source`) and the whole of it (`Request`)."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any, Optional

import albert_edge
from albert_edge.config import CONFIG_FILE
from albert_edge.errors import ConfigError, DataError
from albert_edge.files import PathLike, read_bytes
from albert_edge.model.checkpoint import WEIGHTS_FILE
from albert_edge.model.hub import resolve_folder
from albert_edge.text.tables import Columns
from albert_edge.text.tokenizer import MODEL_FILE
from albert_edge.training.settings import TrainingSettings

TASKS = ("text-classification",)


@dataclasses.dataclass(frozen=True)
class Source:
    """What a training starts from; checked when it is made."""

    size: Optional[str] = None
    """A named size, with random weights."""
    from_: Optional[PathLike] = None
    """Or a checkpoint: a folder, or `hf:owner/name@revision`."""
    layers: Optional[int] = None
    """Another depth than the size's own."""
    vocab: Optional[PathLike] = None
    """With a size: a SentencePiece model, or a folder that has one. None: one is trained on the training texts."""
    vocab_size: Optional[int] = None
    """Pieces of the trained vocabulary, at most. None: by the amount of text."""
    lower_case: bool = True
    """The trained vocabulary is one of lower-case texts."""
    keep_accents: bool = False
    """The trained vocabulary has accents."""

    def __post_init__(self) -> None:
        if (self.size is None) == (self.from_ is None):
            given = "neither" if self.size is None else "both"
            raise ConfigError(f"a training must start from a size (--size) or a checkpoint (--from); received {given}")
        if self.from_ is not None and (self.layers is not None or self.vocab is not None):
            raise ConfigError("layers and vocabulary must be the checkpoint's own; received others beside --from")
        options = (self.vocab_size, self.lower_case, self.keep_accents)
        if options != (None, True, False) and not self.trains_vocabulary:
            given = "--from" if self.vocab is None else "--vocab"
            raise ConfigError(f"size and case of a vocabulary may be chosen where one is trained; received {given} too")

    @property
    def trains_vocabulary(self) -> bool:
        """Whether neither a checkpoint nor a vocabulary is given."""
        return self.from_ is None and self.vocab is None

    def facts(self) -> dict[str, Any]:
        """The choices as JSON values, and the SHA-256 of the files that they name."""
        facts = dataclasses.asdict(self)
        for name in ("from_", "vocab"):
            facts[name] = None if facts[name] is None else str(facts[name])
        if self.from_ is not None:
            folder = resolve_folder(self.from_)
            for name in (CONFIG_FILE, WEIGHTS_FILE, MODEL_FILE):
                facts[f"from_ {name}"] = file_sha256(folder / name)
        return facts


@dataclasses.dataclass(frozen=True)
class Request:
    """Everything that decides which weights a training ends with."""

    task: str
    train: PathLike
    dev: PathLike
    columns: Columns
    source: Source
    settings: TrainingSettings

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ConfigError(f"task must be one of {', '.join(TASKS)}; received {self.task!r}")
        if self.source.from_ is not None and self.settings.word_vectors:
            raise ConfigError(
                "word_vectors must be false with --from, whose word embeddings are trained; received true"
            )

    def facts(self) -> dict[str, Any]:
        """The choices as JSON values, and the SHA-256 of the files that they name."""
        return {
            "task": self.task,
            "train": str(self.train),
            "train_sha256": file_sha256(self.train),
            "dev": str(self.dev),
            "dev_sha256": file_sha256(self.dev),
            "columns": dataclasses.asdict(self.columns),
            **self.source.facts(),
            **self.settings.to_dict(),
            "project_version": albert_edge.__version__,
        }


def file_sha256(path: PathLike) -> str:
    """Of the file's contents, in hexadecimal; raises `DataError` if it can't be read."""
    return hashlib.sha256(read_bytes(path, DataError)).hexdigest()

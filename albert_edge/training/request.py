"""What was asked for, as values: where a training starts (`Source`) and the whole of it (`Request`)."""

from __future__ import annotations

import dataclasses
from typing import Any, Optional

import albert_edge
from albert_edge.config import CONFIG_FILE
from albert_edge.errors import ConfigError, DataError
from albert_edge.files import PathLike, file_sha256
from albert_edge.model.hub import resolve_folder
from albert_edge.text.tables import Columns
from albert_edge.training.dp.refusals import check_private
from albert_edge.training.recipes import Recipe, recipe_of
from albert_edge.training.settings import TrainingSettings

_HASHED = (
    *("*.safetensors", "*.safetensors.index.json", "pytorch_model*", "tf_model.h5"),
    *("spiece.model", "vocab.txt", "tokenizer.json"),
)
"""Files of a checkpoint that decide where a training starts, beside its configuration and its tokenizer's options."""


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
    """With a size: a vocabulary file, or a folder that has one. None: one is trained on the training texts."""
    vocab_size: Optional[int] = None
    """Pieces of the trained vocabulary, at most. None: by the amount of text."""
    lower_case: Optional[bool] = None
    """The trained vocabulary is one of lower-case texts. None: as the task's recipe says."""
    keep_accents: bool = False
    """The trained vocabulary has accents."""

    def __post_init__(self) -> None:
        if (self.size is None) == (self.from_ is None):
            given = "neither" if self.size is None else "both"
            raise ConfigError(f"a training must start from a size (--size) or a checkpoint (--from); received {given}")
        if self.from_ is not None and (self.layers is not None or self.vocab is not None):
            raise ConfigError("layers and vocabulary must be the checkpoint's own; received others beside --from")
        options = (self.vocab_size, self.lower_case, self.keep_accents)
        if options != (None, None, False) and not self.trains_vocabulary:
            given = "--from" if self.vocab is None else "--vocab or --teacher"
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
            facts.update(checkpoint_facts("from_", self.from_))
        return facts


def checkpoint_facts(argument: str, path: PathLike) -> dict[str, str]:
    """The SHA-256 of each file of the model folder `path` that decides what it answers; `argument` names it."""
    folder = resolve_folder(path)
    named = {file.name for pattern in _HASHED for file in folder.glob(pattern)}
    return {f"{argument} {name}": file_sha256(folder / name, DataError) for name in sorted({CONFIG_FILE, *named})}


@dataclasses.dataclass(frozen=True)
class Request:
    """Everything that decides which weights a training ends with."""

    task: str
    """The long name."""
    train: PathLike
    dev: PathLike
    columns: Columns
    dev_columns: Columns
    source: Source
    settings: TrainingSettings
    replay: Optional[PathLike] = None
    """Old data, of which each epoch has a share (replay.py)."""
    old_dev: Optional[PathLike] = None
    """Old data on which the checkpoint and what becomes of it are measured (forgetting.py)."""

    def __post_init__(self) -> None:
        self._check_old_data()
        if self.source.from_ is not None and self.settings.word_vectors:
            raise ConfigError(
                "word_vectors must be false with --from, whose word embeddings are trained; received true"
            )
        if self.settings.freeze_encoder and self.settings.sparsity is not None:
            raise ConfigError(
                f"sparsity needs an encoder that learns; received {self.settings.sparsity} beside freeze_encoder"
            )
        if self.source.from_ is None and self.settings.keep_zeros:
            raise ConfigError("keep_zeros must be false without --from, whose zeros they are; received true")
        if self.settings.freeze_encoder and self.settings.qat is not None:
            raise ConfigError(f"qat needs an encoder that learns; received {self.settings.qat} beside freeze_encoder")
        if self.source.from_ is None and self.settings.freeze_encoder:
            raise ConfigError("freeze_encoder must be false without --from, whose encoder is trained; received true")
        check_private(self.source, self.settings)

    def _check_old_data(self) -> None:
        given = {"replay": self.replay, "old_dev": self.old_dev, "keep_labels": self.settings.keep_labels or None}
        for name, value in given.items():
            if value is not None and self.source.from_ is None:
                raise ConfigError(f"{name} must come with --from, the model that learnt it; received {value!r} without")
        if self.settings.private and self.replay is not None:
            raise ConfigError(f"a private training must have no replay, whose rows it samples; received {self.replay}")
        if self.settings.replay_share is not None and self.replay is None:
            raise ConfigError(
                f"replay_share may be given with a replay only; received {self.settings.replay_share} without one"
            )

    @property
    def keeps_labels(self) -> bool:
        """Whether the checkpoint's labels stay whatever the data have."""
        chosen = self.settings.keep_labels
        return (self.replay is not None or self.old_dev is not None) if chosen is None else chosen

    def columns_of(self, path: PathLike) -> Columns:
        """Where the values of a data file lie: those of old data as in `train` and in `dev`."""
        return self.columns if path is self.train or path is self.replay else self.dev_columns

    @property
    def recipe(self) -> Recipe:
        """How this task is trained."""
        return recipe_of(self.task)

    @property
    def metrics(self) -> tuple[str, ...]:
        """What an epoch is scored by."""
        return self.recipe.metrics(dataclasses.asdict(self.settings))

    def facts(self) -> dict[str, Any]:
        """The choices as JSON values, and the SHA-256 of the files that they name."""
        return {
            "task": self.task,
            "train": str(self.train),
            "train_sha256": file_sha256(self.train, DataError),
            "dev": str(self.dev),
            "dev_sha256": file_sha256(self.dev, DataError),
            "columns": dataclasses.asdict(self.columns),
            "dev_columns": dataclasses.asdict(self.dev_columns),
            **self._old_data(),
            **self.source.facts(),
            **self.settings.to_dict(),
            **({} if self.settings.teacher is None else checkpoint_facts("teacher", self.settings.teacher)),
            "project_version": albert_edge.__version__,
        }

    def _old_data(self) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        for name, path in (("replay", self.replay), ("old_dev", self.old_dev)):
            if path is not None:
                facts.update({name: str(path), f"{name}_sha256": file_sha256(path, DataError)})
        return facts

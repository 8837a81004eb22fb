"""`Objective`: all that a training has to know about its task, from the data files to the score on dev.

An objective reads both files when it is made, so that whatever is wrong with them is said first. What comes later it
gets as arguments: configuration, tokenizer, batches, predictions. Only `losses` needs TensorFlow, and imports it there.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Iterable, Mapping, NamedTuple, Optional, Sequence

import numpy as np

from albert_edge.training.batches import stacked
from albert_edge.training.scoring import Question, answers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.config import AlbertConfig
    from albert_edge.files import PathLike
    from albert_edge.model.predictor import BatchScorer
    from albert_edge.pipelines.base import Pipeline
    from albert_edge.text.packing import Packed
    from albert_edge.text.tokenizer import Tokenizer
    from albert_edge.training.batches import Inputs
    from albert_edge.training.data import Encoded
    from albert_edge.training.request import Request


class Rows(NamedTuple):
    """A data file that was read."""

    path: PathLike
    examples: Sequence[Any]
    """Of the kind that the task's reader gives; each has its `line`."""


class TargetSpec(NamedTuple):
    """Shape and type of one array of targets; None is an axis that differs between batches."""

    shape: tuple[Optional[int], ...]
    dtype: str


class Items(NamedTuple):
    """What a batch is made of before it is padded."""

    texts: Sequence[Packed]
    targets: tuple[NDArray[Any], ...]
    """Of the objective's `target_specs`."""


class Answered(NamedTuple):
    """A batch that the model has answered, as tensors."""

    outputs: Mapping[str, Any]
    """The model's, by name, with the axis of texts."""
    inputs: Inputs
    targets: Sequence[Any]
    training: bool
    """With the weights and the smoothing that only training has."""


class Objective(ABC):
    """A task, or one kind of it, as something to be learnt from the files of one request."""

    target_specs: tuple[TargetSpec, ...]
    filling: Optional[int] = None
    """What targets that are as long as their texts are filled up with; None of targets of one shape."""

    def __init__(self, request: Request, known_labels: Optional[Sequence[str]] = None) -> None:
        self.request = request
        self.settings = request.settings
        self.train = Rows(request.train, self.read(request.train))
        self.new_examples = len(self.train.examples)
        """How many examples of `train` aren't replayed; those that are stand behind them."""
        self.replay = None if request.replay is None else Rows(request.replay, self.read(request.replay))
        if self.replay is not None:
            self.train = Rows(request.train, [*self.train.examples, *self.replay.examples])
        self.dev = Rows(request.dev, self.read(request.dev))
        self.labels: tuple[str, ...] = self.choose_labels(known_labels)
        """The model's labels in the order of their ids, empty for a task that has none."""

    # === Before the first step ===

    @abstractmethod
    def read(self, path: PathLike) -> Sequence[Any]:
        """The examples in the file `path`, at least one; raises `DataError` with the line of a bad one."""

    def choose_labels(self, known: Optional[Sequence[str]]) -> tuple[str, ...]:  # noqa: ARG002 - of labelled tasks
        """The labels of the training set, or `known`, a checkpoint's, if they do."""
        return ()

    @abstractmethod
    def texts(self) -> Iterable[str]:
        """Every text of the training set, for its vocabulary."""

    def adapt(self, config: AlbertConfig) -> AlbertConfig:
        """`config` with what this task writes into it; raises `ConfigError` if the model can't learn the task."""
        return config

    @abstractmethod
    def encode(self, config: AlbertConfig, tokenizer: Tokenizer) -> tuple[Encoded, Encoded]:
        """Train and dev as inputs of at most `longest(config)` tokens, and their targets."""

    def facts(self) -> dict[str, Any]:
        """What the report says about the targets of the training set."""
        return {}

    # === A step ===

    def batch(
        self,
        data: Encoded,
        indices: NDArray[np.int64],
        tokenizer: Tokenizer,  # noqa: ARG002 - of tasks that draw
        generator: np.random.Generator,  # noqa: ARG002 - of tasks that draw
    ) -> Items:
        """The items `indices` of `data`. What is drawn from `generator` differs from step to step."""
        texts, targets = ([values[index] for index in indices] for values in (data.texts, data.targets))
        return Items(texts, (np.stack(targets) if self.filling is None else stacked(targets, self.filling),))

    @abstractmethod
    def losses(self, given: Answered) -> Any:
        """Loss of each target of a batch, tensor float32 [targets]."""

    # === The score ===

    def measuring(self, path: PathLike, config: AlbertConfig) -> Objective:
        """The objective that scores the finished model of `config` on the file `path`, as `evaluate` does.

        Raises `DataError` with the line of what that model can't be asked.
        """
        other = copy.copy(self)
        other.dev, other.labels = Rows(path, self.read(path)), config.labels if self.labels else ()
        return other

    def score(self, scorer: BatchScorer, pipeline: Pipeline[Any, Any]) -> dict[str, Any]:
        """What the model of `scorer` reaches on dev, the recipe's scores among the rest."""
        return self.report(answers(pipeline, scorer, self.questions()))

    def questions(self) -> Sequence[Question]:
        """What dev asks the pipeline; nothing in a task that has a `score` of its own."""
        return ()

    def report(self, predictions: Sequence[Any]) -> dict[str, Any]:
        """The scores of the answers to `questions`."""
        raise NotImplementedError

    # === First and last weights ===

    def scale(self, tensors: Mapping[str, NDArray[np.float32]]) -> Mapping[str, NDArray[np.float32]]:
        """The weights of a finished model, as they are while it learns; the reverse of `unscale`."""
        return tensors

    def unscale(self, tensors: Mapping[str, NDArray[np.float32]]) -> Mapping[str, NDArray[np.float32]]:
        """The weights whose outputs are what the task promises, from those that were learnt."""
        return tensors

    def finish(self, config: AlbertConfig, report: Mapping[str, Any]) -> AlbertConfig:  # noqa: ARG002 - of some tasks
        """`config` with what only the `report` of the best weights tells."""
        return config


def longest(config: AlbertConfig) -> int:
    """Tokens of the longest input that is learnt from."""
    return config.settings.max_length or config.max_position_embeddings

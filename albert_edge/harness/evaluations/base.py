"""`Evaluation`: what a data file asks of a task, and the report of the answers."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Iterable, Mapping, NamedTuple, Optional, Sequence, TypeVar

from albert_edge.errors import ConfigError
from albert_edge.files import PathLike
from albert_edge.pipelines.base import TextRequest

if TYPE_CHECKING:
    from albert_edge.pipelines.base import Outputs, Pipeline
    from albert_edge.text.packing import Packed
    from albert_edge.text.tables import Columns

Item = TypeVar("Item")


class DataFile(NamedTuple):
    """Where the examples lie."""

    path: PathLike
    columns: Optional[Columns] = None
    """Of a table; None: the usual names."""
    limit: Optional[int] = None
    """Use the first so many examples; None: all."""

    def limited(self, examples: Iterable[Item]) -> list[Item]:
        """The first `limit` of `examples`, read no further; raises `ConfigError` on a limit below 1."""
        if self.limit is not None and self.limit < 1:
            raise ConfigError(f"limit must be at least 1; received {self.limit}")
        return [example for _, example in zip(range(self.limit), examples)] if self.limit else list(examples)

    def asked(self, examples: Iterable[Any]) -> list[Asked]:
        """A request for each of `examples`: its `text` and, if there is one, its `text_pair`, from its `line`."""
        return [
            Asked(
                self.where(example.line),
                TextRequest(example.text, example.text_pair),
                len(example.text) + len(example.text_pair or ""),
            )
            for example in examples
        ]

    def where(self, line: int) -> str:
        """`path:line`, how a message about an example starts."""
        return f"{self.path}:{line}"


class Asked(NamedTuple):
    """One request to the task's pipeline."""

    where: str
    """Of the example that it is from, for messages."""
    request: Any
    size: int
    """About how long it is, in characters or tokens; requests of one size run one after another."""


class Evaluation(ABC):
    """A data file that was read, as requests and right answers of one task."""

    writes_predictions = True
    """Whether `written` has a form that `harness.scoring` reads."""

    def __init__(self, data: DataFile) -> None:
        self.data = data

    @property
    @abstractmethod
    def asked(self) -> Sequence[Asked]:
        """The requests."""

    def inputs(self, pipeline: Pipeline[Any, Any], request: Any) -> Sequence[Packed]:
        """What is to be run for a request."""
        return pipeline.inputs(request)

    def decode(
        self, pipeline: Pipeline[Any, Any], request: Any, inputs: Sequence[Packed], outputs: Sequence[Outputs]
    ) -> Any:
        """What is kept of the outputs for a request: a prediction, never logits."""
        return pipeline.decode(request, inputs, outputs)

    @abstractmethod
    def value(self, prediction: Any) -> Any:
        """What `report` takes, of a prediction."""

    @abstractmethod
    def report(self, values: Sequence[Any]) -> dict[str, Any]:
        """The scores of a value a request, in their order: `examples`, and the keys of the task's metrics."""

    def correct(self, values: Sequence[Any]) -> Optional[list[bool]]:  # noqa: ARG002
        """Which of `values` are right, where the task's first metric is the share of those; None for other tasks."""
        return None

    def written(self, predictions: Sequence[Any]) -> bytes:
        """A file with the predictions as `harness.scoring` reads it: by default a JSON object a line."""
        return json_lines(prediction.to_dict() for prediction in predictions)


def json_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """An object a line, UTF-8."""
    return "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows).encode()

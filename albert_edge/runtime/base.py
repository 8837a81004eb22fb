"""`Predictor` and `HeadPredictor`: an opened artifact, and one of its heads with that task's pipeline.

A head's answer is the pipeline's: a request becomes inputs, each runs by itself at its exact length (that is the fast
way on a device), and the outputs become the prediction. What each task's `predict` takes is in `runtime.predictors`.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, ClassVar, Iterable, Iterator, Mapping, Optional, TypeVar

from albert_edge.artifact.heads import labels_of
from albert_edge.errors import ConfigError, DataError
from albert_edge.pipelines import make_pipeline
from albert_edge.runtime.running import run_packed, run_windows
from albert_edge.tasks import task_named

if TYPE_CHECKING:
    from albert_edge.artifact import Artifact
    from albert_edge.pipelines.base import Outputs, Pipeline
    from albert_edge.runtime.session import Session
    from albert_edge.text.packing import Packed

Item = TypeVar("Item")

Run = Callable[["Packed"], Mapping[str, "Outputs"]]
"""One packed input -> task of each head -> its outputs."""


class Predictor(ABC):
    """An artifact that is ready. Threads may share it; also a context manager that frees the model."""

    def __init__(self, artifact: Artifact, session: Session) -> None:
        self.artifact = artifact
        self.session = session

    @property
    def runtime(self) -> str:
        """Package and version of the interpreter."""
        return self.session.runtime

    @property
    def tasks(self) -> tuple[str, ...]:
        """Of the file's heads, in its order."""
        return tuple(head.task for head in self.artifact.heads)

    @abstractmethod
    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """Answer a request; what it takes and gives is the task's."""

    @abstractmethod
    def answer_item(
        self, item: Any, max_depth: Optional[int] = None, exit_threshold: Optional[float] = None, **options: Any
    ) -> Any:
        """Answer one item of `albert_edge.predict`'s `texts`."""

    def answers(
        self,
        items: Iterable[Any],
        max_depth: Optional[int] = None,
        exit_threshold: Optional[float] = None,
        **options: Any,
    ) -> Iterator[Any]:
        """Answer items one after another as they come; the message about one starts with its number from 1."""
        for number, item in counted(items):
            with numbered(number):
                answer = self.answer_item(item, max_depth, exit_threshold, **options)
            yield answer

    @abstractmethod
    def inputs_of(self, item: Any) -> list[Packed]:
        """What the network runs for such an item, an input a window of a long text; raises as `answer_item` does."""

    @abstractmethod
    def head(self, task: str) -> HeadPredictor:
        """The predictor of the head for `task` (long or short name) on this session: closing one closes the other.

        Raises `ConfigError` if the file has none.
        """

    def run(
        self, packed: Packed, max_depth: Optional[int] = None, exit_threshold: Optional[float] = None
    ) -> dict[str, Outputs]:
        """One pass: task of each head -> its outputs. Arguments and errors as in `running.run_packed`."""
        return run_packed(self.session, self.artifact.manifest, packed, max_depth, exit_threshold)

    def close(self) -> None:
        """Free the model's memory."""
        self.session.close()

    def __enter__(self) -> Predictor:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self.close()


class HeadPredictor(Predictor):
    """One head of an artifact."""

    task: ClassVar[str]
    options: ClassVar[tuple[str, ...]] = ()
    """What `predict` and `answer_item` take beside the request and the depth."""

    def __init__(self, artifact: Artifact, session: Session) -> None:
        super().__init__(artifact, session)
        head = next((head for head in artifact.heads if head.task == self.task), None)
        if head is None:
            raise ConfigError(f"a file must have a {self.task} head; received {_tasks(artifact)}")
        self.labels = labels_of(head)
        """In order of the logits; none for a task without labels."""
        # Made now, tokenizer included, so that the first text is as fast as the next.
        self.pipeline: Pipeline[Any, Any] = make_pipeline(
            head.task, head.config, artifact.tokenizer(), artifact.manifest.lengths.maximum
        )

    @abstractmethod
    def request_of(self, item: Any) -> Any:
        """An item of `albert_edge.predict`'s `texts` as the pipeline's request; raises `DataError`."""

    def answer(
        self,
        request: Any,
        max_depth: Optional[int] = None,
        exit_threshold: Optional[float] = None,
        run: Optional[Run] = None,
        **decoding: Optional[int],
    ) -> Any:
        """The prediction for a pipeline's request, each of its inputs run by `run`, or else by this session."""
        inputs = self.pipeline.inputs(request)
        outputs = run_windows(self.task, inputs, run or (lambda packed: self.run(packed, max_depth, exit_threshold)))
        given = {name: value for name, value in decoding.items() if value is not None}
        return self.pipeline.decode(request, inputs, outputs, **given)

    def answer_item(
        self, item: Any, max_depth: Optional[int] = None, exit_threshold: Optional[float] = None, **options: Any
    ) -> Any:
        """As `Predictor.answer_item`; raises `ConfigError` on an option of another task."""
        check_options(options, [self])
        own = {name: options[name] for name in self.options if name in options}
        return self.answer(self.request_of(item), max_depth, exit_threshold, **own)

    def inputs_of(self, item: Any) -> list[Packed]:
        """As `Predictor.inputs_of`."""
        return self.pipeline.inputs(self.request_of(item))

    def head(self, task: str) -> HeadPredictor:
        """This predictor: the only head's."""
        if task_named(task).name != self.task:
            raise no_head(self.artifact, task)
        return self


@contextlib.contextmanager
def numbered(number: int) -> Iterator[None]:
    """Put the number of a text, from 1, before what its `DataError` says."""
    try:
        yield
    except DataError as error:
        raise DataError(f"text {number}: {error}") from error


def counted(items: Iterable[Item]) -> Iterator[tuple[int, Item]]:
    """Each item with its number from 1; raises `DataError` on a string, which would come character by character."""
    if isinstance(items, str):
        raise DataError(f"texts must be a list or another iterable of texts; received the string {items!r}")
    return enumerate(items, start=1)


def no_head(artifact: Artifact, task: str) -> ConfigError:
    """The error for a task that no head of `artifact` has."""
    return ConfigError(f"task must be one of the file's, {_tasks(artifact)}; received {task!r}")


def check_options(options: Mapping[str, Any], predictors: list[HeadPredictor]) -> None:
    """Raise `ConfigError` for an option, not None, that none of the `predictors` has."""
    known = {name for predictor in predictors for name in predictor.options}
    for name, value in options.items():
        if value is not None and name not in known:
            tasks = ", ".join(predictor.task for predictor in predictors)
            raise ConfigError(f"{name} must be left out for {tasks}; received {value!r}")


def each(answer: Callable[[Any, Any], Any], name: str, first: Any, other_name: str, other: Any) -> Any:
    """`answer` to the two arguments of a request, or to each pair of two lists of them."""
    if not isinstance(first, list):
        return answer(first, other)
    others = [None] * len(first) if other is None else other
    if not isinstance(others, list) or len(others) != len(first):
        raise DataError(f"{other_name} must be a list of {len(first)} as {name} is; received {other!r}")
    return [answer(*both) for both in zip(first, others)]


def _tasks(artifact: Artifact) -> str:
    return ", ".join(head.task for head in artifact.heads)

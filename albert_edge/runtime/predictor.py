"""Public `load` and `predict`: text in, label out.

A predictor is an artifact, which has the tokenizer and the labels, and a session, which has the interpreter. One text
at a time at its exact length is the fast way on a device; a list is a loop. Text longer than the model takes is cut at
its end (of a pair, the longer text first).
"""

from __future__ import annotations

import dataclasses
import operator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping, Optional, Union, overload

from albert_edge.artifact import Artifact, read_artifact
from albert_edge.errors import ConfigError, DataError
from albert_edge.files import PathLike
from albert_edge.runtime.interpreter import open_session
from albert_edge.runtime.session import Session

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.text.packing import Packed

Texts = Union[str, tuple[str, str]]
"""A text or a pair of texts."""


@dataclasses.dataclass(frozen=True)
class Prediction:
    """The answer for one text or pair; scores are fractions that add up to 1."""

    text: str
    label: str
    score: float
    """Of `label`."""
    scores: Mapping[str, float]
    """Of every label, in the model's order."""
    text_pair: Optional[str] = None

    def to_dict(self) -> dict[str, Any]:
        """Keys `text, label, score, scores`, for a pair `text_pair` after `text`."""
        pair = {} if self.text_pair is None else {"text_pair": self.text_pair}
        return {"text": self.text, **pair, "label": self.label, "score": self.score, "scores": dict(self.scores)}


def load(path: PathLike, threads: int = 1, runtime: Optional[str] = None) -> Predictor:
    """Open the artifact at `path` with `threads` threads.

    `runtime` is `ai_edge_litert`, `tflite_runtime` or `tensorflow`; None takes the first of the first two that is
    installed. Raises `ArtifactError` if the file fails a check and `RuntimeUnavailableError` if nothing can run it.
    """
    artifact = read_artifact(path)
    return Predictor(artifact, open_session(artifact, threads, runtime))


def predict(
    path: PathLike,
    texts: Iterable[Texts],
    max_depth: Optional[int] = None,
    threads: int = 1,
    runtime: Optional[str] = None,
) -> Iterator[Prediction]:
    """Classify `texts`, each a text or a pair, with the artifact at `path`, one after another as they come.

    Arguments and errors as in `load` and `Predictor.predict`; the message about a text starts with its number from 1.
    """
    with load(path, threads, runtime) as predictor:
        for number, text in enumerate(texts, start=1):
            first, second = (text, None) if isinstance(text, str) else text
            try:
                yield predictor.predict(first, second, max_depth)
            except DataError as error:
                raise DataError(f"text {number}: {error}") from error


class Predictor:
    """A classifier that threads may share; also a context manager that frees the model."""

    def __init__(self, artifact: Artifact, session: Session) -> None:
        self.artifact = artifact
        self.session = session
        if artifact.config.problem_type not in (None, "single_label_classification"):
            raise ConfigError(
                f"problem_type must be single_label_classification to be decoded; "
                f"received {artifact.config.problem_type!r}"
            )
        # Made now, so that the first text is as fast as the next.
        self._tokenizer = artifact.tokenizer()

    @property
    def runtime(self) -> str:
        """Package and version of the interpreter."""
        return self.session.runtime

    @property
    def labels(self) -> tuple[str, ...]:
        """In order of the logits."""
        return self.artifact.manifest.labels

    @overload
    def predict(self, text: str, text_pair: Optional[str] = None, max_depth: Optional[int] = None) -> Prediction: ...

    @overload
    def predict(
        self, text: list[str], text_pair: Optional[list[str]] = None, max_depth: Optional[int] = None
    ) -> list[Prediction]: ...

    def predict(
        self,
        text: Union[str, list[str]],
        text_pair: Optional[Union[str, list[str]]] = None,
        max_depth: Optional[int] = None,
    ) -> Union[Prediction, list[Prediction]]:
        """Classify a text (-> `Prediction`) or a list of texts (-> list), each with its `text_pair` if given.

        `max_depth`: number of layers to apply, looped layout only; None, below 1 or above the model's means all.
        Raises `DataError` on a text without a piece, on what isn't text, and on lists of two lengths.
        """
        if not isinstance(text, list):
            return self._predict_one(text, text_pair, max_depth)
        pairs: Any = [None] * len(text) if text_pair is None else text_pair
        if not isinstance(pairs, list) or len(pairs) != len(text):
            raise DataError(f"text_pair must be a list of {len(text)} texts as text is; received {text_pair!r}")
        return [self._predict_one(*both, max_depth) for both in zip(text, pairs)]

    def logits(self, packed: Packed, max_depth: Optional[int] = None) -> NDArray[np.float32]:
        """The head's output, float32 [labels], for packed ids of at most `lengths.max` tokens."""
        outputs = self.session.run(self._inputs(packed, max_depth))
        logits: NDArray[np.float32] = outputs["logits"][0]
        return logits

    def pack(self, text: str, text_pair: Optional[str] = None) -> Packed:
        """The ids that `text` runs with, cut to `lengths.max` tokens; raises `DataError` if a text has no piece."""
        from albert_edge.text.packing import pack

        for value in (text,) if text_pair is None else (text, text_pair):
            if not isinstance(value, str):
                raise DataError(f"a text must be a string; received {value!r}")
        packed = pack(self._tokenizer, text, text_pair, self.artifact.manifest.lengths.maximum)
        first, second = (int((packed.token_type_ids == segment).sum()) for segment in (0, 1))
        # [CLS] and [SEP] alone, or the second [SEP] alone.
        if first == 2 or second == 1:
            empty = text if first == 2 else text_pair
            raise DataError(f"a text must have a piece left after clean-up; received {empty!r}")
        return packed

    def close(self) -> None:
        """Free the model's memory."""
        self.session.close()

    def __enter__(self) -> Predictor:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self.close()

    def _predict_one(self, text: str, text_pair: Any, max_depth: Optional[int]) -> Prediction:
        from albert_edge.text.labels import decode_classification

        answer = decode_classification(self.logits(self.pack(text, text_pair), max_depth), self.labels)
        return Prediction(text, answer.label, answer.score, answer.scores, text_pair)

    def _inputs(self, packed: Packed, max_depth: Optional[int]) -> dict[str, NDArray[Any]]:
        import numpy as np

        arrays = {"input_ids": packed.input_ids, "token_type_ids": packed.token_type_ids}
        if self.artifact.manifest.layout == "looped":
            batch = {name: array[np.newaxis] for name, array in arrays.items()}
            return {**batch, "max_depth": np.array([_depth(max_depth)], np.int32)}
        if max_depth is not None:
            raise ConfigError(f"max_depth needs a model in the looped layout; received {max_depth} for an unrolled one")
        arrays["attention_mask"] = np.ones_like(packed.input_ids)
        missing = self.artifact.manifest.lengths.maximum - len(packed.input_ids)
        # ALBERT's padding piece has id 0 in some vocabularies only; a masked position's id must merely exist.
        fill = {"input_ids": self._tokenizer.pad_id}
        return {
            name: np.pad(array, (0, missing), constant_values=fill.get(name, 0))[np.newaxis]
            for name, array in arrays.items()
        }


def _depth(max_depth: Optional[int]) -> int:
    """The graph takes 0 for "all layers", and a number that int32 can't hold must not reach it."""
    if max_depth is None:
        return 0
    try:
        depth = operator.index(max_depth)
    except TypeError as reason:
        raise ConfigError(f"max_depth must be a whole number or None; received {max_depth!r}") from reason
    return max(0, min(depth, 2**31 - 1))

"""Public `load`, `predict` and `similar`: text in, answers out.

A predictor is an artifact, which has the tokenizer and the heads, and a session, which has the interpreter. Which class
it has follows from the artifact's tasks: `runtime.predictors` has one a task, `runtime.combined` that of several heads.
"""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Optional

from albert_edge.artifact import read_artifact
from albert_edge.errors import AlbertEdgeError, ConfigError
from albert_edge.files import PathLike
from albert_edge.runtime.base import HeadPredictor, Predictor
from albert_edge.runtime.interpreter import open_session
from albert_edge.runtime.predictors import PREDICTORS, Embedder, Similar

__all__ = ["HeadPredictor", "Predictor", "load", "predict", "similar"]


def load(path: PathLike, threads: int = 1, runtime: Optional[str] = None) -> Predictor:
    """Open the artifact at `path` with `threads` threads.

    Returns the task's predictor: `Classifier`, `Tagger`, `Answerer`, `Embedder`, `Filler` or `OrderPredictor` (see
    `runtime.predictors`), of a file with several heads a `CombinedPredictor`. `runtime` is `ai_edge_litert`,
    `tflite_runtime` or `tensorflow`; None takes the first of the first two that is installed. Raises `ArtifactError` if
    the file fails a check, `ConfigError` if its labels or settings aren't its task's, and `RuntimeUnavailableError` if
    nothing can run it.
    """
    artifact = read_artifact(path)
    session = open_session(artifact, threads, runtime)
    try:
        if len(artifact.heads) == 1:
            return PREDICTORS[artifact.heads[0].task](artifact, session)
        from albert_edge.runtime.combined import CombinedPredictor

        return CombinedPredictor(artifact, session)
    except AlbertEdgeError as error:
        session.close()
        raise type(error)(f"{path}: {error}") from error


def predict(
    path: PathLike,
    texts: Iterable[Any],
    max_depth: Optional[int] = None,
    threads: int = 1,
    runtime: Optional[str] = None,
    task: Optional[str] = None,
    n_best: Optional[int] = None,
    top: Optional[int] = None,
    exit_threshold: Optional[float] = None,
) -> Iterator[Any]:
    """Answer `texts` with the artifact at `path`, one after another as they come.

    An item of `texts` is a text; for text-classification it may be a pair of texts, for sentence-order it is one, for
    question-answering a question and its passage; for several heads see `CombinedPredictor.answer_item`. `task`: of a
    file with several heads answer this one alone. `n_best` and `top` belong to question-answering and fill-mask,
    `exit_threshold` to files with an exit. Other arguments and errors as in `load` and the predictors' `predict`; the
    message about a text starts with its number from 1.
    """
    with load(path, threads, runtime) as predictor:
        chosen = predictor if task is None else predictor.head(task)
        yield from chosen.answers(texts, max_depth, exit_threshold, n_best=n_best, top=top)


def similar(
    path: PathLike,
    query: str,
    texts: Iterable[str],
    k: int = 5,
    max_depth: Optional[int] = None,
    threads: int = 1,
    runtime: Optional[str] = None,
) -> list[Similar]:
    """The `k` of `texts` nearest to `query` by the vectors of the artifact at `path`, nearest first.

    Arguments and errors as in `load` and `Embedder.similar`; `ConfigError` if the artifact has no feature-extraction.
    """
    with load(path, threads, runtime) as predictor:
        embedder = predictor.head("feature-extraction")
        if not isinstance(embedder, Embedder):
            raise ConfigError(f"similar needs a feature-extraction head; received {embedder.task}")
        return embedder.similar(query, texts, k, max_depth)

"""`feature-extraction`: a text as a vector, and which vectors lie nearest to one.

The network pools its tokens itself (`DeviceSettings.pooling`). The vector of a long text is the mean of its windows',
which weigh alike since each has as many pieces. Leaves out an index for millions of vectors: `rank` compares with all.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.errors import CheckFailedError, ConfigError, DataError
from albert_edge.pipelines.base import Outputs, Pipeline, TextRequest, encode, pooled
from albert_edge.text.windows import windows

if TYPE_CHECKING:
    from albert_edge.text.packing import Packed


@dataclasses.dataclass(frozen=True, eq=False)
class Embedding:
    """The vector of one text."""

    text: str
    embedding: NDArray[np.float32]
    """float32 [hidden_size]"""

    def to_dict(self) -> dict[str, Any]:
        """Keys `text, embedding`, a list of numbers."""
        return {"text": self.text, "embedding": self.embedding.tolist()}


class EmbeddingPipeline(Pipeline[TextRequest, Embedding]):
    """Embedding of single texts, of length 1 if the model's settings say `normalize`."""

    task = "feature-extraction"

    def inputs(self, request: TextRequest) -> list[Packed]:
        """One input, or one a window; raises `DataError` if the text has no piece and on a pair."""
        if request.text_pair is not None:
            raise DataError(f"an embedding must be of one text; received the pair {request.text_pair!r}")
        encoding = encode(self.tokenizer, request.text)
        return [window.packed for window in windows(self.tokenizer, encoding, self.longest, self.settings.stride)]

    def decode(self, request: TextRequest, inputs: Sequence[Packed], outputs: Sequence[Outputs]) -> Embedding:
        """The windows' vectors as one."""
        mean = pooled(inputs, outputs, "embedding", self.config.hidden_size).mean(axis=0)
        if self.settings.normalize:
            length = np.linalg.norm(mean)
            if length == 0:
                raise CheckFailedError("an embedding must differ from 0 to get length 1; received zeros")
            mean = mean / length
        return Embedding(request.text, mean.astype(np.float32))


def rank(query: NDArray[np.floating[Any]], matrix: NDArray[np.floating[Any]], k: int) -> list[tuple[int, float]]:
    """The `k` rows (all, if there are fewer) of `matrix` [N, H] nearest to `query` [H], nearest first.

    Each is its index and its cosine in [-1, 1], in float64; of equals the lower index comes first. Raises
    `ConfigError` on other shapes and a `k` below 1, `DataError` on a vector of zeros, which has no direction.
    """
    # The device's embedder needs no metrics until it is asked for neighbours.
    from albert_edge.metrics.retrieval import directions

    if query.ndim != 1 or matrix.ndim != 2 or matrix.shape[1] != len(query):
        raise ConfigError(f"vectors must have the shapes [H] and [N, H]; received {query.shape} and {matrix.shape}")
    if k < 1:
        raise ConfigError(f"k must be at least 1; received {k}")
    if not len(matrix):
        return []
    cosines = np.clip(directions("vectors", matrix) @ directions("the query", query[np.newaxis])[0], -1, 1)
    nearest = np.argsort(-cosines, kind="stable")[:k]
    return [(index, float(cosines[index])) for index in nearest.tolist()]

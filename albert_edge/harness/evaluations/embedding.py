"""`feature-extraction` on a table of pairs: how near their vectors are.

With labels, numbers that say how alike a pair is: the correlation of the vectors' cosine with them, as sentence-
embedding papers report STS (Reimers and Gurevych 2019). Without labels a pair belongs together, and each first text has
to find its own among all second texts that differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence

from albert_edge.errors import DataError
from albert_edge.harness.evaluations.base import Asked, DataFile, Evaluation
from albert_edge.metrics import pair_cosines, pearson, retrieval_report, spearman
from albert_edge.pipelines.base import TextRequest
from albert_edge.text.tables import Example, has_labels, iterate_examples
from albert_edge.text.targets import numbers_of_labels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Embedding(Evaluation):
    """Pairs; a text that comes more than once is asked once."""

    def __init__(self, data: DataFile) -> None:
        super().__init__(data)
        self.has_labels = has_labels(data.path, data.columns)
        self.examples: list[Example] = data.limited(iterate_examples(data.path, data.columns, self.has_labels))
        lines: dict[str, int] = {}
        for example in self.examples:
            if example.text_pair is None:
                raise DataError(f"{data.where(example.line)}: a row must have a text_pair; received a text alone")
            for text in (example.text, example.text_pair):
                lines.setdefault(text, example.line)
        self.lines = lines
        """Each text -> the line that it first comes in."""
        self.numbers = numbers_of_labels(data.path, self.examples) if self.has_labels else []

    @property
    def asked(self) -> list[Asked]:
        """A request a text."""
        return [Asked(self.data.where(line), TextRequest(text), len(text)) for text, line in self.lines.items()]

    def value(self, prediction: Any) -> NDArray[np.float32]:
        """The vector."""
        vector: NDArray[np.float32] = prediction.embedding
        return vector

    def report(self, values: Sequence[NDArray[Any]]) -> dict[str, Any]:
        """`cosine_report` of the pairs, or without labels `retrieval_report`."""
        import numpy as np

        vectors = np.stack(values)
        places = {text: place for place, text in enumerate(self.lines)}
        first = vectors[[places[example.text] for example in self.examples]]
        if self.has_labels:
            second = vectors[[places[str(example.text_pair)] for example in self.examples]]
            return self.cosine_report(pair_cosines(first, second).tolist())
        # The same second text in two pairs is one candidate: it can't be told from itself.
        others = list(dict.fromkeys(str(example.text_pair) for example in self.examples))
        candidates = {text: place for place, text in enumerate(others)}
        partners = [candidates[str(example.text_pair)] for example in self.examples]
        return retrieval_report(first, vectors[[places[text] for text in others]], partners)

    def cosine_report(self, cosines: Sequence[float]) -> dict[str, Any]:
        """`examples`, `pearson` and `spearman` of a cosine a pair with the labels, None as in `metrics.pearson`.

        There is no error to report: the labels have a scale of their own.
        """
        return {
            "examples": len(self.examples),
            "pearson": pearson(self.numbers, cosines),
            "spearman": spearman(self.numbers, cosines),
        }

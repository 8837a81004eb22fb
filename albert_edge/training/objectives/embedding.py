"""`feature-extraction`: vectors that are near each other where texts are related.

Two kinds of pairs teach it. `ranking`: the pairs are related, and each text has to find its partner among the other
pairs' second texts in its batch (Henderson et al. 2017, *Efficient Natural Language Response Suggestion for Smart
Reply*, section 4.4; the cosine times 20 as sentence-transformers has it). `cosine`: the label says how near, and the
cosine is to be the label brought to [0, 1] (Reimers and Gurevych 2019, section 3). Leaves out triplets and hard
negatives. A batch that holds one second text twice counts the other one as wrong.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Optional, Sequence

import numpy as np

from albert_edge.errors import DataError
from albert_edge.files import PathLike
from albert_edge.metrics import pair_cosines, pearson, retrieval_report, spearman
from albert_edge.pipelines.base import TextRequest
from albert_edge.text.tables import Example, read_examples
from albert_edge.text.targets import numbers_of_labels
from albert_edge.training.data import Encoded, encode
from albert_edge.training.objectives.base import Answered, Items, Objective, Rows, TargetSpec, longest
from albert_edge.training.objectives.texts import texts_of
from albert_edge.training.scoring import Question

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.config import AlbertConfig
    from albert_edge.pipelines.embedding import Embedding
    from albert_edge.text.tokenizer import Tokenizer
    from albert_edge.training.request import Request

SCALE = 20.0
"""A cosine of 1 is a logit of this."""


class Pairs(Objective):
    """What both kinds have in common: an item is two texts that run apart."""

    needs_labels = False

    def read(self, path: PathLike) -> list[Example]:
        """The rows of a table of pairs."""
        examples = read_examples(path, self.request.columns_of(path), need_labels=self.needs_labels)
        if examples[0].text_pair is None:
            raise DataError(
                f"{path}: embeddings must be learnt from pairs, a text and a text_pair; received single texts"
            )
        return examples

    def texts(self) -> list[str]:
        """First and second texts."""
        return texts_of(self.train.examples)

    def adapt(self, config: AlbertConfig) -> AlbertConfig:
        """How the tokens' states become a vector."""
        chosen = {"pooling": self.settings.pooling, "normalize": self.settings.normalize}
        return config.with_settings(**{name: value for name, value in chosen.items() if value is not None})

    def encode(self, config: AlbertConfig, tokenizer: Tokenizer) -> tuple[Encoded, Encoded]:
        """A pair an item."""
        return self._encode(self.train, config, tokenizer), self._encode(self.dev, config, tokenizer)

    def batch(
        self, data: Encoded, indices: NDArray[np.int64], tokenizer: Tokenizer, generator: np.random.Generator
    ) -> Items:
        """All first texts, then all second ones."""
        first = super().batch(data, indices, tokenizer, generator)
        return Items([*first.texts, *(data.others[index] for index in indices)], first.targets)

    def questions(self) -> list[Question]:
        """All first texts of dev, then all second ones."""
        examples = self.dev.examples
        return [
            *(Question(f"{self.dev.path}:{example.line}", TextRequest(example.text)) for example in examples),
            *(Question(f"{self.dev.path}:{example.line}", TextRequest(str(example.text_pair))) for example in examples),
        ]

    def targets(self, rows: Rows) -> list[np.float32]:
        """A number a pair."""
        raise NotImplementedError

    def _encode(self, rows: Rows, config: AlbertConfig, tokenizer: Tokenizer) -> Encoded:
        first = [dataclasses.replace(example, text_pair=None) for example in rows.examples]
        second = [dataclasses.replace(each, text=str(pair.text_pair)) for each, pair in zip(first, rows.examples)]
        sides = [encode(side, (), tokenizer, longest(config)) for side in (first, second)]
        truncated = sum(side.truncated for side in sides)
        return Encoded(sides[0].texts, self.targets(rows), truncated, sides[1].texts)


class Ranking(Pairs):
    """Related texts find each other."""

    target_specs = (TargetSpec((None,), "float32"),)

    def targets(self, rows: Rows) -> list[np.float32]:
        """1: every pair is related."""
        return [np.float32(1)] * len(rows.examples)

    def losses(self, given: Answered) -> Any:
        """A loss a pair."""
        from albert_edge.training.losses import ranking

        return ranking(given.outputs["embedding"], SCALE)

    def report(self, predictions: Sequence[Embedding]) -> dict[str, Any]:
        """`retrieval_report`: the second texts of dev are the candidates, equal ones being one."""
        first, second = _sides(predictions)
        texts = [str(example.text_pair) for example in self.dev.examples]
        places: dict[str, int] = {}
        for place, text in enumerate(texts):
            places.setdefault(text, place)
        partners = {text: candidate for candidate, text in enumerate(places)}
        return retrieval_report(first, second[list(places.values())], [partners[text] for text in texts])


class Cosine(Pairs):
    """The label is how near two texts are."""

    target_specs = (TargetSpec((None,), "float32"),)
    needs_labels = True

    def __init__(self, request: Request, known_labels: Optional[Sequence[str]] = None) -> None:
        super().__init__(request, known_labels)
        if self.replay is not None:
            numbers_of_labels(self.replay.path, self.replay.examples)
        numbers = numbers_of_labels(self.train.path, self.train.examples)
        self.lowest, self.highest = min(numbers), max(numbers)
        if self.lowest == self.highest:
            raise DataError(f"{self.train.path}: the training pairs must have different numbers; received {numbers[0]}")
        self.dev_numbers = numbers_of_labels(self.dev.path, self.dev.examples)

    def measuring(self, path: PathLike, config: AlbertConfig) -> Cosine:
        """Whose labels are those of the file."""
        other = super().measuring(path, config)
        assert isinstance(other, Cosine)
        other.dev_numbers = numbers_of_labels(path, other.dev.examples)
        return other

    def targets(self, rows: Rows) -> list[np.float32]:
        """The numbers, so that the training set's lie in [0, 1]."""
        numbers = numbers_of_labels(rows.path, rows.examples)
        return [np.float32((number - self.lowest) / (self.highest - self.lowest)) for number in numbers]

    def facts(self) -> dict[str, Any]:
        """What became 0 and 1."""
        return {"lowest": self.lowest, "highest": self.highest}

    def losses(self, given: Answered) -> Any:
        """A loss a pair."""
        from albert_edge.training.losses import cosine_error

        return cosine_error(given.outputs["embedding"], given.targets[0])

    def report(self, predictions: Sequence[Embedding]) -> dict[str, Any]:
        """Correlations of the cosines with the labels."""
        cosines = pair_cosines(*_sides(predictions))
        return {
            "examples": len(cosines),
            "spearman": spearman(self.dev_numbers, cosines),
            "pearson": pearson(self.dev_numbers, cosines),
        }


def _sides(predictions: Sequence[Embedding]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    vectors = np.stack([prediction.embedding for prediction in predictions])
    return vectors[: len(vectors) // 2], vectors[len(vectors) // 2 :]


KINDS: dict[Optional[str], type[Pairs]] = {"ranking": Ranking, "cosine": Cosine}
"""`pair_objective` -> what is learnt."""

"""What a model that is being pretrained reaches on text that it doesn't learn from: always the same places masked.

`accuracy` and `perplexity` are of masks as the training has them, spans among them, but always of `MASK_SHARE` of the
pieces; `accuracy_of_pieces` and `perplexity_of_pieces` are of single pieces masked, which have more of the text around
them and are easier.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING, Any, Iterator, Sequence

import numpy as np

from albert_edge.errors import DataError
from albert_edge.training.pretraining.stream import Example, Examples, stacked
from albert_edge.training.scoring import DEV_SEED

if TYPE_CHECKING:
    from albert_edge.text.tokenizer import Tokenizer
    from albert_edge.training.pretraining.records import Corpus
    from albert_edge.training.pretraining.settings import PretrainingSettings
    from albert_edge.training.pretraining.step import PretrainStep

BATCH = 16

MASK_SHARE = 0.15
"""Devlin et al. 2018. The more is masked the harder it is: trainings with other shares are measured alike."""


class HeldOut:
    """Inputs of one corpus, made once."""

    def __init__(
        self, corpus: Corpus, tokenizer: Tokenizer, settings: PretrainingSettings, length: int, most: int
    ) -> None:
        """At most `most` inputs of `length` tokens, from all shards evenly.

        Raises `DataError` for a corpus of which no piece can be masked.
        """
        # Other seeds learn from other masks, and all are measured on the same.
        of_spans = dataclasses.replace(settings, seed=DEV_SEED, mask_share=MASK_SHARE, max_predictions=None)
        of_pieces = dataclasses.replace(of_spans, ngram=1, whole_words=False)
        self._spans, self._pieces = (
            list(_batches(Examples(corpus, tokenizer, chosen, length), most)) for chosen in (of_spans, of_pieces)
        )
        if not all(any(batch.weights.any() for batch in batches) for batches in (self._spans, self._pieces)):
            raise DataError(f"a held-out corpus must have pieces that can be masked; received {corpus.folder} without")

    def scores(self, step: PretrainStep) -> dict[str, Any]:
        """What the model of `step` reaches; losses are in nats, accuracies fractions."""
        found, pieces = _summed(step, self._spans), _summed(step, self._pieces)
        return {
            "loss": found[0] / found[2],
            "perplexity": perplexity(found[0] / found[2]),
            "accuracy": found[1] / found[2],
            "masked": int(found[2]),
            "perplexity_of_pieces": perplexity(pieces[0] / pieces[2]),
            "accuracy_of_pieces": pieces[1] / pieces[2],
            "order_loss": found[3] / found[5],
            "order_accuracy": found[4] / found[5],
            "pairs": int(found[5]),
        }


def perplexity(loss: float) -> float:
    """e to the `loss` in nats; of a loss that diverged the largest number that JSON can hold, about."""
    return math.exp(min(loss, 709.0))


def _batches(examples: Examples, most: int) -> Iterator[Example]:
    """All inputs; the last batch may be smaller, and its graph is one more."""
    found = iter(examples.once(most))
    while batch := list(itertools.islice(found, BATCH)):
        yield stacked(batch)


def _summed(step: PretrainStep, batches: Sequence[Example]) -> list[float]:
    sums = np.array([[float(each) for each in step.measure(batch)] for batch in batches])
    return [float(each) for each in sums.sum(axis=0)]

"""`token-classification`: a label a word, which marks where entities start and go on.

Cross-entropy of each word's first piece over the labels, as in Devlin et al. 2018, section 5.3; the other pieces of a
word are no targets. A text too long is learnt in windows. Whatever scheme the file marks entities in, what is learnt is
IOB2. Leaves out a CRF: that no impossible sequence comes out is seen to when the answer is decoded.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any, Optional, Sequence

import numpy as np

from albert_edge.errors import DataError
from albert_edge.files import PathLike
from albert_edge.metrics import entity_report
from albert_edge.pipelines.base import TagRequest
from albert_edge.text.entities import IGNORED, TagSet, piece_labels
from albert_edge.text.schemes import scheme_of_labels, tags_of_labels
from albert_edge.text.tagged import TaggedExample, labels_of_tagged, read_tagged
from albert_edge.text.windows import windows
from albert_edge.training.data import Encoded, class_weights
from albert_edge.training.objectives.base import Answered, Objective, Rows, TargetSpec, longest
from albert_edge.training.scoring import Question

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.config import AlbertConfig
    from albert_edge.pipelines.tagging import Tagging as Predicted
    from albert_edge.text.packing import Packed
    from albert_edge.text.tokenizer import Tokenizer
    from albert_edge.training.request import Request


class Tagging(Objective):
    """Tagged words."""

    target_specs = (TargetSpec((None, None), "int32"),)
    filling = IGNORED

    def __init__(self, request: Request, known_labels: Optional[Sequence[str]] = None) -> None:
        super().__init__(request, known_labels)
        known = tuple(known_labels or ())
        extends = request.keeps_labels and self.labels[: len(known)] == known
        self.keeps_labels = known_labels is not None and (extends or self.labels == known)

    def read(self, path: PathLike) -> list[TaggedExample]:
        """CoNLL, or JSON Lines with spans."""
        return read_tagged(path)

    def choose_labels(self, known: Optional[Sequence[str]]) -> tuple[str, ...]:
        """`O`, B and I of each type of the training set; a checkpoint's if they are all among them.

        Of a request that keeps labels a checkpoint's in any case, those of further types behind them.
        """
        labels = labels_of_tagged(self.train.examples)
        if len(labels) < 2:
            raise DataError(f"{self.train.path}: the training texts must have entities; received none")
        chosen = tuple(known) if known is not None and set(labels) <= set(known) else labels
        if known is not None and chosen == labels and self.request.keeps_labels:
            chosen = _extended(self.train.path, known, labels)
        for example in self.dev.examples:
            unknown = [tag for tag in example.tags if tag not in chosen]
            if unknown:
                raise DataError(
                    f"{self.dev.path}:{example.line}: a tag must be one of the training texts' "
                    f"({', '.join(chosen)}); received {unknown[0]!r}"
                )
        return chosen

    def texts(self) -> list[str]:
        """The texts."""
        return [example.text for example in self.train.examples]

    def adapt(self, config: AlbertConfig) -> AlbertConfig:
        """The stride, if one is chosen; a scheme only with labels that were a checkpoint's."""
        scheme = config.settings.tag_scheme if self.keeps_labels else None
        return config.with_settings(tag_scheme=scheme, stride=self.settings.stride)

    def encode(self, config: AlbertConfig, tokenizer: Tokenizer) -> tuple[Encoded, Encoded]:
        """A window an item."""
        train, dev = self._encode(self.train, config, tokenizer), self._encode(self.dev, config, tokenizer)
        targets = np.concatenate(train.targets)
        # A checkpoint's labels may be in another scheme than the file's tags, so that only the targets tell how often.
        learnt = targets[targets != IGNORED]
        self.class_weights = class_weights(self.settings.class_weights, learnt, len(self.labels))
        return train, dev

    def facts(self) -> dict[str, Any]:
        """How many words have each label."""
        counts = collections.Counter(tag for example in self.train.examples for tag in example.tags)
        return {"per_tag": dict(sorted(counts.items()))}

    def losses(self, given: Answered) -> Any:
        """A loss a word."""
        from albert_edge.training.losses import token_labels

        smoothing, weights = (
            (self.settings.label_smoothing or 0.0, self.class_weights) if given.training else (0.0, None)
        )
        return token_labels(given.outputs["logits"], given.targets[0], smoothing, weights)

    def questions(self) -> list[Question]:
        """The texts of dev and their words."""
        return [
            Question(f"{self.dev.path}:{example.line}", TagRequest(example.text, example.words))
            for example in self.dev.examples
        ]

    def report(self, predictions: Sequence[Predicted]) -> dict[str, Any]:
        """`entity_report`: entities whole and of the right type."""
        gold = [example.tags for example in self.dev.examples]
        return entity_report(gold, [prediction.word_labels for prediction in predictions])

    def _encode(self, rows: Rows, config: AlbertConfig, tokenizer: Tokenizer) -> Encoded:
        tag_set = TagSet(self.labels, config.settings.tag_scheme)
        texts: list[Packed] = []
        targets: list[NDArray[np.int32]] = []
        owners: list[int] = []
        for owner, example in enumerate(rows.examples):
            encoding = tokenizer.encode(example.text)
            labels = piece_labels(encoding.offsets, example.words, example.tags, tag_set)
            for window in windows(tokenizer, encoding, longest(config), config.settings.stride):
                target = np.full(len(window.packed.input_ids), IGNORED, np.int32)
                target[window.first : window.first + window.stop - window.start] = labels[window.start : window.stop]
                texts.append(window.packed)
                targets.append(target)
                owners.append(owner)
        return Encoded(texts, targets, owners=owners)


def _extended(path: PathLike, known: Sequence[str], labels: Sequence[str]) -> tuple[str, ...]:
    """`known` and behind them those of `labels` that are new.

    Raises `DataError` if `known` mark entities in another scheme than B and I: the new ones would be in two.
    """
    new = [label for label in labels if label not in known]
    scheme = scheme_of_labels(tags_of_labels(known))
    if new and scheme != "iob2":
        raise DataError(
            f"{path}: labels may be added to those of a tagger in iob2; received {', '.join(new)} beside {scheme}"
        )
    return (*known, *new)

"""From a data file to what a step needs: packed texts and label ids, and the set of labels behind the ids."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Optional, Sequence

import numpy as np

from albert_edge.errors import DataError
from albert_edge.files import PathLike
from albert_edge.text.packing import Packed, pack
from albert_edge.text.tables import ids_of_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.text.tables import Example
    from albert_edge.text.tokenizer import Tokenizer


@dataclasses.dataclass(frozen=True)
class Encoded:
    """A data file as the model takes it: N texts."""

    texts: Sequence[Packed]
    labels: NDArray[np.int32]
    """Label ids, int32 [N]."""
    truncated: int
    """How many texts were longer than the longest length allowed and lost their end."""

    @property
    def lengths(self) -> list[int]:
        """Tokens of each text, special pieces included."""
        return [len(packed.input_ids) for packed in self.texts]


def choose_labels(path: PathLike, examples: Sequence[Example], known: Optional[Sequence[str]] = None) -> list[str]:
    """The labels of the training set `examples`, sorted; or `known`, a checkpoint's, if it has all of them.

    Raises `DataError` naming `path` if there is only one label: nothing could be learnt.
    """
    found = sorted({example.label for example in examples if example.label is not None})
    if len(found) < 2:
        raise DataError(f"{path}: the training texts must have at least two labels; received {found} alone")
    return list(known) if known is not None and set(found) <= set(known) else found


def label_ids(path: PathLike, examples: Sequence[Example], labels: Sequence[str]) -> NDArray[np.int32]:
    """Ids int32 [N] of the labels of `examples`; raises `DataError` with the line of one that isn't in `labels`."""
    return np.array(ids_of_labels(path, examples, labels, f"the training texts' ({', '.join(labels)})"), np.int32)


def encode(examples: Sequence[Example], labels: NDArray[np.int32], tokenizer: Tokenizer, max_length: int) -> Encoded:
    """Tokenize and pack every example into at most `max_length` tokens."""
    # A token more than allowed shows which texts lose something, without tokenizing twice.
    roomy = [pack(tokenizer, example.text, example.text_pair, max_length + 1) for example in examples]
    long = [index for index, packed in enumerate(roomy) if len(packed.input_ids) > max_length]
    for index in long:
        roomy[index] = pack(tokenizer, examples[index].text, examples[index].text_pair, max_length)
    return Encoded(roomy, labels, len(long))


def balanced_weights(labels: NDArray[np.int32], label_count: int) -> NDArray[np.float32]:
    """A weight for each label, float32 [label_count]: N / (label_count * how often it occurs).

    As scikit-learn's `class_weight="balanced"`; the mean weight of the N texts is 1. A label that doesn't occur
    weighs 0: no text asks for its weight.
    """
    counts = np.bincount(labels, minlength=label_count)
    weights = np.divide(len(labels), label_count * counts, out=np.zeros(label_count), where=counts > 0)
    return weights.astype(np.float32)

"""From examples to what a step needs: packed inputs with their targets, label sets, and weights against rarity."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Iterable, Optional, Sequence

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
    """A data file as the model takes it: N items of one input, or of two that run apart."""

    texts: Sequence[Packed]
    """N inputs."""
    targets: Sequence[Any]
    """N targets, of a kind that the objective knows."""
    truncated: int = 0
    """How many examples were longer than the longest length allowed and lost their end."""
    others: Sequence[Packed] = ()
    """N second inputs, of items that have two."""
    owners: Sequence[int] = ()
    """Index of the example that each item is of; empty: the items are the examples."""

    @property
    def inputs(self) -> list[Packed]:
        """Every input."""
        return [*self.texts, *self.others]

    @property
    def lengths(self) -> list[int]:
        """Tokens of each item, special pieces included; of two inputs those of the longer."""
        first = [len(packed.input_ids) for packed in self.texts]
        return [max(pair) for pair in zip(first, (len(packed.input_ids) for packed in self.others))] or first


def choose_labels(
    path: PathLike, found: Iterable[str], known: Optional[Sequence[str]] = None, keep: bool = False
) -> tuple[str, ...]:
    """The labels `found` in the training set, sorted; or `known`, a checkpoint's, if it has all of them.

    `keep`: `known` in any case, the others behind. Raises `DataError` naming `path` if there is only one label: nothing
    could be learnt.
    """
    labels = sorted(set(found))
    if keep and known is not None:
        labels = [*known, *(label for label in labels if label not in known)]
    if len(labels) < 2:
        raise DataError(f"{path}: the training texts must have at least two labels; received {labels} alone")
    return tuple(known) if known is not None and set(labels) <= set(known) else tuple(labels)


def label_ids(path: PathLike, examples: Sequence[Example], labels: Sequence[str]) -> NDArray[np.int32]:
    """Ids int32 [N] of the labels of `examples`; raises `DataError` with the line of one that isn't in `labels`."""
    return np.array(ids_of_labels(path, examples, labels, f"the training texts' ({', '.join(labels)})"), np.int32)


def encode(examples: Sequence[Example], targets: Sequence[Any], tokenizer: Tokenizer, max_length: int) -> Encoded:
    """Tokenize and pack every example into at most `max_length` tokens."""
    # A token more than allowed shows which texts lose something, without tokenizing twice.
    roomy = [pack(tokenizer, example.text, example.text_pair, max_length + 1) for example in examples]
    long = [index for index, packed in enumerate(roomy) if len(packed.input_ids) > max_length]
    for index in long:
        roomy[index] = pack(tokenizer, examples[index].text, examples[index].text_pair, max_length)
    return Encoded(roomy, targets, len(long))


def class_weights(kind: Optional[str], labels: NDArray[np.int32], label_count: int) -> Optional[NDArray[np.float32]]:
    """The weights that the setting `class_weights` asks for; None where every label counts the same."""
    if kind in (None, "none"):
        return None
    balanced = balanced_weights(labels, label_count)
    return balanced if kind == "balanced" else np.sqrt(balanced)


def rare_label_weights(kind: Optional[str], targets: NDArray[np.float32]) -> Optional[NDArray[np.float32]]:
    """What a text that has a label counts for it, float32 [labels], from targets [N, labels] of 0 and 1.

    `balanced` is how many texts lack the label for each that has it; a label that all texts have, or none, counts once.
    """
    if kind in (None, "none"):
        return None
    counts = targets.sum(axis=0)
    differs = (counts > 0) & (counts < len(targets))
    balanced: NDArray[np.float32] = np.divide(len(targets) - counts, counts, out=np.ones_like(counts), where=differs)
    return balanced if kind == "balanced" else np.sqrt(balanced)


def balanced_weights(labels: NDArray[np.int32], label_count: int) -> NDArray[np.float32]:
    """A weight for each label, float32 [label_count]: N / (label_count * how often it occurs).

    As scikit-learn's `class_weight="balanced"`; the mean weight of the N targets is 1. A label that doesn't occur
    weighs 0: no target asks for its weight.
    """
    counts = np.bincount(labels, minlength=label_count)
    weights = np.divide(len(labels), label_count * counts, out=np.zeros(label_count), where=counts > 0)
    return weights.astype(np.float32)

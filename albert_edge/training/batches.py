"""Batches of texts of about one length, in another order every epoch.

Each epoch shuffles the texts, sorts chunks of many batches by length, cuts them into batches and shuffles those: a
batch is padded to its own longest text only, and which texts meet in it is still chance. Everything follows from the
seed and the epoch's number, so that a training can go on in the middle of an epoch without having stored its order.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Iterable, NamedTuple, Optional, Sequence

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.text.packing import Packed

CHUNK_BATCHES = 50
"""Batches sorted together. More mean less padding and less chance; at 50 padding is about 2 %."""


class Inputs(NamedTuple):
    """What the model takes: B texts of at most T tokens."""

    input_ids: NDArray[np.int32]
    """[B, T]"""
    attention_mask: NDArray[np.int32]
    """[B, T]: 1 a token, 0 padding."""
    token_type_ids: NDArray[np.int32]
    """[B, T]"""
    masked_positions: Optional[NDArray[np.int32]] = None
    """[B, K], of tasks whose inputs have them; a text with fewer than K has position 0 for the rest."""


class Batch(NamedTuple):
    """What one step takes."""

    inputs: Inputs
    targets: tuple[NDArray[Any], ...]
    """As the objective's `target_specs` say."""
    additions: tuple[tuple[NDArray[Any], ...], ...] = ()
    """What each addition's `arrays` gave; of no use where nothing is updated."""
    rows: Optional[NDArray[np.int64]] = None
    """[B]: which of the training set they are. Only a private update asks."""


def make_batch(texts: Sequence[Packed], targets: tuple[NDArray[Any], ...], pad_id: int) -> Batch:
    """`texts`, each filled up to the longest of them, with the `targets`."""
    # Imports TensorFlow, which the rest of this file does without.
    from albert_edge.model.predictor import pad, pad_positions

    positions = None if texts[0].masked_positions is None else pad_positions(texts)
    return Batch(Inputs(*pad(texts, pad_id), positions), targets)


def stacked(rows: Sequence[NDArray[np.int32]], filling: int) -> NDArray[np.int32]:
    """int32 [rows, longest row]: each row, then `filling`."""
    table = np.full((len(rows), max(map(len, rows))), filling, np.int32)
    for line, row in zip(table, rows):
        line[: len(row)] = row
    return table


def batch_count(texts: int, batch_size: int) -> int:
    """Batches an epoch: all are full but the last."""
    return -(-texts // batch_size)


def epoch_batches(
    lengths: Sequence[int], batch_size: int, seed: int, epoch: int, chosen: Optional[NDArray[np.int64]] = None
) -> list[NDArray[np.int64]]:
    """The indices of the texts, or of the `chosen` ones, in the batches of the epoch `epoch` (from 0)."""
    generator = np.random.default_rng([seed, epoch])
    shuffled = generator.permutation(np.arange(len(lengths)) if chosen is None else chosen)
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(shuffled), batch_size * CHUNK_BATCHES):
        chunk = shuffled[start : start + batch_size * CHUNK_BATCHES]
        ordered = chunk[np.argsort(np.asarray(lengths)[chunk], kind="stable")]
        batches += np.split(ordered, range(batch_size, len(ordered), batch_size))
    return [batches[index] for index in generator.permutation(len(batches))]


def padding_share(lengths: Sequence[int], batches: Sequence[NDArray[np.int64]]) -> float:
    """Share of the positions computed in `batches` that hold padding."""
    by_batch = [np.asarray(lengths)[batch] for batch in batches]
    used = sum(int(found.sum()) for found in by_batch)
    return float(1 - used / sum(int(found.max()) * len(found) for found in by_batch))


def drop_words(
    texts: Sequence[Packed],
    share: float,
    kept_ids: Sequence[int],
    mask_id: int,
    generators: Iterable[np.random.Generator],
) -> list[Packed]:
    """`texts` with `share` of their pieces, at random, replaced by `mask_id`; `kept_ids` are never replaced.

    `generators`: what each text is drawn with, maybe one and the same again and again.
    """
    dropped = []
    for packed, generator in zip(texts, generators):
        chosen = (generator.random(len(packed.input_ids)) < share) & ~np.isin(packed.input_ids, kept_ids)
        ids = np.where(chosen, np.int32(mask_id), packed.input_ids)
        dropped.append(dataclasses.replace(packed, input_ids=ids))
    return dropped

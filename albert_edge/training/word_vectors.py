"""Word embeddings before the first step, from which pieces stand near each other in the training texts.

A few thousand texts are too few to learn from their labels alone that two words mean much the same; counting which
pieces they occur with tells it beforehand. Follows Levy, Goldberg and Dagan 2015, *Improving Distributional Similarity
with Lessons Learned from Word Embeddings*: positive pointwise mutual information (section 2.1) with smoothed contexts
(3.1), factorized with the eigenvalues' weight spread evenly (3.3, p = 0.5). Contexts are the most frequent pieces only,
so that the table stays small and can be factorized exactly. Leaves out subsampling and weighting by distance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WINDOW = 5
"""Pieces to each side that count as near."""

CONTEXTS = 2000
"""Pieces, the most frequent ones, that a piece is described by."""

CONTEXT_SMOOTHING = 0.75
"""Exponent of a context's frequency: rare contexts would otherwise weigh too much."""


def cooccurrence_embeddings(
    texts: Sequence[NDArray[np.int32]], special_ids: Sequence[int], table: NDArray[np.float32]
) -> NDArray[np.float32]:
    """A start for the embeddings of the pieces that occur in `texts`.

    Arguments:
        texts: the training texts' ids, int32 [T] each.
        special_ids: ids that are no words.
        table: float32 [V, E], random: pieces that don't occur keep their row; where fewer than E directions can be
            found in the texts, every row keeps the rest of its columns.

    Returns float32 [V, E], with the standard deviation of `table`'s values.
    """
    counts = count_neighbours(texts, special_ids, len(table))
    vectors = factorize(positive_information(counts), table.shape[1])
    seen = np.flatnonzero(counts.any(axis=1))
    found = vectors[seen]
    filled = table.copy()
    if found.size:
        filled[seen, : found.shape[1]] = found * (table.std() / found.std())
    return filled


def count_neighbours(
    texts: Sequence[NDArray[np.int32]], special_ids: Sequence[int], vocab_size: int
) -> NDArray[np.float32]:
    """How often each piece stands within `WINDOW` pieces of each context, frequent ones first: [V, contexts]."""
    # One long row: texts are set apart by gaps (-1) that are too wide to look across.
    gap = np.full(WINDOW, -1, np.int64)
    is_word = np.ones(vocab_size, bool)
    is_word[list(special_ids)] = False
    parts = [part for ids in texts for part in (ids[is_word[ids]], gap)]
    row = np.concatenate([gap, *parts])
    frequency = np.bincount(row[row >= 0], minlength=vocab_size)
    contexts = np.argsort(-frequency, kind="stable")[: min(CONTEXTS, np.count_nonzero(frequency))]
    column = np.full(vocab_size, -1)
    column[contexts] = np.arange(len(contexts))
    counts = np.zeros((vocab_size, len(contexts)), np.float32)
    for distance in range(1, WINDOW + 1):
        left, right = row[:-distance], row[distance:]
        inside = (left >= 0) & (right >= 0)
        for piece, neighbour in ((left[inside], right[inside]), (right[inside], left[inside])):
            known = column[neighbour] >= 0
            cells, times = np.unique(piece[known] * len(contexts) + column[neighbour[known]], return_counts=True)
            counts.reshape(-1)[cells] += times
    return counts


def positive_information(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """max(0, log(p(piece, context) / (p(piece) p(context)))), p(context) smoothed: float32 of `counts`' shape."""
    context = counts.sum(axis=0) ** CONTEXT_SMOOTHING
    expected = counts.sum(axis=1, keepdims=True) * (context / max(context.sum(), 1))
    ratio = np.divide(counts, expected, out=np.ones_like(counts), where=counts > 0)
    information: NDArray[np.float32] = np.log(np.maximum(ratio, 1))
    return information


def factorize(matrix: NDArray[np.float32], width: int) -> NDArray[np.float64]:
    """U S^0.5 of the `width` largest singular values of `matrix`, or of as many as it has that are not 0.

    Through the eigenvectors of its square, [contexts, contexts], which are cheap where contexts are few.
    """
    values, vectors = np.linalg.eigh((matrix.T @ matrix).astype(np.float64))
    values, vectors = values[::-1][:width], vectors[:, ::-1][:, :width]
    kept = values > values.max(initial=0) * 1e-6
    factors: NDArray[np.float64] = matrix @ vectors[:, kept] / values[kept] ** 0.25
    return factors

"""Whether a text's vector finds its partner among others': recall at k and reciprocal rank. numpy only.

Manning, Raghavan and Schütze, *Introduction to Information Retrieval*, chapter 8, with one right candidate a query, so
that recall at k is the share of the queries whose partner is among the k nearest. Candidates that are equally near
share the mean of their ranks: vectors that are all one must not come out as perfect. Leaves out several right
candidates and graded ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Sequence

import numpy as np

from albert_edge.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

KS = (1, 5, 10)
_BLOCK = 256
"""Queries that are compared at once: their cosines with all candidates are in memory."""


def retrieval_report(
    queries: NDArray[Any], candidates: NDArray[Any], partners: Optional[Sequence[int]] = None, ks: Sequence[int] = KS
) -> dict[str, Any]:
    """Rank `candidates`, float [M, H], by their cosine with each of `queries`, float [N, H].

    `partners`: index of each query's right candidate, int [N]; None: query n belongs to candidate n. Returns `examples`
    (N), `candidates` (M), `recall_at_1`, `recall_at_5`, `recall_at_10` (or those of `ks`), `mean_reciprocal_rank` and
    `mean_rank`. Raises `DataError` on other shapes, a partner that isn't there, a vector of zeros or one not finite.
    """
    ranks = partner_ranks(queries, candidates, partners)
    return {
        "examples": len(ranks),
        "candidates": len(candidates),
        **{f"recall_at_{k}": recall_at_k(ranks, k) for k in ks},
        "mean_reciprocal_rank": mean_reciprocal_rank(ranks),
        "mean_rank": float(np.mean(ranks)),
    }


def partner_ranks(
    queries: NDArray[Any], candidates: NDArray[Any], partners: Optional[Sequence[int]] = None
) -> NDArray[np.float64]:
    """Rank of each query's partner from 1, float64 [N]; arguments and errors as in `retrieval_report`."""
    first, second = directions("queries", queries), directions("candidates", candidates)
    places = np.asarray(range(len(first)) if partners is None else partners, np.int64)
    if first.shape[1] != second.shape[1] or places.shape != (len(first),):
        raise DataError(
            f"queries and candidates must have one width and each query a partner; "
            f"received {list(first.shape)}, {list(second.shape)} and {len(places)} partners"
        )
    outside = places[(places < 0) | (places >= len(second))]
    if outside.size:
        raise DataError(f"a partner must be one of {len(second)} candidates; received {outside[0]}")
    ranks = np.empty(len(first))
    for start in range(0, len(first), _BLOCK):
        block = slice(start, start + _BLOCK)
        cosines = first[block] @ second.T
        own = cosines[np.arange(len(cosines)), places[block]][:, np.newaxis]
        ranks[block] = (cosines > own).sum(axis=1) + ((cosines == own).sum(axis=1) + 1) / 2
    return ranks


def recall_at_k(ranks: Sequence[float] | NDArray[Any], k: int) -> float:
    """Share of `ranks`, [N] from 1, that are at most `k`; raises `DataError` if there is none."""
    return float(np.mean(_checked_ranks(ranks) <= k))


def mean_reciprocal_rank(ranks: Sequence[float] | NDArray[Any]) -> float:
    """Mean of 1 / rank over `ranks`, [N] from 1; raises `DataError` if there is none."""
    return float(np.mean(1 / _checked_ranks(ranks)))


def pair_cosines(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float64]:
    """Cosine of row n of float [N, H] with row n of float [N, H], float64 [N]; errors as in `retrieval_report`."""
    a, b = directions("first vectors", first), directions("second vectors", second)
    if a.shape != b.shape:
        raise DataError(f"vectors must have one shape; received {list(a.shape)} and {list(b.shape)}")
    cosines: NDArray[np.float64] = np.clip((a * b).sum(axis=1), -1, 1)
    return cosines


def directions(name: str, vectors: NDArray[Any]) -> NDArray[np.float64]:
    """`vectors`, float [N, H], each brought to length 1, float64; `name` is what an error calls them.

    Raises `DataError` on another shape, no vector, one of zeros or one not finite.
    """
    values = np.asarray(vectors, np.float64)
    if values.ndim != 2 or not values.size:
        raise DataError(f"{name} must have the shape [N, H]; received {list(values.shape)}")
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    bad = np.flatnonzero(~((lengths > 0) & np.isfinite(lengths)))
    if bad.size:
        raise DataError(
            f"{name} must be finite and differ from 0; received the length {lengths[bad[0], 0]} as number {bad[0]}"
        )
    directions: NDArray[np.float64] = values / lengths
    return directions


def _checked_ranks(ranks: Sequence[float] | NDArray[Any]) -> NDArray[np.float64]:
    values = np.asarray(ranks, np.float64)
    if values.ndim != 1 or not values.size or not (values >= 1).all():
        raise DataError(f"ranks must be a list of numbers from 1; received {values.tolist()[:5]}")
    return values

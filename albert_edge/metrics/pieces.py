"""Pieces that a model puts at masked places: how often they are right, and how likely the right ones were. numpy only.

Accuracy and perplexity as Devlin et al. 2018 and Lan et al. 2019 report them of masked language models: over the masked
places alone, so that a perplexity can't be compared with that of a model that reads from left to right.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, Sequence

import numpy as np

from albert_edge.errors import CheckFailedError, DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

KS = (1, 5)


class PieceScores(NamedTuple):
    """Of K masked places."""

    ranks: NDArray[np.int64]
    """int64 [K]: the right piece's, 1 the best; of pieces with one logit the right one is last."""
    log_likelihoods: NDArray[np.float64]
    """float64 [K]: logarithm of its probability, in nats."""


def piece_scores(logits: NDArray[Any], pieces: Sequence[int] | NDArray[Any]) -> PieceScores:
    """Rank and likelihood of the right `pieces`, ids int [K], under `logits`, float [K, vocabulary].

    Raises `DataError` on other shapes or an id that isn't there, `CheckFailedError` on a logit that isn't finite.
    """
    values, ids = np.asarray(logits, np.float64), np.asarray(pieces, np.int64)
    if values.ndim != 2 or ids.shape != values.shape[:1]:
        raise DataError(f"logits must be [K, vocabulary] for K pieces; received {list(values.shape)} for {len(ids)}")
    if ids.size and not 0 <= ids.min() <= ids.max() < values.shape[1]:
        raise DataError(f"a piece must be one of {values.shape[1]}; received {ids.min()} to {ids.max()}")
    if not np.isfinite(values).all():
        raise CheckFailedError(f"a model's logits must be finite; received {int((~np.isfinite(values)).sum())} not")
    own = values[np.arange(len(ids)), ids]
    highest = values.max(axis=1, initial=-math.inf)
    totals = np.log(np.exp(values - highest[:, np.newaxis]).sum(axis=1)) + highest
    return PieceScores((values >= own[:, np.newaxis]).sum(axis=1), own - totals)


def piece_report(
    ranks: Sequence[int] | NDArray[Any], log_likelihoods: Sequence[float] | NDArray[Any]
) -> dict[str, Any]:
    """Score masked places by what `piece_scores` gives for each.

    Returns `masks` (K), `accuracy` and `accuracy_at_5` (the right piece is the first, or among the first five),
    `negative_log_likelihood` (mean, in nats) and `perplexity` (its exponential, None beyond float64). Raises
    `DataError` if there is no place or the lengths differ.
    """
    places, likelihoods = np.asarray(ranks), np.asarray(log_likelihoods, np.float64)
    if not places.size or places.shape != likelihoods.shape:
        raise DataError(
            f"ranks and log_likelihoods must have one length, at least 1; received {len(places)} and {len(likelihoods)}"
        )
    loss = float(-likelihoods.mean())
    return {
        "masks": len(places),
        **{"accuracy" if k == 1 else f"accuracy_at_{k}": float((places <= k).mean()) for k in KS},
        "negative_log_likelihood": loss,
        "perplexity": math.exp(loss) if loss < math.log(np.finfo(np.float64).max) else None,
    }

"""Cutting attention heads and feed-forward units out of an ALBERT: what stays, and the smaller tensors of it.

A head is `attention_head_size` rows of query, key and value and as many columns of the output projection; a unit is a
row of the first feed-forward product and a column of the second. What stays is a plain dense model, in its old order.
Every block loses equally many, since one configuration holds for all of them; which ones is each block's own choice.
Plain numpy; importance.py says which heads and units matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, NamedTuple

import numpy as np

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.model.tensors import block_prefix

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNIT_MULTIPLE = 8
"""Feed-forward units stay in multiples of this: the runtimes' matrix kernels work on 8 or 16 columns at once, and a
remainder costs as much as a whole strip."""


class BlockScores(NamedTuple):
    """How much a block's parts matter, float64, larger for more."""

    heads: NDArray[np.float64]
    """[num_attention_heads]"""
    units: NDArray[np.float64]
    """[intermediate_size]"""


class Remaining(NamedTuple):
    """What every block has after the cut."""

    heads: int
    units: int


def remaining(config: AlbertConfig, heads: float, units: float) -> Remaining:
    """How many heads and units stay if the shares `heads` and `units`, in (0, 1], shall: at least one of each.

    Units are rounded to the nearest multiple of `UNIT_MULTIPLE`, at least one multiple. Raises `ConfigError` if
    nothing would go.
    """
    kept_heads = max(1, round(heads * config.num_attention_heads))
    strips = max(1, round(units * config.intermediate_size / UNIT_MULTIPLE))
    kept_units = min(config.intermediate_size, strips * UNIT_MULTIPLE) if units < 1 else config.intermediate_size
    if kept_heads == config.num_attention_heads and kept_units == config.intermediate_size:
        raise ConfigError(
            f"the shares that stay must take a head or {UNIT_MULTIPLE} units of {config.num_attention_heads} heads and "
            f"{config.intermediate_size} units; received {heads} and {units}"
        )
    return Remaining(kept_heads, kept_units)


def best(scores: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """The indices of the `count` largest `scores`, ascending; of equal ones the first."""
    return np.sort(np.argsort(-scores, kind="stable")[:count])


def cut(
    config: AlbertConfig,
    tensors: Mapping[str, NDArray[np.float32]],
    scores: Mapping[str, BlockScores],
    stays: Remaining,
) -> tuple[AlbertConfig, dict[str, NDArray[np.float32]]]:
    """The model that keeps the best heads and units of each block.

    `tensors`: Hugging Face's names and layouts; `scores`: by block prefix. Returns the smaller model's configuration
    and tensors, the ones outside of the blocks untouched.
    """
    smaller = dict(tensors)
    for prefix, block in scores.items():
        rows = _columns_of(best(block.heads, stays.heads), config.attention_head_size)
        units = best(block.units, stays.units)
        for part in ("query", "key", "value"):
            for kind in ("weight", "bias"):
                name = f"{prefix}.attention.{part}.{kind}"
                smaller[name] = np.ascontiguousarray(tensors[name][rows])
        for name, index in ((f"{prefix}.attention.dense.weight", rows), (f"{prefix}.ffn_output.weight", units)):
            smaller[name] = np.ascontiguousarray(tensors[name][:, index])
        for kind in ("weight", "bias"):
            smaller[f"{prefix}.ffn.{kind}"] = np.ascontiguousarray(tensors[f"{prefix}.ffn.{kind}"][units])
    return _smaller(config, stays), smaller


def block_prefixes(config: AlbertConfig) -> tuple[str, ...]:
    """The start of the tensors' names of every block, in order."""
    return tuple(
        block_prefix(group, inner)
        for group in range(config.num_hidden_groups)
        for inner in range(config.inner_group_num)
    )


def _columns_of(heads: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    return (heads[:, np.newaxis] * size + np.arange(size)).ravel()


def _smaller(config: AlbertConfig, stays: Remaining) -> AlbertConfig:
    if stays.heads < config.num_attention_heads:
        # The size first: without it the remaining heads would have to fill hidden_size.
        config = config.with_settings(attention_head_size=config.attention_head_size)
    return config.replace(num_attention_heads=stays.heads, intermediate_size=stays.units)

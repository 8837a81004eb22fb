"""Attention before the first update: positions are waves, and two heads of each block look at the neighbours.

Random weights attend to all pieces alike, so that a small model first learns how frequent pieces are and stays there
for thousands of updates, until some head happens upon the neighbours. Here it starts with them. Waves follow Vaswani
et al. 2017, section 3.5, whose point is that a step to the side is a turn of each wave; the query's weights hold that
turn. That attention may start from a pattern instead of noise is Trockman and Kolter 2023, *Mimetic Initialization of
Self-Attention Layers*; their pattern is another one. Nothing is fixed: training changes all of it.

Of the embedding's columns the last ones are the waves' own: words start with 0 there, so that a head that reads them
sees positions alone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.model.tensors import WORD_EMBEDDINGS

if TYPE_CHECKING:
    from numpy.typing import NDArray

OFFSETS = (-1, 1)
"""Pieces to the side that the first heads look; the other heads start at random."""

WAVES = 16
"""At most; each takes two columns, a cosine and a sine."""

LOCAL_WAVES = 6
"""The fastest ones, which tell a neighbour from the piece behind it; the slow ones don't."""

FASTEST = 2.5
"""Radians a piece."""

POSITION_SHARE = 0.3
"""Of the squared norm of a piece's embedding, before LayerNorm."""

PEAK = 5.0
"""Score of the piece that a head looks for, above that of far ones; softmax gives it about half of 128 pieces."""

_EMBEDDINGS = "albert.embeddings."
_MAPPING = "albert.encoder.embedding_hidden_mapping_in.weight"


def start_locally(config: AlbertConfig, tensors: dict[str, NDArray[np.float32]]) -> None:
    """Change `tensors`, random ones, in place; raises `ConfigError` for heads too narrow to hold the waves."""
    waves = min(WAVES, config.embedding_size // 8, config.attention_head_size // 2)
    if waves < LOCAL_WAVES or config.num_attention_heads < len(OFFSETS):
        raise ConfigError(
            f"a local start needs {len(OFFSETS)} heads of {2 * LOCAL_WAVES} and embeddings of {8 * LOCAL_WAVES} at "
            f"least; received {config.num_attention_heads} heads of {config.attention_head_size} and embeddings of "
            f"{config.embedding_size}"
        )
    speeds = wave_speeds(waves, config.max_position_embeddings)
    _place_waves(tensors, speeds)
    reader = _reader(tensors, 2 * waves)
    strength = math.sqrt(PEAK * math.sqrt(config.attention_head_size) * waves / LOCAL_WAVES)
    strength /= math.sqrt(config.embedding_size * POSITION_SHARE)
    for name in [name for name in tensors if name.endswith(".attention.query.weight")]:
        query, key = tensors[name], tensors[name.replace("query", "key")]
        for head, offset in enumerate(OFFSETS):
            rows = slice(head * config.attention_head_size, head * config.attention_head_size + 2 * waves)
            query[rows] = strength * _local(_turn(speeds, offset) @ reader)
            key[rows] = strength * _local(reader)


def wave_speeds(waves: int, positions: int) -> NDArray[np.float64]:
    """Radians a piece, falling from `FASTEST` to one turn in all positions: float64 [waves]."""
    slowest = 2 * math.pi / positions
    speeds: NDArray[np.float64] = np.geomspace(FASTEST, slowest, waves)
    return speeds


def _place_waves(tensors: dict[str, NDArray[np.float32]], speeds: NDArray[np.float64]) -> None:
    """Give the waves the last columns of the embeddings, and `POSITION_SHARE` of their squared norm."""
    columns = slice(-2 * len(speeds), None)
    others = [tensors[WORD_EMBEDDINGS], tensors[f"{_EMBEDDINGS}token_type_embeddings.weight"]]
    for table in others:
        table[:, columns] = 0
    squared_norm = sum(np.square(table).sum(axis=1).mean() for table in others)
    amplitude = np.sqrt(squared_norm * POSITION_SHARE / (1 - POSITION_SHARE) / len(speeds))
    positions = tensors[f"{_EMBEDDINGS}position_embeddings.weight"]
    angles = np.arange(len(positions))[:, None] * speeds
    positions[:] = 0
    positions[:, columns] = amplitude * np.concatenate([np.cos(angles), np.sin(angles)], axis=1)


def _reader(tensors: dict[str, NDArray[np.float32]], columns: int) -> NDArray[np.float32]:
    """What reads the waves back from the hidden states: float32 [columns, H].

    The mapping from E to H becomes an orthogonal one of the same size, whose inverse is its transpose.
    """
    mapping = tensors[_MAPPING]
    left, _, right = np.linalg.svd(mapping, full_matrices=False)
    scale = math.sqrt(np.square(mapping).sum() / mapping.shape[1])
    mapping[:] = scale * (left @ right)
    reader: NDArray[np.float32] = mapping[:, -columns:].T / scale**2
    return reader


def _turn(speeds: NDArray[np.float64], offset: int) -> NDArray[np.float64]:
    """The matrix that moves waves, cosines above sines, by `offset` pieces."""
    cosine, sine = np.diag(np.cos(speeds * offset)), np.diag(np.sin(speeds * offset))
    return np.block([[cosine, -sine], [sine, cosine]])


def _local(read: NDArray[Any]) -> NDArray[Any]:
    """Waves that are read, without the slow ones: [2 waves, H]."""
    fast = np.arange(len(read) // 2) < LOCAL_WAVES
    return np.where(np.tile(fast, 2)[:, None], read, 0)

"""The texts on which a network is watched: a user's, as the device will pack them, or random ids.

A user's file goes through the model's own tokenizer and the task's windows, answers not needed. A sample spread over
the whole file is enough, and the same one each time: a file sorted by label gives texts of all labels. Random ids from
the model's own vocabulary need no data and fit any language; they serve the rounding of weights, and are nothing to
measure activations on.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Optional, Sequence

import numpy as np

from albert_edge.config import AlbertConfig
from albert_edge.files import PathLike
from albert_edge.pipelines import make_pipeline
from albert_edge.tasks import task_named
from albert_edge.text.packing import Packed
from converters.requests import read_requests

if TYPE_CHECKING:
    from albert_edge.model.folder import Checkpoint
    from albert_edge.text.tables import Columns

TEXTS = 256
"""Inputs from a user's file: more of them move no range (Wu et al. 2020, arXiv:2004.09602, calibrate with less)."""

ROWS = 8192
"""So many tokens, each counted once a layer, are enough for the rounding: more cost time and change nothing."""

_SEED = 1

_LENGTHS = (16, 48, 96, 32, 8, 64, 24, 128)
"""Tokens of the random texts, again and again."""

_MIN_TEXTS = 16
"""Of deep models; the pooler sees one token of each."""


def calibration_texts(
    checkpoint: Checkpoint,
    path: Optional[PathLike],
    columns: Optional[Columns] = None,
    longest: Optional[int] = None,
    count: int = TEXTS,
) -> list[Packed]:
    """At most `count` inputs, int32 [T] each, from all over the data file `path` of the checkpoint's task.

    `path`: None gives `random_texts`; `columns`: where a table's texts lie; `longest`: tokens that the file to be made
    takes, None: all positions. Of a text that needs several windows one is taken. Raises `DataError` for a file that is
    none of the task's.
    """
    if path is None:
        return random_texts(checkpoint.config)
    requests = read_requests(task_named(checkpoint.task), path, columns)
    generator = np.random.default_rng(_SEED)
    strips = np.array_split(np.arange(len(requests)), min(count, len(requests)))
    config = checkpoint.config
    positions = config.max_position_embeddings
    pipeline = make_pipeline(checkpoint.task, config, checkpoint.tokenizer, min(longest or positions, positions))
    texts = []
    for strip in strips:
        windows = pipeline.inputs(requests[int(generator.choice(strip))])
        texts.append(_with_masks(windows[int(generator.integers(len(windows)))]))
    return texts


def random_texts(config: AlbertConfig) -> list[Packed]:
    """Inputs of random ids, int32 [T] each, that together reach every layer with `ROWS` tokens."""
    generator = np.random.default_rng(_SEED)
    texts = []
    count = max(_MIN_TEXTS, ROWS * len(_LENGTHS) // (sum(_LENGTHS) * config.num_hidden_layers))
    for index in range(count):
        length = min(_LENGTHS[index % len(_LENGTHS)], config.max_position_embeddings)
        input_ids = generator.integers(0, config.vocab_size, length, dtype=np.int32)
        segments = (np.arange(length) >= length // 2).astype(np.int32) % config.type_vocab_size
        texts.append(_with_masks(Packed(input_ids, segments)))
    return texts


def enough_for_rounding(texts: Sequence[Packed], config: AlbertConfig) -> list[Packed]:
    """The first of `texts` that together have `ROWS` tokens, counted once a layer; at least `_MIN_TEXTS` of them."""
    kept: list[Packed] = []
    rows = 0
    for text in texts:
        if rows >= ROWS and len(kept) >= _MIN_TEXTS:
            break
        kept.append(text)
        rows += len(text.input_ids) * config.num_hidden_layers
    return kept


def _with_masks(packed: Packed) -> Packed:
    """With every position a masked one, unless it has its own: fill-mask's layers then see as much as the others."""
    if packed.masked_positions is not None and len(packed.masked_positions):
        return packed
    return dataclasses.replace(packed, masked_positions=np.arange(len(packed.input_ids), dtype=np.int32))

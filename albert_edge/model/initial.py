"""Initial values of an ALBERT's tensors, as `transformers` draws them.

Weights and embeddings are normal with the standard deviation `initializer_range` (google-research/albert truncates
the tails; transformers does not), the padding's embedding and the biases are 0, the scales of LayerNorm 1.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from albert_edge.config import AlbertConfig
from albert_edge.model.tensors import WORD_EMBEDDINGS, TensorSpec, tensor_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def initial_tensors(config: AlbertConfig, task: str, seed: int) -> dict[str, NDArray[np.float32]]:
    """Random float32 tensors, by name, for every parameter of the model with the head of `task`."""
    return {spec.name: initial_tensor(spec, config, seed) for spec in tensor_table(config, task).values()}


def initial_tensor(spec: TensorSpec, config: AlbertConfig, seed: int) -> NDArray[np.float32]:
    """The float32 start of one tensor. It depends on the seed and its name, not on which others are drawn."""
    import numpy as np

    if spec.kind in ("bias", "shift"):
        return np.zeros(spec.shape, np.float32)
    if spec.kind == "scale":
        return np.ones(spec.shape, np.float32)
    generator = np.random.default_rng([seed, zlib.crc32(spec.name.encode())])
    values = generator.standard_normal(spec.shape, dtype=np.float32)
    values *= np.float32(config.initializer_range)
    # config.json may say null: then there is no padding piece (and values[None] would be the whole table).
    if spec.name == WORD_EMBEDDINGS and config.pad_token_id is not None:
        values[config.pad_token_id] = 0
    return values

"""The attention heads that pruning took away, put back as zeros, for programs that know no other number of them.

Everywhere else a head is hidden_size / num_attention_heads wide, and that many of them make hidden_size columns. A
head whose query, key and value are zero weighs all tokens alike and mixes zeros, and its columns of the output
projection are zeros too: it adds nothing, and the outputs are those of the pruned model. A smaller feed-forward network
needs no padding: its width is a field of its own in every format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ROWS = tuple(f".attention.{part}.{kind}" for part in ("query", "key", "value") for kind in ("weight", "bias"))
_COLUMNS = ".attention.dense.weight"


def missing_heads(config: AlbertConfig) -> int:
    """How many heads of zeros a model of `config` needs to have heads of hidden_size / num_attention_heads columns.

    Raises `ConfigError` if no number of them makes hidden_size columns.
    """
    size = config.attention_head_size
    if config.hidden_size % size or config.attention_size > config.hidden_size:
        raise ConfigError(
            f"attention heads must fill hidden_size {config.hidden_size} to be exported, where other programs have no "
            f"size of a head; received {config.num_attention_heads} of {size}"
        )
    return config.hidden_size // size - config.num_attention_heads


def padded_config(config: AlbertConfig) -> AlbertConfig:
    """`config` with all its heads, and without a size of its own for them."""
    heads = config.num_attention_heads + missing_heads(config)
    return config.replace(num_attention_heads=heads).with_settings(attention_head_size=None)


def padded_tensors(config: AlbertConfig, tensors: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """The `tensors` of a model of `config`, Hugging Face's names and layouts, for `padded_config`: zeros behind."""
    import numpy as np

    columns = missing_heads(config) * config.attention_head_size
    padded = dict(tensors)
    for name, values in tensors.items():
        if name.endswith(_ROWS):
            padded[name] = np.pad(values, [(0, columns)] + [(0, 0)] * (values.ndim - 1))
        elif name.endswith(_COLUMNS):
            padded[name] = np.pad(values, [(0, 0), (0, columns)])
    return padded

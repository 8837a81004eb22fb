"""What pruning is for, in figures: how large a model is, how large when compressed, and how much it computes."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Mapping

from albert_edge.config import AlbertConfig
from albert_edge.model.sizes import multiply_adds_per_token
from albert_edge.training.pruning.zeros import zero_share

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TOKENS = 128
"""Of the text for which multiply-adds are given."""

MAGNITUDE_NOTE = (
    "Zeroed weights shrink the compressed file alone: the .tflite is as large as before, and no runtime here is faster "
    "for them."
)
STRUCTURED_NOTE = "Heads and units that are gone make every file smaller and every runtime faster."


def figures(config: AlbertConfig, tensors: Mapping[str, NDArray[np.float32]]) -> dict[str, Any]:
    """The figures of the model of `config` with `tensors`, float32, by Hugging Face's names.

    `parameters`; `weight_bytes` (float32); `zipped_bytes`, those after deflate, level 9, as zip has it;
    `multiply_adds_per_token` of the encoder in a text of `TOKENS` tokens; `zero_share` of the matrices that magnitude
    pruning is about.
    """
    return {
        "parameters": sum(values.size for values in tensors.values()),
        "weight_bytes": sum(values.nbytes for values in tensors.values()),
        "zipped_bytes": sum(len(zlib.compress(values.tobytes(), 9)) for values in tensors.values()),
        "multiply_adds_per_token": multiply_adds_per_token(config, TOKENS),
        "zero_share": zero_share(tensors),
    }


def note(structured: bool, magnitude: bool) -> str:
    """What the kinds of pruning that were done are good for, in words."""
    return " ".join([STRUCTURED_NOTE] * structured + [MAGNITUDE_NOTE] * magnitude)

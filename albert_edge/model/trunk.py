"""Whether two models share their trunk: the encoder, in every bit.

Heads that were trained on one frozen encoder fit into one file and answer from one pass. An encoder that moved by one
bit in one of the trainings answers for its own head alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, Optional

from albert_edge.model.tensors import encoder_tensors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.config import AlbertConfig


def first_difference(
    config: AlbertConfig, first: Mapping[str, NDArray[np.float32]], other: Mapping[str, NDArray[np.float32]]
) -> Optional[str]:
    """The first of the encoder's tensors, in the order of the forward pass, that isn't equal in every bit; or None.

    Arguments are tensors by Hugging Face's names, of two models whose encoders have the shape that `config` says.
    """
    for spec in encoder_tensors(config):
        a, b = first[spec.name], other[spec.name]
        if a.shape != b.shape or a.tobytes() != b.tobytes():
            return spec.name
    return None

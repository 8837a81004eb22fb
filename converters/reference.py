"""The answers that a file is compared with: the Keras model's, from a checkpoint in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, Sequence

from albert_edge.model.folder import Checkpoint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.text.packing import Packed

Answers = Sequence[Mapping[str, "NDArray[np.float32]"]]
"""A text's outputs by the names of its task, without the axis of texts."""


def reference_outputs(checkpoint: Checkpoint, texts: Sequence[Packed]) -> Answers:
    """The float32 outputs of `checkpoint`'s task for each of the packed `texts`."""
    from albert_edge.model.heads import build_model
    from albert_edge.model.predictor import BatchScorer
    from albert_edge.model.weights import load_state_dict

    model = build_model(checkpoint.config, checkpoint.task)
    load_state_dict(model, checkpoint.tensors)
    return BatchScorer(model).outputs(texts)

"""What each task computes from the last hidden states, and under which output names.

A new task is a new row here; its name and the tensors that it needs are those of `albert_edge.model.heads`.
"""

from __future__ import annotations

from typing import Callable

from albert_edge.model.keras import tf
from converters.graph.network import Network

Outputs = dict[str, tf.Tensor]


def _text_classification(network: Network, hidden: tf.Tensor) -> Outputs:
    return {"logits": network.dense(network.pooled(hidden), "classifier")}


HEADS: dict[str, Callable[[Network, tf.Tensor], Outputs]] = {
    "text-classification": _text_classification,
}
"""Task -> hidden states float32 [T, H] to the named outputs."""

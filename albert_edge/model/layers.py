"""Keras's layers with variables that start as zeros: weights.py fills every one of them.

Drawing values that nobody sees takes seconds in a large model, and as much memory again as its largest tensor.
"""

from __future__ import annotations

from typing import Any, Callable, Union

from albert_edge.model.keras import keras


def linear(outputs: int, activation: Union[Callable[[Any], Any], str, None] = None) -> Any:
    """A dense layer, (..., inputs) -> (..., outputs)."""
    return keras.layers.Dense(outputs, activation=activation, kernel_initializer="zeros")


def lookup(rows: int, width: int) -> Any:
    """An embedding table, int32 (...) -> (..., width)."""
    return keras.layers.Embedding(rows, width, embeddings_initializer="zeros")


def layer_norm(epsilon: float) -> Any:
    """LayerNorm over the last axis."""
    return keras.layers.LayerNormalization(epsilon=epsilon)

"""Keras's layers with variables that start as zeros: weights.py fills every one of them.

Drawing values that nobody sees takes seconds in a large model, and as much memory again as its largest tensor.
"""

from __future__ import annotations

from typing import Any

from albert_edge.model.keras import keras, tf
from albert_edge.model.quantization import UNQUANTIZED, Quantization


class RoundedDense(keras.layers.Dense):
    """A dense layer whose product takes the kernel as `quantization` rounds it; the variable keeps its own values."""

    def __init__(self, outputs: int, quantization: Quantization) -> None:
        super().__init__(outputs, kernel_initializer="zeros")
        self._quantization = quantization

    def build(self, input_shape: Any) -> None:
        """Make the variables, those of the rounding among them."""
        super().build(input_shape)
        self._rounding = self._quantization.kernel(self)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """(..., inputs) -> (..., outputs)."""
        if self._rounding is None:
            return super().call(inputs)
        return tf.nn.bias_add(tf.tensordot(inputs, self._rounding(self.kernel), axes=[[-1], [0]]), self.bias)


def linear(outputs: int, quantization: Quantization = UNQUANTIZED) -> Any:
    """A dense layer, (..., inputs) -> (..., outputs)."""
    if quantization is UNQUANTIZED:
        return keras.layers.Dense(outputs, kernel_initializer="zeros")
    return RoundedDense(outputs, quantization)


def lookup(rows: int, width: int) -> Any:
    """An embedding table, int32 (...) -> (..., width)."""
    return keras.layers.Embedding(rows, width, embeddings_initializer="zeros")


def layer_norm(epsilon: float) -> Any:
    """LayerNorm over the last axis."""
    return keras.layers.LayerNormalization(epsilon=epsilon)

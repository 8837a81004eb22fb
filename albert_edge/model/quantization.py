"""`Quantization`: what a model asks about each of its weights and activations. This one leaves everything as it is.

`training/additions/quantization.py` has the ones that round; the model only says where. The places are those at which
a file with integer products rounds: the matrix products, their inputs and their outputs. LayerNorm, softmax and the
activation function lie between two of them and stay float.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

from albert_edge.model.keras import tf

Rounding = Callable[[tf.Tensor], tf.Tensor]
"""A tensor of weights to the same with every value on one of the levels."""


class Quantization:
    """Nothing is rounded, and the graph has no operation more; the base of what rounds."""

    def kernel(self, layer: Any) -> Optional[Rounding]:  # noqa: ARG002 - of those that round
        """How the `kernel`, float32 [inputs, outputs], of the dense `layer` that was just built is rounded, or None.

        Variables that this needs become ones of `layer` that don't learn.
        """
        return None

    def rows(self, rows: tf.Tensor) -> tf.Tensor:
        """Rows of the table of words, float32 (..., E), as the file stores them."""
        return rows

    def activation(self, point: str, values: tf.Tensor, depth: int, training: bool) -> tf.Tensor:  # noqa: ARG002
        """The float32 `values` at the activation `point`, as the file hands them on.

        `depth`: layers applied before, 0 to L; the shared block meets other values at each. `training`: whether
        ranges are learnt from the values.
        """
        return values


UNQUANTIZED = Quantization()

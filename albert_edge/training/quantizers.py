"""How weights and activations are rounded in training: by tensorflow-model-optimization's quantizers and two of ours.

Its `LastValueQuantizer` rounds a kernel with one scale an output, from the largest value that the output's weights
have now (Krishnamoorthi 2018, arXiv:1806.08342, section 3.1.2). Its `MovingAverageQuantizer` has one range for all
calls, which is wrong for a block that is called at L depths: `WidestDepthQuantizer` keeps one a depth. A lookup's rows
have one scale each, which no quantizer of its makes: `RowQuantizer`. Gradients pass through as if nothing were rounded
(Bengio et al. 2013, arXiv:1308.3432, the straight-through estimator); those of activations end where a range cuts off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

import numpy as np

from albert_edge.model.keras import tf
from albert_edge.model.packages import host_package

if TYPE_CHECKING:
    from numpy.typing import NDArray

tfmot_quantizers: Any = host_package("tensorflow_model_optimization").quantization.keras.quantizers

RANGE_DECAY = 0.99
"""Of a range's moving average: what the last 100 batches showed counts. tfmot's 0.999 is for long trainings."""


def largest_level(bits: int) -> int:
    """Of signed integers of so many bits without the least one, as the runtimes' products take them: 127, or 7."""
    return int(2 ** (bits - 1)) - 1


def rounded_rows(matrix: NDArray[np.float32], bits: int) -> NDArray[np.float32]:
    """`matrix`, float32 [rows, columns], every value a whole multiple of its row's scale.

    The scale is the row's largest value / the largest level. The converters find the same scale and the same multiples
    again; zeros stay zeros.
    """
    scales = np.abs(matrix).max(axis=1, keepdims=True) / np.float32(largest_level(bits))
    scales = np.where(scales == 0, np.float32(1), scales)
    rounded: NDArray[np.float32] = np.rint(matrix / scales) * scales
    return rounded


def kernel_quantizer(bits: int) -> Any:
    """tfmot's quantizer of a kernel [inputs, outputs]: one scale an output, symmetric, without the least level."""
    return tfmot_quantizers.LastValueQuantizer(num_bits=bits, per_axis=True, symmetric=True, narrow_range=True)


class RowQuantizer(tfmot_quantizers.Quantizer):  # type: ignore[misc]
    """Rounds the last axis of a tensor, of any rank, with one scale a row, as `rounded_rows` does; has no state."""

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:  # noqa: ARG002 - tfmot's interface
        """Nothing."""
        return {}

    def __call__(self, inputs: tf.Tensor, training: bool, weights: Mapping[str, Any], **_: Any) -> tf.Tensor:  # noqa: ARG002
        """float32 (..., E) -> the same."""
        scales = tf.reduce_max(tf.abs(inputs), axis=-1, keepdims=True) / largest_level(self.bits)
        scales = tf.where(scales == 0.0, 1.0, scales)
        return tf.round(inputs / scales) * scales

    def get_config(self) -> dict[str, Any]:
        """The argument, as tfmot asks for it."""
        return {"bits": self.bits}


class WidestDepthQuantizer(tfmot_quantizers.MovingAverageQuantizer):  # type: ignore[misc]
    """Rounds to 256 levels between a least and a largest value, 0 one of them, the same at every depth.

    Both are moving averages over the batches, one a depth; the widest range of all depths is taken, since an average
    over the depths would cut off the values of those that have larger ones.
    """

    def __init__(self, depths: int) -> None:
        super().__init__(num_bits=8, per_axis=False, symmetric=False, narrow_range=False)
        self.depths = depths

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:  # noqa: ARG002 - tfmot's interface
        """Two variables of `layer`, float32 [depths]; 0 where nothing was seen yet, which widens no range."""
        ends = {"min_var": f"{name}_min", "max_var": f"{name}_max"}
        return {
            end: layer.add_weight(called, shape=(self.depths,), initializer="zeros", trainable=False)
            for end, called in ends.items()
        }

    def __call__(
        self, inputs: tf.Tensor, training: bool, weights: Mapping[str, Any], depth: int = 0, **_: Any
    ) -> tf.Tensor:
        """The rounded `inputs`, any shape; in training the range of `depth` moves towards theirs first."""
        least, largest = weights["min_var"], weights["max_var"]
        if training:
            _move(least, depth, tf.minimum(tf.reduce_min(inputs), 0.0))
            _move(largest, depth, tf.maximum(tf.reduce_max(inputs), 0.0))
        return tf.quantization.fake_quant_with_min_max_vars(inputs, tf.reduce_min(least), tf.reduce_max(largest))

    def get_config(self) -> dict[str, Any]:
        """The argument, as tfmot asks for it."""
        return {"depths": self.depths}


def _move(variable: tf.Variable, depth: int, seen: tf.Tensor) -> None:
    """One step of the moving average at `depth`; the first value is taken as it is."""
    kept = variable[depth]
    moved = RANGE_DECAY * kept + (1 - RANGE_DECAY) * seen
    variable[depth].assign(tf.stop_gradient(tf.where(kept == 0.0, seen, moved)))

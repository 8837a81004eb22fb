"""Quantization-aware training: the model learns with the rounding that its file will have (Jacob et al. 2018).

`int8` is for files whose products are integers altogether: weights of 8 bits with one scale an output, and every
activation between the products in 8 bits, in ranges that are learnt and written into the folder, so that nothing is
left to calibrate. `int4` is for files with weights of 4 bits, whose activations the runtime rounds anew to 8 bits for
every text: an error 16 times finer than that of the weights, which is left out here. In both the table of words has 8
bits and one scale a row; biases, LayerNorm, positions and segments stay float, as in the files.

The folder gets the rounded weights: the converters find the same levels, and dev was scored with them. What an
earlier training has set to zero stays zero if the training holds it there, since zero is a level of every scale.
Follows the recipe of tensorflow-model-optimization (fine-tune a trained model with its quantizers), whose
`quantize_model` takes no layers but its own; leaves out learnt step sizes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Optional

from albert_edge.config import SMALL_PRODUCT
from albert_edge.model.keras import keras, tf
from albert_edge.model.quantization import Quantization, Rounding
from albert_edge.model.tensors import WORD_EMBEDDINGS, tensor_table
from albert_edge.training.additions.base import Addition
from albert_edge.training.quantizers import RowQuantizer, WidestDepthQuantizer, kernel_quantizer, rounded_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.config import AlbertConfig
    from albert_edge.training.preparation import Prepared

TABLE_BITS = 8

FLOAT_SHARE = 0.5
"""Of the steps of a training from random weights, in which nothing is rounded yet: first weights change too much to
learn anything from their rounding."""


class _Kind(NamedTuple):
    weight_bits: int
    rounds_activations: bool
    min_weights: int
    """Products of fewer weights stay float in these files."""


_KINDS = {"int8": _Kind(8, True, 0), "int4": _Kind(4, False, SMALL_PRODUCT)}


class TrainedQuantization(Quantization):
    """The rounding of one model in training; `kind` is `int8` or `int4`, `layers` the model's depth."""

    def __init__(self, kind: str, layers: int, delayed: bool = False) -> None:
        """`delayed`: weights and, in training, activations are rounded once `on` is true."""
        self.kind = _KINDS[kind]
        self.on: Optional[tf.Variable] = tf.Variable(False, trainable=False) if delayed else None
        self.ranges: dict[str, dict[str, tf.Variable]] = {}
        """Activation point -> `min_var` and `max_var`, float32 [layers + 1]: one a depth."""
        self._activations = WidestDepthQuantizer(layers + 1)
        self._rows = RowQuantizer(TABLE_BITS)
        self._owner = keras.layers.Layer(name="activation_ranges")

    def rounds(self, size: int) -> bool:
        """Whether a kernel of so many weights is rounded."""
        return size >= self.kind.min_weights

    def kernel(self, layer: Any) -> Optional[Rounding]:
        """One scale an output, from the weights as they are at each call."""
        if not self.rounds(layer.kernel.shape.num_elements()):
            return None
        quantizer = kernel_quantizer(self.kind.weight_bits)
        weights = quantizer.build(layer.kernel.shape, "kernel", layer)
        return lambda kernel: self._passed_through(lambda values: quantizer(values, True, weights), kernel)

    def rows(self, rows: tf.Tensor) -> tf.Tensor:
        """One scale a row."""
        return self._passed_through(lambda values: self._rows(values, True, {}), rows)

    def activation(self, point: str, values: tf.Tensor, depth: int, training: bool) -> tf.Tensor:
        """One range a point, which holds at every depth."""
        if not self.kind.rounds_activations:
            return values
        if point not in self.ranges:
            self.ranges[point] = self._activations.build(values.shape, point.replace(".", "_"), self._owner)
        rounded = self._activations(values, training, self.ranges[point], depth=depth)
        return rounded if self.on is None or not training else tf.where(self.on, rounded, values)

    def _passed_through(self, rounding: Rounding, values: Any) -> tf.Tensor:
        """`rounding` of `values` with the gradient of a copy: the op's own stops at a row's largest value, which may
        lie beyond the end of its range by the last bit."""
        values = tf.convert_to_tensor(values)
        rounded = tf.grad_pass_through(rounding)(values)
        return rounded if self.on is None else tf.where(self.on, rounded, values)


class QuantizationAwareTraining(Addition):
    """Switches the rounding on, keeps the ranges through a stop, and writes levels and ranges into the folder."""

    name = "qat"

    def __init__(self, prepared: Prepared, model: Any, total_steps: int) -> None:
        self._quantization: TrainedQuantization = model.quantization
        self._table = tensor_table(model.config, model.task)
        self._named = str(prepared.request.settings.qat)
        self._float_steps = 0 if self._quantization.on is None else round(FLOAT_SHARE * total_steps)

    def before_step(self, step: int) -> None:
        """Rounding starts where its time has come."""
        if self._quantization.on is not None:
            self._quantization.on.assign(step >= self._float_steps)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The ranges."""
        return {
            f"{point}/{end}": variable.numpy()
            for point, ends in self._quantization.ranges.items()
            for end, variable in ends.items()
        }

    def restore(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Set the ranges."""
        for point, ends in self._quantization.ranges.items():
            for end, variable in ends.items():
                variable.assign(tensors[f"{point}/{end}"])

    def saved(self, weights: Mapping[str, NDArray[np.float32]]) -> Mapping[str, NDArray[np.float32]]:
        """The weights on their levels, in float32."""
        return {name: self._rounded(name, values) for name, values in weights.items()}

    def _rounded(self, name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
        if name == WORD_EMBEDDINGS:
            return rounded_rows(values, TABLE_BITS)
        if self._table[name].kind == "kernel" and self._quantization.rounds(values.size):
            return rounded_rows(values, self._quantization.kind.weight_bits)
        return values

    def settings(self, config: AlbertConfig) -> AlbertConfig:
        """With the ranges of int8."""
        return config.with_settings(activation_ranges=self._ranges() or None)

    def _ranges(self) -> dict[str, tuple[float, float]]:
        """Activation point -> least and largest value at any depth."""
        return {
            point: (float(ends["min_var"].numpy().min()), float(ends["max_var"].numpy().max()))
            for point, ends in self._quantization.ranges.items()
        }

    def facts(self) -> dict[str, Any]:
        """How it was rounded, and since when."""
        kind = self._quantization.kind
        return {
            "kind": self._named,
            "weight_bits": kind.weight_bits,
            "table_bits": TABLE_BITS,
            "activation_bits": 8 if kind.rounds_activations else None,
            "float_steps": self._float_steps,
        }

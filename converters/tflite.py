"""TensorFlow's converter, with the settings that a plan and the targets ask for."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from albert_edge.errors import CheckFailedError
from albert_edge.model.keras import tf
from albert_edge.model.packages import host_package
from converters.targets import Target

# TensorFlow gives its converter's error no public name.
ConverterError = host_package("tensorflow.lite.python.convert_phase").ConverterError


def flatbuffer(module: Any, serve: Any, weights: str = "float32", targets: Optional[Sequence[Target]] = None) -> bytes:
    """Convert the function `serve` of `module` into a TFLite flatbuffer with the one signature `serving_default`.

    `weights`: what the converter shall store them in, `float32`, `float16` or `int8`; `targets`: of int8 weights, those
    that shall compute with them. Only built-in operators are allowed: one that needs the Flex runtime is an error,
    never an 80 MB dependency.

    Raises:
      CheckFailedError: the graph has an operator that TFLite lacks.
    """
    # The module must be a tf.Module: with a Keras model here, the converter drops the signature without a word.
    converter = tf.lite.TFLiteConverter.from_concrete_functions([serve.get_concrete_function()], module)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if weights != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if weights == "float16":
        converter.target_spec.supported_types = [tf.float16]
    # One scale a row needs FULLY_CONNECTED version 12, one a matrix version 9, which older runtimes load.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = not all(
        target.per_channel for target in targets or ()
    )
    try:
        return bytes(converter.convert())
    except ConverterError as error:
        raise CheckFailedError(f"every operator must be one of TFLite's own; received {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]

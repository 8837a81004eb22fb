"""The one door to TensorFlow: Keras 2 through tf_keras, and a quiet start.

Pruning and quantization-aware training (tensorflow-model-optimization) exist for Keras 2 only, so every other file
takes `tf` and `keras` from here. TensorFlow writes some lines about absent GPUs straight to the process's standard
error, past every logger; they are held back while it starts and shown if the start fails. Whoever sets
`TF_CPP_MIN_LOG_LEVEL=0` sees everything.
"""

from __future__ import annotations

import os
from typing import Any, Callable

from albert_edge.model.packages import host_package
from albert_edge.quiet import notices_held_back


def _start() -> tuple[Any, Any]:
    tensorflow = host_package("tensorflow")
    # Looking for devices here, not at the first operation, keeps its messages inside the quiet part.
    tensorflow.config.list_physical_devices()
    return tensorflow, host_package("tf_keras")


os.environ["TF_USE_LEGACY_KERAS"] = "1"
if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2") == "0":
    tf, keras = _start()
else:
    with notices_held_back():
        tf, keras = _start()
    # Advice on retracing, which every process that opens several models would get.
    tf.get_logger().setLevel("ERROR")


def traced(function: Callable[..., Any], **options: Any) -> Any:
    """`function` as a graph, by `tf.function` with `options`.

    Without AutoGraph: loops and branches on tensors are written as such here, and reading the code for others takes
    seconds of each process.
    """
    return tf.function(function, autograph=False, **options)


__all__ = ["keras", "tf", "traced"]

"""How many threads TensorFlow works with: decided once a process, before its first operation."""

from __future__ import annotations

from typing import Optional

from albert_edge.errors import ConfigError
from albert_edge.model.keras import tf


def use_threads(threads: Optional[int]) -> int:
    """Let each operation use `threads` threads, None for TensorFlow's own choice; returns how many that is.

    Operations run one after another, so that their order, and with it the last digit of a sum, is the same each time.
    Raises `ConfigError` if TensorFlow already runs with another number.
    """
    config = tf.config.threading
    try:
        if threads is not None:
            config.set_intra_op_parallelism_threads(threads)
        config.set_inter_op_parallelism_threads(1)
    except RuntimeError as reason:
        if threads not in (None, config.get_intra_op_parallelism_threads()):
            raise ConfigError(
                f"threads must be the number that TensorFlow runs with in this process, "
                f"{config.get_intra_op_parallelism_threads()} (0: all cores); received {threads}"
            ) from reason
    return int(config.get_intra_op_parallelism_threads())

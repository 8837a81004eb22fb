"""How many threads TensorFlow works with: decided once a process, before its first operation."""

from __future__ import annotations

from typing import Optional

from albert_edge.errors import ConfigError
from albert_edge.model.keras import tf


def use_threads(threads: Optional[int]) -> int:
    """Let TensorFlow use `threads` threads, None for as many as there are cores; returns how many that is, 0 for None.

    Raises `ConfigError` if TensorFlow already runs with another number.
    """
    config = tf.config.threading
    try:
        if threads is not None:
            config.set_intra_op_parallelism_threads(threads)
            config.set_inter_op_parallelism_threads(threads)
    except RuntimeError as reason:
        running = config.get_intra_op_parallelism_threads()
        if threads != running:
            raise ConfigError(
                f"threads must be the number that TensorFlow runs with in this process, {running} (0: one a core); "
                f"received {threads}"
            ) from reason
    return int(config.get_intra_op_parallelism_threads())

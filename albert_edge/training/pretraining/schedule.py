"""The learning rate of a pretraining: it rises in a line, then falls as a power of what is left.

Follows `create_optimizer` of google-research/albert (`optimization.py`): polynomial decay to 0 behind a linear warm-up.
"""

from __future__ import annotations

from typing import Any

from albert_edge.model.keras import keras, tf


class WarmupPolynomialDecay(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of the update `t` (from 1) of `total_steps`.

    peak * min(t / warmup_steps, ((total_steps - t + 1) / (total_steps - warmup_steps + 1)) ^ power): with power 1 that
    of a fine-tuning (`optimization.WarmupLinearDecay`).
    """

    def __init__(self, peak: float, warmup_steps: int, total_steps: int, power: float) -> None:
        super().__init__()
        self.peak, self.warmup_steps, self.total_steps, self.power = peak, max(1, warmup_steps), total_steps, power

    def __call__(self, step: Any) -> tf.Tensor:
        """Float32 scalar; `step` counts the updates already made."""
        update = tf.cast(step, tf.float32) + 1
        rising = update / self.warmup_steps
        left = (self.total_steps - update + 1) / (self.total_steps - self.warmup_steps + 1)
        return self.peak * tf.minimum(rising, tf.maximum(left, 0.0) ** self.power)

    def get_config(self) -> dict[str, Any]:
        """The arguments, as Keras asks for them."""
        names = ("peak", "warmup_steps", "total_steps", "power")
        return {name: getattr(self, name) for name in names}

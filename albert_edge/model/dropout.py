"""Dropout whose masks come from TensorFlow's global generator, a variable that a training can store and set back.

The masks of `keras.layers.Dropout` come from a counter hidden in the operation's kernel, which nothing can read: a
training that was stopped and goes on would draw others than one that ran through. Here
`tf.random.set_global_generator` chooses the masks, and its `state` is the place in their sequence; or `use_draws` does.
"""

from __future__ import annotations

from typing import Any

from albert_edge.model.keras import keras, tf


class Dropout(keras.layers.Layer):
    """In training each value is 0 with probability `rate`, the others are divided by 1 - `rate`; else nothing."""

    def __init__(self, rate: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = rate

    def call(self, values: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Floats of any shape -> the same shape."""
        if not training or not self.rate:
            return values
        uniform = tf.random.get_global_generator().uniform
        return tf.nn.experimental.general_dropout(values, self.rate, uniform_sampler=uniform)


def use_draws(seed: tf.Tensor) -> None:
    """Inside a graph that is being traced: what follows in it draws its masks from `seed` alone, int64 [2].

    Whoever makes a seed of an update's number needs no state to store, and each copy of a model can have its own.
    """
    tf.random.set_global_generator(_Draws(seed))


class _Draws:
    """Takes the global generator's place: each call draws from the seed and its own number."""

    def __init__(self, seed: tf.Tensor) -> None:
        self._seed, self._calls = seed, 0

    def uniform(self, shape: Any, dtype: Any = tf.float32, **_: Any) -> tf.Tensor:
        """Numbers in [0, 1)."""
        self._calls += 1
        seed = tf.random.experimental.stateless_fold_in(self._seed, self._calls)
        return tf.random.stateless_uniform(shape, seed, dtype=dtype)

"""Dropout whose masks come from a generator that is named, so that a training can store its place and set it back.

The masks of `keras.layers.Dropout` come from a counter hidden in the operation's kernel, which nothing can read: a
training that was stopped and goes on would draw others than one that ran through. Here `masks_from` names the generator
that chooses them, and outside it TensorFlow's global one does.
"""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from typing import Any, Iterator, Optional

from albert_edge.model.keras import keras, tf

_SOURCE: ContextVar[Optional[Any]] = ContextVar("dropout_masks", default=None)


class Dropout(keras.layers.Layer):
    """In training each value is 0 with probability `rate`, the others are divided by 1 - `rate`; else nothing."""

    def __init__(self, rate: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = rate

    def call(self, values: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Floats of any shape -> the same shape."""
        if not training or not self.rate:
            return values
        source = _SOURCE.get() or tf.random.get_global_generator()
        return tf.nn.experimental.general_dropout(values, self.rate, uniform_sampler=source.uniform)


@contextlib.contextmanager
def masks_from(source: Any) -> Iterator[None]:
    """Inside the block masks are drawn from `source`: a `tf.random.Generator`, or `Draws`.

    A graph that is traced inside the block keeps the source for good. Nothing else does: the seed of `Draws` may be a
    tensor of that graph, which no other may touch.
    """
    token = _SOURCE.set(source)
    try:
        yield
    finally:
        _SOURCE.reset(token)


class Draws:
    """A source whose numbers follow from `seed`, int64 [2], and from which of its calls it is.

    Whoever makes a seed of an update's number needs no state to store, and each copy of a model can have its own.
    """

    def __init__(self, seed: tf.Tensor) -> None:
        self._seed, self._calls = seed, 0

    def uniform(self, shape: Any, dtype: Any = tf.float32, **_: Any) -> tf.Tensor:
        """Numbers in [0, 1)."""
        self._calls += 1
        seed = tf.random.experimental.stateless_fold_in(self._seed, self._calls)
        return tf.random.stateless_uniform(shape, seed, dtype=dtype)

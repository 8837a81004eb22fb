"""LAMB: Adam whose step in each tensor is as long as the tensor's own norm says.

Follows You et al. 2019, *Large Batch Optimization for Deep Learning: Training BERT in 76 minutes*, algorithm 2, with
phi(z) = z as their experiments have it, and Adam's bias corrections:

    m = beta_1 m + (1 - beta_1) g             v = beta_2 v + (1 - beta_2) g^2
    r = (m / (1 - beta_1^t)) / (sqrt(v / (1 - beta_2^t)) + epsilon)
    x = x - rate * |x| / |r + decay x| * (r + decay x)

A ratio of norms with a 0 in it counts as 1. As in google-research/albert's `lamb_optimizer.py`, tensors that aren't
decayed (biases, LayerNorm) have no ratio either: their step is Adam's.
"""

from __future__ import annotations

from typing import Any, Sequence

from albert_edge.model.keras import keras, tf


class Lamb(keras.optimizers.Optimizer):
    """`learning_rate`: a number or a schedule; `weight_decay` is applied here, not by Keras."""

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-6,
        **kwargs: Any,
    ) -> None:
        super().__init__(name="Lamb", **kwargs)
        self._learning_rate = self._build_learning_rate(learning_rate)
        self._decay, self._beta_1, self._beta_2, self._epsilon = weight_decay, beta_1, beta_2, epsilon
        self._plain: frozenset[str] = frozenset()

    def leave_alone(self, weights: Sequence[Any]) -> None:
        """Of these there is no decay and no ratio; before `build`."""
        self._plain = frozenset(map(self._var_key, weights))

    def build(self, var_list: Sequence[Any]) -> None:
        """Make both moments of every variable, once."""
        super().build(var_list)
        if not getattr(self, "_built", False):
            self._first = [self.add_variable_from_reference(each, "m") for each in var_list]
            self._second = [self.add_variable_from_reference(each, "v") for each in var_list]
            self._built = True

    def update_step(self, gradient: tf.Tensor, variable: Any) -> None:
        """One tensor's update; `gradient` is dense."""
        update = tf.cast(self.iterations + 1, variable.dtype)
        place = self._index_dict[self._var_key(variable)]
        first, second = self._first[place], self._second[place]
        first.assign_add((gradient - first) * (1 - self._beta_1))
        second.assign_add((tf.square(gradient) - second) * (1 - self._beta_2))
        direction = (first / (1 - self._beta_1**update)) / (
            tf.sqrt(second / (1 - self._beta_2**update)) + self._epsilon
        )
        ratio: Any = 1.0
        if self._var_key(variable) not in self._plain:
            direction += self._decay * variable
            weight_norm, step_norm = tf.norm(variable), tf.norm(direction)
            both = (weight_norm > 0) & (step_norm > 0)
            ratio = tf.where(both, weight_norm / tf.where(both, step_norm, 1.0), 1.0)
        variable.assign_sub(tf.cast(self.learning_rate, variable.dtype) * ratio * direction)

"""One update of a pretraining: the losses of both objectives, gradients in parts, the optimizer, the mean of weights.

The loss is that of google-research/albert's `run_pretraining.py`: the mean over all masked pieces of the batch, plus
the mean over its pairs. With several devices each copy of the model computes its rows; sums and gradients are added up
before the update, so that it is that of the whole batch. Weights, sums, and all of the update are float32, whatever
the model computes in.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Callable, Mapping, NamedTuple, Optional

from albert_edge.model.dropout import Draws, masks_from
from albert_edge.model.keras import keras, tf, traced
from albert_edge.model.weights import load_state_dict, state_dict, variables
from albert_edge.training.optimization import NOT_DECAYED, under
from albert_edge.training.pretraining.devices import Devices
from albert_edge.training.pretraining.lamb import Lamb
from albert_edge.training.pretraining.schedule import WarmupPolynomialDecay
from albert_edge.training.pretraining.stream import Example

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.training.pretraining.settings import PretrainingSettings

_EPSILON = 1e-6


class Sums(NamedTuple):
    """What a batch's answers come to: float32 scalars."""

    masked_loss: tf.Tensor
    """Cross-entropy in nats of all masked pieces together."""
    masked_right: tf.Tensor
    """How many of them get the highest logit."""
    masked: tf.Tensor
    """How many there are."""
    order_loss: tf.Tensor
    order_right: tf.Tensor
    pairs: tf.Tensor


class PretrainStep:
    """A model of both objectives and its optimizer; `update` learns from a batch, `measure` only looks at one."""

    def __init__(self, model: Any, settings: PretrainingSettings, devices: Optional[Devices] = None) -> None:
        """`model` was made in the scope of `devices` (None: one)."""
        self.model, self._settings, self._devices = model, settings, devices or Devices()
        bound = variables(model)
        self._weights = [variable for _, variable in bound.values()]
        plain = [variable for spec, variable in bound.values() if spec.kind in NOT_DECAYED]
        self._bound = {name: variable for name, (_, variable) in bound.items()}
        with self._devices.scope():
            self._optimizer = make_optimizer(settings, self._weights, plain)
            self._means = {name: _mean_of(each) for name, each in self._bound.items() if settings.ema}
        self.depth: Optional[int] = settings.depth_at(0)
        """Layers that are applied; None: all."""
        self.stop_asked = False
        """Whether any worker asked in the last update to stop behind it."""
        self._gradients = _by_depth(lambda: self._devices.on_each(self._one_part, settings.jit))
        self._add = self._devices.on_each(_added, False)
        self._apply = self._devices.on_each(self._one_update, settings.jit, across=True)
        self._measure = _by_depth(lambda: traced(self._one_measurement, jit_compile=settings.jit))

    @property
    def updates(self) -> int:
        """Updates made."""
        return int(self._optimizer.iterations.numpy())

    def learning_rate(self) -> float:
        """Of the last update."""
        return float(make_schedule(self._settings)(max(0, self.updates - 1)))

    def update(self, batch: Example, stop: bool = False) -> Sums:
        """Update the model once; returns what it answered before that, to the whole batch.

        `batch`: this worker's rows of it. `stop`: ask all workers to stop behind this update, see `stop_asked`.
        """
        gradients, sums = self._in_parts(batch, self._settings.accumulate)
        asked = tf.constant(float(stop))
        *found, asked = self._devices.first(self._apply(gradients, sums, asked))
        self.stop_asked = float(asked) > 0
        return Sums(*found)

    def measure(self, batch: Example) -> Sums:
        """What the model answers, without dropout, on one device; changes nothing."""
        sums: Sums = self._measure(self.depth)(*batch)
        return sums

    def saved(self) -> dict[str, NDArray[np.float32]]:
        """The weights that are to be saved: the model's, or their mean."""
        if not self._means:
            return state_dict(self.model)
        learnt = state_dict(self.model)
        self.hold_means()
        means = state_dict(self.model)
        load_state_dict(self.model, learnt)
        return means

    def hold_means(self) -> None:
        """The model takes the mean of its weights, if one is kept; `load_state_dict` gives it its own back."""
        for name, mean in self._means.items():
            self._bound[name].assign(mean.numpy())

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Everything that an update changes."""
        return {
            **{f"model/{name}": values for name, values in state_dict(self.model).items()},
            **{f"optimizer/{index}": variable.numpy() for index, variable in enumerate(self._optimizer.variables)},
            **{f"mean/{name}": variable.numpy() for name, variable in self._means.items()},
        }

    def restore(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Set everything back to what `tensors` returned."""
        load_state_dict(self.model, under("model/", tensors))
        for index, variable in enumerate(self._optimizer.variables):
            variable.assign(tensors[f"optimizer/{index}"])
        for name, variable in self._means.items():
            variable.assign(tensors[f"mean/{name}"])

    def _in_parts(self, batch: Example, parts: int) -> tuple[list[tf.Tensor], Sums]:
        size = len(batch.label) // parts
        # Divided by the whole batch's counts, the parts' gradients add up to the whole batch's.
        masked, pairs = self._devices.total([batch.weights.sum(), len(batch.label)])
        counts = tf.constant(masked, tf.float32), tf.constant(pairs, tf.float32)
        update = self.updates
        total: Any = None
        for part in range(parts):
            inputs = self._devices.shared_out([values[part * size : (part + 1) * size] for values in batch])
            seed = tf.constant([self._settings.seed, update * parts + part], tf.int64)
            found = self._gradients(self.depth)(*inputs, *counts, seed)
            total = found if total is None else self._add(total, found)
        gradients, sums = total
        return gradients, sums

    def _one_part(self, *values: tf.Tensor) -> tuple[list[tf.Tensor], Sums]:
        *arrays, masked, pairs, seed = values
        own_seed = tf.random.experimental.stateless_fold_in(seed, self._devices.copy_index())
        with masks_from(Draws(own_seed)), tf.GradientTape() as tape:
            sums = self._sums(Example(*arrays), training=True)
            loss = sums.masked_loss / tf.maximum(masked, 1.0)
            if self._settings.pair_objective != "none":
                loss += sums.order_loss / pairs
        gradients = tape.gradient(loss, self._weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return [tf.convert_to_tensor(gradient) for gradient in gradients], sums

    def _one_update(self, gradients: list[tf.Tensor], sums: Sums, asked: tf.Tensor) -> list[tf.Tensor]:
        count = len(gradients)
        summed = self._devices.summed([*gradients, *sums, asked])
        clipped, _ = tf.clip_by_global_norm(summed[:count], self._settings.max_gradient_norm)
        self._optimizer.apply_gradients(zip(clipped, self._weights), skip_gradients_aggregation=True)
        for name, mean in self._means.items():
            mean.assign_sub((1 - self._settings.ema) * (mean - self._bound[name]))
        return summed[count:]

    def _one_measurement(self, *arrays: tf.Tensor) -> Sums:
        return self._sums(Example(*arrays), training=False)

    def _sums(self, batch: Example, training: bool) -> Sums:
        outputs = self.model(*batch[:4], depth=self.depth, training=training)
        logits, order_logits = (tf.cast(outputs.named[name], tf.float32) for name in ("logits", "order_logits"))
        return answers(logits, order_logits, batch)


def _by_depth(graph: Callable[[], Any]) -> Callable[[Optional[int]], Any]:
    """A graph for each depth, traced when it is first called at it."""
    return functools.lru_cache(maxsize=None)(lambda _depth: graph())


def _mean_of(variable: Any) -> Any:
    # The copies of a mean are equal, as those of the weights are: any one's update is all's.
    aggregation = tf.VariableAggregation.ONLY_FIRST_REPLICA
    return tf.Variable(tf.convert_to_tensor(variable), trainable=False, aggregation=aggregation)


def _added(first: Any, second: Any) -> Any:
    return tf.nest.map_structure(tf.add, first, second)


def answers(logits: tf.Tensor, order_logits: tf.Tensor, batch: Example) -> Sums:
    """The sums over a batch: logits float32 (B, K, V) at its masked positions, order_logits float32 (B, 2)."""
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(batch.masked_ids, logits)
    right = tf.cast(tf.equal(tf.argmax(logits, -1, tf.int32), batch.masked_ids), tf.float32)
    order_losses = tf.nn.sparse_softmax_cross_entropy_with_logits(batch.label, order_logits)
    order_right = tf.cast(tf.equal(tf.argmax(order_logits, -1, tf.int32), batch.label), tf.float32)
    return Sums(
        tf.reduce_sum(losses * batch.weights),
        tf.reduce_sum(right * batch.weights),
        tf.reduce_sum(batch.weights),
        tf.reduce_sum(order_losses),
        tf.reduce_sum(order_right),
        tf.reduce_sum(tf.ones_like(order_losses)),
    )


def make_schedule(settings: PretrainingSettings) -> WarmupPolynomialDecay:
    """The learning rate of each update."""
    warmup = round(settings.warmup * settings.steps)
    return WarmupPolynomialDecay(settings.learning_rate, warmup, settings.steps, settings.decay_power)


def make_optimizer(settings: PretrainingSettings, weights: list[Any], plain: list[Any]) -> keras.optimizers.Optimizer:
    """The settings' optimizer over `weights`, its slots made; `plain` ones are not decayed."""
    schedule = make_schedule(settings)
    if settings.optimizer == "lamb":
        lamb = Lamb(schedule, settings.weight_decay, beta_2=settings.beta_2, epsilon=_EPSILON, jit_compile=False)
        lamb.leave_alone(plain)
        lamb.build(weights)
        return lamb
    adamw = keras.optimizers.AdamW(
        schedule, weight_decay=settings.weight_decay, beta_2=settings.beta_2, epsilon=_EPSILON, jit_compile=False
    )
    adamw.exclude_from_weight_decay(var_list=plain)
    adamw.build(weights)
    return adamw

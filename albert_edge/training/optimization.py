"""One step: gradients, clipping, AdamW with a learning rate that rises and falls in straight lines.

Follows `AdamWeightDecayOptimizer` of google-research/albert (`optimization.py`) with the corrections of Adam's bias
and of the decay's place in Loshchilov and Hutter 2019, algorithm 2, as tf_keras has them. Biases and LayerNorm are
not decayed. Leaves out LAMB, mixed precision and gradient accumulation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Iterable, Mapping, Sequence

import numpy as np

from albert_edge.model.keras import keras, tf
from albert_edge.model.weights import load_state_dict, state_dict, variables
from albert_edge.training.batches import Batch, Inputs
from albert_edge.training.objectives.base import Answered, Objective
from albert_edge.training.settings import TrainingSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.model.tensors import TensorSpec

NOT_DECAYED = ("bias", "scale", "shift")
"""Kinds of tensors that weight decay leaves alone."""


class WarmupLinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of the update `t` (from 1) of `total_steps`.

    peak * min(t / warmup_steps, (total_steps - t + 1) / (total_steps - warmup_steps + 1)): the peak at the end of the
    warm-up, and something above 0 at the first and the last update, neither of which is wasted.
    """

    def __init__(self, peak: float, warmup_steps: int, total_steps: int) -> None:
        super().__init__()
        self.peak = peak
        self.warmup_steps = max(1, warmup_steps)
        self.total_steps = total_steps

    def __call__(self, step: Any) -> tf.Tensor:
        """Float32 scalar; `step` counts the updates already made."""
        update = tf.cast(step, tf.float32) + 1
        rising = update / self.warmup_steps
        falling = (self.total_steps - update + 1) / (self.total_steps - self.warmup_steps + 1)
        return self.peak * tf.minimum(rising, falling)

    def get_config(self) -> dict[str, Any]:
        """The arguments, as Keras asks for them."""
        return {"peak": self.peak, "warmup_steps": self.warmup_steps, "total_steps": self.total_steps}


def make_optimizer(
    bound: Mapping[str, tuple[TensorSpec, Any]], weights: Sequence[Any], settings: TrainingSettings, total_steps: int
) -> keras.optimizers.Optimizer:
    """AdamW over the variables `weights`, its slots made; `bound` says what kind of tensor each variable is."""
    schedule = WarmupLinearDecay(settings.learning_rate, round(settings.warmup * total_steps), total_steps)
    optimizer = keras.optimizers.AdamW(
        learning_rate=schedule,
        weight_decay=settings.weight_decay,
        epsilon=1e-6,
        global_clipnorm=settings.max_gradient_norm,
        jit_compile=False,
    )
    optimizer.exclude_from_weight_decay(
        var_list=[variable for spec, variable in bound.values() if spec.kind in NOT_DECAYED]
    )
    optimizer.build(weights)
    return optimizer


class TrainStep:
    """A model, its optimizer and the random generator of its dropout; called with a batch, it makes one update.

    Dropout draws from TensorFlow's global generator, which this replaces.
    """

    def __init__(self, model: Any, objective: Objective, trained: Collection[str], total_steps: int) -> None:
        """`trained`: names of the tensors of `model` that learn."""
        self.model = model
        self._objective = objective
        bound = variables(model)
        self._weights = [variable for name, (_, variable) in bound.items() if name in trained]
        self._optimizer = make_optimizer(bound, self._weights, objective.settings, total_steps)
        self._generator = tf.random.Generator.from_seed(objective.settings.seed, alg="philox")
        # Lengths unknown: one graph serves batches of every length.
        ids = tf.TensorSpec((None, None), tf.int32)
        inputs = (ids,) * (4 if model.task == "fill-mask" else 3)
        targets = tuple(tf.TensorSpec(spec.shape, spec.dtype) for spec in objective.target_specs)
        self._update = tf.function(self._one_update, input_signature=(inputs, targets))
        self._measure = tf.function(self._one_measurement, input_signature=(inputs, targets))

    def __call__(self, batch: Batch) -> float:
        """Update the model once; returns the batch's loss before that."""
        return float(self._update(*_arrays(batch)))

    def loss(self, batches: Iterable[Batch]) -> float:
        """The mean loss of all targets of `batches`, without dropout; changes nothing."""
        measured = [self._measure(*_arrays(batch)).numpy() for batch in batches]
        return float(np.concatenate(measured).mean(dtype=np.float64))

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Everything that an update changes."""
        return {
            **{f"model/{name}": values for name, values in state_dict(self.model).items()},
            **{f"optimizer/{index}": variable.numpy() for index, variable in enumerate(self._optimizer.variables)},
            "generator": self._generator.state.numpy(),
        }

    def restore(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Set everything back to what `tensors` returned."""
        load_state_dict(self.model, under("model/", tensors))
        for index, variable in enumerate(self._optimizer.variables):
            variable.assign(tensors[f"optimizer/{index}"])
        self._generator.state.assign(tensors["generator"])

    def _one_update(self, inputs: tuple[tf.Tensor, ...], targets: tuple[tf.Tensor, ...]) -> tf.Tensor:
        # Runs when the graph is traced, which binds dropout to this generator for good.
        tf.random.set_global_generator(self._generator)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self._batch_losses(inputs, targets, training=True))
        # An embedding table's gradient comes as slices, one a token. Their norm isn't the gradient's where an id
        # occurs twice, and Keras clips before it adds them up: so they are added up here.
        gradients = [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, self._weights)]
        self._optimizer.apply_gradients(zip(gradients, self._weights))
        return loss

    def _one_measurement(self, inputs: tuple[tf.Tensor, ...], targets: tuple[tf.Tensor, ...]) -> tf.Tensor:
        return self._batch_losses(inputs, targets, training=False)

    def _batch_losses(self, inputs: tuple[tf.Tensor, ...], targets: tuple[tf.Tensor, ...], training: bool) -> tf.Tensor:
        outputs = self.model(*inputs, training=training)
        return self._objective.losses(Answered(outputs.named, Inputs(*inputs), targets, training))


def _arrays(batch: Batch) -> tuple[tuple[NDArray[Any], ...], tuple[NDArray[Any], ...]]:
    return tuple(values for values in batch.inputs if values is not None), batch.targets


def under(prefix: str, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The `tensors` whose names start with `prefix`, by the rest of their names."""
    return {name[len(prefix) :]: values for name, values in tensors.items() if name.startswith(prefix)}

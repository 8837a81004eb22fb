"""One step: gradients, clipping, AdamW with a learning rate that rises and falls in straight lines.

Follows `AdamWeightDecayOptimizer` of google-research/albert (`optimization.py`) with the corrections of Adam's bias
and of the decay's place in Loshchilov and Hutter 2019, algorithm 2, as tf_keras has them. Biases and LayerNorm are
not decayed. With `multi_exit` the loss is that of every depth as in Zhou et al. 2020, *BERT Loses Patience* (PABEE),
section 3.3. Leaves out LAMB, mixed precision and gradient accumulation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Iterable, Mapping, Optional, Sequence

import numpy as np

from albert_edge.model.dropout import masks_from
from albert_edge.model.heads import Given
from albert_edge.model.keras import keras, tf, traced
from albert_edge.model.weights import load_state_dict, state_dict, variables
from albert_edge.training.additions.base import Addition, Exit, StepTensors
from albert_edge.training.batches import Batch, Inputs
from albert_edge.training.objectives.base import Answered, Objective, TargetSpec
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
    decayed = {id(variable) for spec, variable in bound.values() if spec.kind not in NOT_DECAYED}
    optimizer.exclude_from_weight_decay(var_list=[variable for variable in weights if id(variable) not in decayed])
    optimizer.build(weights)
    return optimizer


class TrainStep:
    """A model, its optimizer and the random generator of its dropout; called with a batch, it makes one update.

    The generator is the step's own: what else runs in the process draws from another.
    """

    def __init__(
        self,
        model: Any,
        objective: Objective,
        trained: Collection[str],
        total_steps: int,
        additions: Sequence[Addition] = (),
    ) -> None:
        """`trained`: names of the tensors of `model` that learn."""
        self.model = model
        self._objective = objective
        self._additions = additions
        self._exit_weights = exit_weights(model.config.num_hidden_layers) if objective.settings.multi_exit else (1.0,)
        bound = variables(model)
        self._weights = [variable for name, (_, variable) in bound.items() if name in trained]
        self._weights += [variable for addition in additions for variable in addition.variables()]
        self._optimizer = make_optimizer(bound, self._weights, objective.settings, total_steps)
        self._generator = tf.random.Generator.from_seed(objective.settings.seed, alg="philox")
        # Lengths unknown: one graph serves batches of every length.
        ids = tf.TensorSpec((None, None), tf.int32)
        inputs = (ids,) * (4 if model.task == "fill-mask" else 3)
        targets = _signature(objective.target_specs)
        arrays = tuple(_signature(addition.array_specs()) for addition in additions)
        self._update = traced(self._one_update, input_signature=(inputs, targets, arrays))
        self._measure = traced(self._one_measurement, input_signature=(inputs, targets))

    def __call__(self, batch: Optional[Batch]) -> float:
        """Update the model once; returns the batch's loss before that. Only a private update may be without rows."""
        assert batch is not None
        return float(self._update(*_arrays(batch), batch.additions))

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
            **addition_tensors(self._additions),
        }

    def restore(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Set everything back to what `tensors` returned."""
        load_state_dict(self.model, under("model/", tensors))
        for index, variable in enumerate(self._optimizer.variables):
            variable.assign(tensors[f"optimizer/{index}"])
        self._generator.state.assign(tensors["generator"])
        restore_additions(self._additions, tensors)

    def _one_update(
        self, inputs: tuple[tf.Tensor, ...], targets: tuple[tf.Tensor, ...], arrays: tuple[tuple[tf.Tensor, ...], ...]
    ) -> tf.Tensor:
        with masks_from(self._generator):
            loss, found = self._loss_and_gradients(inputs, targets, arrays)
        # An embedding table's gradient comes as slices, one a token. Their norm isn't the gradient's where an id
        # occurs twice, and Keras clips before it adds them up: so they are added up here.
        gradients = [tf.convert_to_tensor(gradient) for gradient in found]
        self._optimizer.apply_gradients(zip(gradients, self._weights))
        for addition in self._additions:
            addition.after_update()
        return loss

    def _loss_and_gradients(
        self, inputs: tuple[tf.Tensor, ...], targets: tuple[tf.Tensor, ...], arrays: tuple[tuple[tf.Tensor, ...], ...]
    ) -> tuple[tf.Tensor, list[Any]]:
        with tf.GradientTape() as tape:
            loss = self._loss(self._answered(inputs, targets, training=True), arrays)
        return loss, tape.gradient(loss, self._weights)

    def _one_measurement(self, inputs: tuple[tf.Tensor, ...], targets: tuple[tf.Tensor, ...]) -> tf.Tensor:
        return self._losses(self._answered(inputs, targets, training=False), training=False)

    def _answered(self, inputs: tuple[tf.Tensor, ...], targets: tuple[tf.Tensor, ...], training: bool) -> StepTensors:
        batch = Inputs(*inputs)
        outputs = self.model(*inputs, training=training)
        named = [outputs.named]
        if self._objective.settings.multi_exit:
            given = Given(batch.attention_mask, batch.masked_positions, training)
            named = self.model.after_each_layer(outputs, given)
        exits = [Exit(weight, each) for weight, each in zip(self._exit_weights, named)]
        return StepTensors(batch, outputs, exits, targets)

    def _losses(self, step: StepTensors, training: bool) -> tf.Tensor:
        """The objective's loss of each target: the weighted sum over the exits."""
        losses = self._objective.losses
        weighted = [
            each.weight * losses(Answered(each.named, step.inputs, step.targets, training)) for each in step.exits
        ]
        return weighted[0] if len(weighted) == 1 else tf.add_n(weighted)

    def _loss(self, step: StepTensors, arrays: tuple[tuple[tf.Tensor, ...], ...]) -> tf.Tensor:
        """What an update lowers: the objective's mean loss and what the additions have."""
        loss = tf.reduce_mean(self._losses(step, training=True))
        for addition in self._additions:
            loss *= addition.objective_share()
        for addition, own in zip(self._additions, arrays):
            added = addition.loss(step._replace(arrays=own))
            loss = loss if added is None else loss + added
        return loss


def exit_weights(layers: int) -> tuple[float, ...]:
    """The share of each depth 1 to `layers` in the loss: j / (1 + 2 + ... + layers), Zhou et al. 2020, equation 5."""
    total = layers * (layers + 1) / 2
    return tuple(depth / total for depth in range(1, layers + 1))


def addition_tensors(additions: Sequence[Addition]) -> dict[str, NDArray[Any]]:
    """The state of all `additions`."""
    return {
        f"additions/{addition.name}/{name}": values
        for addition in additions
        for name, values in addition.tensors().items()
    }


def restore_additions(additions: Sequence[Addition], tensors: Mapping[str, NDArray[Any]]) -> None:
    """Set all `additions` back to what `addition_tensors` returned."""
    for addition in additions:
        addition.restore(under(f"additions/{addition.name}/", tensors))


def _signature(specs: Iterable[TargetSpec]) -> tuple[tf.TensorSpec, ...]:
    return tuple(tf.TensorSpec(spec.shape, spec.dtype) for spec in specs)


def _arrays(batch: Batch) -> tuple[tuple[NDArray[Any], ...], tuple[NDArray[Any], ...]]:
    return tuple(values for values in batch.inputs if values is not None), batch.targets


def under(prefix: str, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The `tensors` whose names start with `prefix`, by the rest of their names."""
    return {name[len(prefix) :]: values for name, values in tensors.items() if name.startswith(prefix)}

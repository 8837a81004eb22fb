"""Magnitude pruning while a model trains, and trainings that keep the zeros which a model already has.

`Sparsity` is gradual magnitude pruning (Zhu and Gupta 2017, arXiv:1710.01878) with tensorflow-model-optimization's own
schedule and masks: the smallest weights of each matrix become zero, more of them after each part of the training, and
what is zero stays zero. `keep_zeros` holds those of the first weights for a training that follows (quantization-aware
training, or with a teacher). Both are about the matrices of the blocks, the mapping, the pooler and the table of words;
biases, LayerNorm, positions, segments and the task's head stay dense. Leaves out patterns of zeros (2 of 4, blocks): no
runtime here is faster for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

import numpy as np

from albert_edge.model.keras import tf
from albert_edge.model.packages import host_package
from albert_edge.model.weights import variables
from albert_edge.training.additions.base import Addition
from albert_edge.training.pruning.zeros import least_zero_share, prunable, pruned_tensors, zero_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.training.preparation import Prepared

SCHEDULE_SHARE = 0.5
"""Of a training's updates: in these the zeros become more, in the rest the other weights make up for them."""

MASK_UPDATES = 20
"""How often the zeros become more, if there are as many updates. The library's own default, every 100 updates, does
nothing at all in a short training."""

NOTICED_ZEROS = 0.05
"""Share of zeros in every one of a checkpoint's matrices above which they are kept if nothing is said: a pruned model
would lose its zeros in the first update. Products that were rounded to 4 bits have a sixth of zeros that nobody asked
for, but their table of words, of 8 bits, has 1 %."""


class Sparsity(Addition):
    """More and more zeros, up to the share `sparsity` of each matrix."""

    name = "sparsity"

    def __init__(self, model: Any, sparsity: float, total_steps: int) -> None:
        """`total_steps`: updates of the whole training."""
        self._sparsity = sparsity
        matrices = {name: weight for name, (spec, weight) in variables(model).items() if prunable(name, spec)}
        self._masks = {name: tf.Variable(tf.ones_like(weight), trainable=False) for name, weight in matrices.items()}
        # As the schedule counts: 1 in the first update.
        self._update = tf.Variable(0, trainable=False, dtype=tf.int64)
        self.frequency, self.end_step = mask_updates(total_steps)
        implementation = host_package("tensorflow_model_optimization.python.core.sparsity.keras.pruning_impl")
        library = host_package("tensorflow_model_optimization").sparsity.keras
        schedule = library.PolynomialDecay(0.0, sparsity, 0, self.end_step, frequency=self.frequency)
        pruned = [(weight, self._masks[name], tf.Variable(0.0, trainable=False)) for name, weight in matrices.items()]
        self._pruning = implementation.Pruning(lambda: self._update, pruned, schedule, (1, 1), "AVG")

    def before_step(self, step: int) -> None:
        """Tell the schedule where the training is."""
        self._update.assign(step + 1)

    def after_update(self) -> None:
        """New masks where the schedule says so; the masked weights are zero again after every update."""
        self._pruning.conditional_mask_update()
        self._pruning.weight_mask_op()

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The masks."""
        return {name: mask.numpy().astype(bool) for name, mask in self._masks.items()}

    def restore(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Put the masks back."""
        for name, mask in self._masks.items():
            mask.assign(tensors[name].astype(np.float32))

    def saved(self, weights: Mapping[str, NDArray[np.float32]]) -> Mapping[str, NDArray[np.float32]]:
        """The weights with all their zeros: dev scores an early epoch as the folder would have it."""
        return pruned_tensors(weights, self._sparsity)

    def facts(self) -> dict[str, Any]:
        """The schedule."""
        return {"sparsity": self._sparsity, "updates_between_masks": self.frequency, "last_mask_update": self.end_step}


class KeptZeros(Addition):
    """What is zero in the first weights stays zero."""

    name = "kept_zeros"

    def __init__(self, model: Any, tensors: Mapping[str, NDArray[np.float32]]) -> None:
        """`tensors`: the first weights by Hugging Face's names."""
        self._share = zero_share(tensors)
        others = {name: values != 0 for name, values in tensors.items() if prunable(name, values)}
        self._masked = [
            (weight, tf.constant(others[name].T if spec.kind == "kernel" else others[name], tf.float32))
            for name, (spec, weight) in variables(model).items()
            if name in others
        ]

    def after_update(self) -> None:
        """Zero again."""
        for weight, mask in self._masked:
            weight.assign(weight * mask)

    def facts(self) -> dict[str, Any]:
        """Their share in the matrices that can be pruned."""
        return {"zero_share": self._share}


def mask_updates(total_steps: int) -> tuple[int, int]:
    """Updates from one mask to the next, and the update of the last one, which is a multiple of that."""
    span = max(1, round(SCHEDULE_SHARE * total_steps))
    frequency = max(1, span // MASK_UPDATES)
    return frequency, span // frequency * frequency


def make_sparsity(prepared: Prepared, model: Any, total_steps: int) -> Sparsity:
    """For the setting `sparsity`."""
    return Sparsity(model, float(prepared.request.settings.sparsity or 0), total_steps)


def make_kept_zeros(prepared: Prepared, model: Any, _: int) -> KeptZeros:
    """For the setting `keep_zeros`."""
    return KeptZeros(model, prepared.start.tensors)


def keeps_zeros(prepared: Prepared) -> bool:
    """What `keep_zeros` says, or if it says nothing, whether the checkpoint has more zeros than chance makes."""
    chosen = prepared.request.settings.keep_zeros
    if chosen is not None or prepared.request.source.from_ is None:
        return bool(chosen)
    return least_zero_share(prepared.start.tensors) > NOTICED_ZEROS

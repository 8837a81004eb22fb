"""`Addition`: what a training does beside its objective, and what it is told about each step.

An addition may learn variables of its own, add to the loss, change the model behind each update, keep a state through
a stop, and have its say on the folder that is written. Each method does nothing until a subclass replaces it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Optional, Sequence

from albert_edge.model.keras import tf
from albert_edge.training.objectives.base import TargetSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.config import AlbertConfig
    from albert_edge.model.heads import Outputs
    from albert_edge.training.batches import Inputs
    from albert_edge.training.objectives.base import Items
    from albert_edge.training.reporting import Reporter


class Exit(NamedTuple):
    """The task's outputs after one layer, as something that is learnt from."""

    weight: float
    """Of its loss; those of all exits add up to 1."""
    named: Mapping[str, tf.Tensor]
    """The outputs by name."""


class StepTensors(NamedTuple):
    """A batch that the model has answered, inside the graph of an update."""

    inputs: Inputs
    """What the model was given, word dropout included: int32 [B, T] and, of fill-mask, [B, K]."""
    outputs: Outputs
    """The model's at full depth, with all hidden states."""
    exits: Sequence[Exit]
    """Every depth of a training with `multi_exit`, in order; else the last one alone, of weight 1."""
    targets: Sequence[tf.Tensor]
    """As the objective's `target_specs` say."""
    arrays: Sequence[tf.Tensor] = ()
    """What this addition's own `arrays` gave for the batch."""


class Addition:
    """Something that a training does beside its objective."""

    name: str
    """Of its part of a snapshot and of the report; one of a kind."""

    # === Inside the graph of an update ===

    def variables(self) -> Sequence[tf.Variable]:
        """Variables that learn beside the model's, without weight decay; they don't go into the folder."""
        return ()

    def objective_share(self) -> float:
        """What the objective's own loss is multiplied by."""
        return 1.0

    def loss(self, step: StepTensors) -> Optional[tf.Tensor]:  # noqa: ARG002 - of additions that have one
        """Float32 scalar that is added to the loss of the batch; None: nothing."""
        return None

    def after_update(self) -> None:
        """TensorFlow operations that follow on each update of the weights."""

    # === Between updates, in Python ===

    def begin(self, reporter: Reporter) -> None:
        """Called before the first step, and again before the first one after a stop: work that takes long."""

    def array_specs(self) -> Sequence[TargetSpec]:
        """Shapes and types of what `arrays` gives."""
        return ()

    def arrays(self, indices: NDArray[np.int64], items: Items) -> Sequence[NDArray[Any]]:  # noqa: ARG002 - of some
        """Further arrays that the update of a batch needs: of the training items `indices`, made into `items`.

        The texts of `items` are as the objective made them, before words are dropped.
        """
        return ()

    def before_step(self, step: int) -> None:
        """Called before the update `step`, counted from 0 over the whole training."""

    # === Through a stop, and at the end ===

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Everything of the addition that updates change, by name."""
        return {str(index): variable.numpy() for index, variable in enumerate(self.variables())}

    def restore(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Go back to what `tensors` returned."""
        for index, variable in enumerate(self.variables()):
            variable.assign(tensors[str(index)])

    def saved(self, weights: Mapping[str, NDArray[np.float32]]) -> Mapping[str, NDArray[np.float32]]:
        """The weights as the folder shall have them and as dev is scored, by Hugging Face's names, in its layouts."""
        return weights

    def settings(self, config: AlbertConfig) -> AlbertConfig:
        """`config` as the folder shall have it; the addition is in its state of the best epoch."""
        return config

    def facts(self) -> dict[str, Any]:
        """What the report says about it, as JSON values; the addition is in its state of the best epoch."""
        return {}

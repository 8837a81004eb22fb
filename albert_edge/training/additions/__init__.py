"""What a training may do beside its objective, one file a kind: each setting that asks for one has its row here.

`base` is the interface. The rows' order is that in which losses are added and weights are made ready for the folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

if TYPE_CHECKING:
    from albert_edge.model.quantization import Quantization
    from albert_edge.training.additions.base import Addition
    from albert_edge.training.preparation import Prepared

Maker = Callable[["Prepared", Any, int], "Addition"]
"""(what was prepared, the Keras model with its first weights, updates in all) -> the addition."""


def make_additions(prepared: Prepared, model: Any, total_steps: int) -> tuple[Addition, ...]:
    """The additions that the settings of `prepared` ask for, to the training of `model` in `total_steps` updates."""
    return tuple(make(prepared, model, total_steps) for asked, make in _ROWS if asked(prepared))


def _sparsity(prepared: Prepared, model: Any, total_steps: int) -> Addition:
    from albert_edge.training.additions.sparsity import make_sparsity

    return make_sparsity(prepared, model, total_steps)


def _kept_zeros(prepared: Prepared, model: Any, total_steps: int) -> Addition:
    from albert_edge.training.additions.sparsity import make_kept_zeros

    return make_kept_zeros(prepared, model, total_steps)


def _keeps_zeros(prepared: Prepared) -> bool:
    from albert_edge.training.additions.sparsity import keeps_zeros

    return keeps_zeros(prepared)


def _qat(prepared: Prepared, model: Any, total_steps: int) -> Addition:
    from albert_edge.training.additions.quantization import QuantizationAwareTraining

    return QuantizationAwareTraining(prepared, model, total_steps)


def quantization_for(prepared: Prepared) -> Optional[Quantization]:
    """What rounds the model that is to be built for `prepared`; None if it learns without."""
    if prepared.request.settings.qat is None:
        return None
    from albert_edge.training.additions.quantization import TrainedQuantization

    delayed = prepared.request.source.from_ is None
    return TrainedQuantization(prepared.request.settings.qat, prepared.start.config.num_hidden_layers, delayed)


def _teacher(prepared: Prepared, model: Any, _total_steps: int) -> Addition:
    from albert_edge.training.additions.teacher import Distillation

    assert prepared.teacher is not None
    return Distillation(prepared, model, prepared.teacher)


_ROWS: tuple[tuple[Callable[[Prepared], bool], Maker], ...] = (
    (lambda prepared: prepared.teacher is not None, _teacher),
    (lambda prepared: prepared.request.settings.sparsity is not None, _sparsity),
    (_keeps_zeros, _kept_zeros),
    # The last one: what the folder gets has to lie on the levels.
    (lambda prepared: prepared.request.settings.qat is not None, _qat),
)
"""Whether the prepared training asks for it, and what makes it; only then is its file imported."""

"""Keras variables by Hugging Face's tensor names.

A tensor's name is the path of attributes to its layer (`albert.encoder...attention.query.weight`); the kind of tensor
says which variable of the layer it is and whether Keras stores its transpose. That every parameter of the model is
bound exactly once is checked whenever a model is read or written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

from albert_edge.model.heads import TaskModel
from albert_edge.model.loading import check_complete
from albert_edge.model.tensors import Kind, TensorSpec, tensor_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_VARIABLES: dict[Kind, str] = {
    "embedding": "embeddings",
    "kernel": "kernel",
    "bias": "bias",
    "scale": "gamma",
    "shift": "beta",
}
"""Kind of tensor -> the attribute of the Keras layer that holds its variable."""

_TRANSPOSED: tuple[Kind, ...] = ("kernel",)


def variables(model: TaskModel) -> dict[str, tuple[TensorSpec, Any]]:
    """Name -> table row and Keras variable, for every parameter of `model`."""
    bound = {
        name: (spec, getattr(_layer(model, name), _VARIABLES[spec.kind]))
        for name, spec in tensor_table(model.config, model.task).items()
    }
    assert len({id(variable) for _, variable in bound.values()}) == len(bound) == len(model.trainable_variables)
    return bound


def _layer(model: TaskModel, name: str) -> Any:
    found: Any = model
    for part in name.split(".")[:-1]:
        found = found[int(part)] if part.isdigit() else getattr(found, part)
    return found


def state_dict(model: TaskModel) -> dict[str, NDArray[np.float32]]:
    """Every parameter of `model`, float32, under Hugging Face's names and in its layouts."""
    return {
        name: variable.numpy().T if spec.kind in _TRANSPOSED else variable.numpy()
        for name, (spec, variable) in variables(model).items()
    }


def load_state_dict(model: TaskModel, tensors: Mapping[str, NDArray[np.float32]]) -> None:
    """Set every parameter of `model` from `tensors`: Hugging Face's names and layouts, each used exactly once.

    Raises `FolderError` naming a tensor too many, missing, or of another shape, before any variable is touched.
    """
    check_complete(tensors, model.config, model.task)
    for name, (spec, variable) in variables(model).items():
        variable.assign(tensors[name].T if spec.kind in _TRANSPOSED else tensors[name])

"""Which tensor of a checkpoint goes where: decided from the names alone, then carried out with every shape checked.

Each tensor of a file is exactly one of: used; dropped, because it belongs to another head or isn't a parameter; or
unknown, which is an error. Each parameter of the model asked for comes from the file, or, where a new head was asked
for, from `initial`. An `AlbertModel` saved alone has no `albert.` before its names; it is accepted.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Iterable, Mapping

from albert_edge.config import AlbertConfig
from albert_edge.errors import FolderError
from albert_edge.model.initial import initial_tensor
from albert_edge.model.tensors import (
    BASE_MODULES,
    BASE_PREFIX,
    NOT_PARAMETERS,
    TensorSpec,
    encoder_tensors,
    head_of_task,
    head_tensor_names,
    pooler_tensors,
    tensor_table,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True)
class LoadPlan:
    """What happens to each tensor of a checkpoint."""

    used: Mapping[str, str]
    """Parameter of the model -> name in the file."""
    dropped: tuple[str, ...]
    """Names in the file that the model has no use for: other heads, constants."""
    initialised: tuple[str, ...]
    """Parameters of a new head, which start from random values."""


def plan_load(
    names: Iterable[str], config: AlbertConfig, wanted: AlbertConfig, task: str, new_head: bool = False
) -> LoadPlan:
    """Decide what happens to the tensors `names` of a checkpoint that `config` describes.

    `wanted` is `config` with the labels that the model shall have. The head in the file is used if it is of the class
    asked for and has these labels in this order. `new_head`: where that is not so, start a new head (and pooler, if
    there is none) instead of refusing. The encoder never starts anew.

    Raises `FolderError` naming a tensor that is unknown, given twice, or missing.
    """
    in_file = _by_full_name(names)
    encoder = [spec.name for spec in encoder_tensors(config)]
    _refuse_unknown(in_file, encoder, config)
    head = head_of_task(task)
    head_tensors = [spec.name for spec in head.tensors(wanted)]
    own_head = (
        not config.architectures or head.architecture in config.architectures
    ) and config.labels == wanted.labels
    usable = {full: name for full, name in in_file.items() if own_head or full not in head_tensors}

    missing = [name for name in tensor_table(wanted, task) if name not in usable]
    initialised: list[str] = []
    if new_head:
        # A group starts anew as a whole: half a head in a file is damage.
        groups = (head_tensors, [spec.name for spec in pooler_tensors(config)] if head.pooler else [])
        initialised = [name for group in groups if usable.keys().isdisjoint(group) for name in group]
    _refuse_missing([name for name in missing if name not in initialised], config, task)
    used = {name: usable[name] for name in tensor_table(wanted, task) if name in usable}
    taken = set(used.values())
    return LoadPlan(used, tuple(name for name in in_file.values() if name not in taken), tuple(initialised))


def _refuse_unknown(in_file: Mapping[str, str], encoder: Iterable[str], config: AlbertConfig) -> None:
    known = {*encoder, *head_tensor_names(config), *NOT_PARAMETERS}
    for full, name in in_file.items():
        if full not in known:
            raise FolderError(f"a checkpoint must hold tensors of ALBERT only; received the unknown {name!r}")


def _by_full_name(names: Iterable[str]) -> dict[str, str]:
    """Name with `albert.` -> name as in the file."""
    full_names: dict[str, str] = {}
    for name in names:
        full = BASE_PREFIX + name if name.startswith(BASE_MODULES) else name
        if full in full_names:
            raise FolderError(f"a checkpoint must hold each tensor once; received {full_names[full]!r} and {name!r}")
        full_names[full] = name
    return full_names


def _refuse_missing(missing: list[str], config: AlbertConfig, task: str) -> None:
    if not missing:
        return
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    classes = ", ".join(config.architectures) or "an unnamed class"
    raise FolderError(
        f"a checkpoint for {task} must hold every tensor of {head_of_task(task).architecture}; "
        f"received {classes} without {missing[0]!r}{more}"
    )


def collect(
    plan: LoadPlan, tensors: Mapping[str, NDArray[np.float32]], config: AlbertConfig, task: str, seed: int
) -> dict[str, NDArray[np.float32]]:
    """Carry out `plan`: every parameter of the model, by full name, float32 and of the right shape.

    `config` is the one of the model to be built, with the labels wanted; `seed` is for a new head.
    Raises `FolderError` naming the tensor, the shape expected and the shape received.
    """
    collected = {}
    for name, spec in tensor_table(config, task).items():
        if name in plan.used:
            collected[name] = tensors[plan.used[name]]
            check_shape(spec, collected[name])
        else:
            collected[name] = initial_tensor(spec, config, seed)
    return collected


def check_shape(spec: TensorSpec, values: NDArray[np.float32]) -> None:
    """Raises `FolderError` if `values` hasn't the shape of the table."""
    if values.shape != spec.shape:
        raise FolderError(f"{spec.name} must have the shape {list(spec.shape)}; received {list(values.shape)}")


def check_complete(tensors: Mapping[str, NDArray[np.float32]], config: AlbertConfig, task: str) -> None:
    """Raises `FolderError` unless `tensors` are exactly the parameters of the model with the head of `task`."""
    table = tensor_table(config, task)
    for name in tensors:
        if name not in table:
            raise FolderError(f"the tensors of {task} must be those of the model; received the surplus {name!r}")
    _refuse_missing([name for name in table if name not in tensors], config, task)
    for name, spec in table.items():
        check_shape(spec, tensors[name])

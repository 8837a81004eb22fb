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
    SHARED_COPIES,
    Head,
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

    `wanted` is `config` with the labels that the model shall have. The head in the file is used if it is of a class
    that has the one asked for, with these labels in this order. `new_head`: where that is not so, start a new head (and
    pooler, if there is none) instead of refusing. A pooler that the task's answers don't depend on may always be
    missing; the encoder never starts anew.

    Raises `FolderError` naming a tensor that is unknown, given twice, or missing.
    """
    in_file = _by_full_name(names)
    _refuse_unknown(in_file, [spec.name for spec in encoder_tensors(config)], config)
    head = head_of_task(task)
    in_file = _renamed(in_file, head)
    head_tensors = [spec.name for spec in head.tensors(wanted)]
    own_head = not config.architectures or not set(config.architectures).isdisjoint(head.classes)
    if head.has_labels and config.labels != wanted.labels:
        own_head = False
    usable = {full: name for full, name in in_file.items() if own_head or full not in head_tensors}

    missing = [name for name in tensor_table(wanted, task) if name not in usable]
    # A group starts anew as a whole: half a head in a file is damage.
    pooler = [spec.name for spec in pooler_tensors(config)] if head.pooler else []
    groups = [head_tensors if new_head else [], pooler if new_head or head.pooler_use == "kept" else []]
    initialised = [name for group in groups if usable.keys().isdisjoint(group) for name in group]
    _refuse_missing([name for name in missing if name not in initialised], config, task)
    used = {name: usable[name] for name in tensor_table(wanted, task) if name in usable}
    taken = set(used.values())
    dropped = dict.fromkeys(name for name in in_file.values() if name not in taken)
    return LoadPlan(used, tuple(dropped), tuple(initialised))


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


def _renamed(in_file: Mapping[str, str], head: Head) -> dict[str, str]:
    """The names as `head` has them, where the file has another class's or only a tensor's second name."""
    renamed = dict(in_file)
    for copy, original in SHARED_COPIES.items():
        if copy in renamed and original not in renamed:
            renamed[original] = renamed.pop(copy)
    for names in head.inside.values():
        for there, here in names.items():
            for full in [full for full in renamed if full.startswith(there)]:
                renamed.setdefault(here + full[len(there) :], renamed[full])
    return renamed


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
    _check_copies(plan, tensors, collected)
    return collected


def _check_copies(
    plan: LoadPlan, tensors: Mapping[str, NDArray[np.float32]], collected: Mapping[str, NDArray[np.float32]]
) -> None:
    """Refuse a model whose output table is not its table of words, though both have the same shape."""
    for copy, original in SHARED_COPIES.items():
        if copy not in plan.dropped or "predictions.bias" not in plan.used:
            continue
        if tensors[copy].shape != collected[original].shape or (tensors[copy] != collected[original]).any():
            raise FolderError(f"{copy} must equal {original} (tied embeddings); received other values")


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

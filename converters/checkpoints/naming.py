"""A foreign checkpoint's variables against Hugging Face's tensors: a table of names, and a plan made from it.

Every variable of a checkpoint is exactly one of: used; dropped, for a reason that its name gives; or refused. Every
tensor of the class asked for comes from exactly one variable. Decided from names and shapes alone, before a value is
read.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Callable, Literal, Mapping, NamedTuple, Optional

from albert_edge.config import AlbertConfig
from albert_edge.errors import FolderError
from albert_edge.model.tensors import head_of_task, pooler_tensors, tensor_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Stored = Literal["same", "kernel", "kernel to heads", "kernel from heads", "bias of heads"]
"""How a tensor lies in the checkpoint: as in Hugging Face; as a Keras kernel, [inputs, outputs]; or with the attention
heads on an axis of their own, [inputs, heads, size], [heads, size, outputs] or [heads, size]."""

Shape = tuple[int, ...]

MAPPING = "albert.encoder.embedding_hidden_mapping_in"
"""The layer that other programs have only where embeddings and hidden layers differ in width."""


class Row(NamedTuple):
    """One line of a table."""

    variable: str
    """The name in the checkpoint, without what `Naming.scope` allows before it."""
    tensor: str
    """Hugging Face's name."""
    stored: Stored = "same"


@dataclasses.dataclass(frozen=True)
class Naming:
    """The names of one family of checkpoints."""

    title: str
    scope: str
    """A regular expression of what may stand before a name."""
    trunk: Callable[[AlbertConfig], tuple[Row, ...]]
    """Embeddings, blocks and pooler."""
    heads: Mapping[str, tuple[Row, ...]]
    """Task -> what its head adds. The first one of which a checkpoint has a variable is what the checkpoint is."""
    ignored: Mapping[str, str]
    """Regular expression -> why such a variable is dropped."""
    refused: Mapping[str, str]
    """Regular expression -> what to do about a head that Hugging Face's classes lack; with a task asked for it is
    dropped."""

    earlier: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Part of a name in another release -> the same part in the table."""

    def plain(self, name: str) -> str:
        """`name` as the table has it, without its scope."""
        name = re.sub(f"^{self.scope}", "", name, count=1)
        for there, here in self.earlier.items():
            name = name.replace(there, here)
        return name


@dataclasses.dataclass(frozen=True)
class Plan:
    """What happens to each variable."""

    used: Mapping[str, tuple[str, Stored]]
    """Hugging Face's tensor -> the variable's full name, and how it is stored."""
    dropped: Mapping[str, str]
    """Full name -> the reason."""


def stored_task(naming: Naming, names: Mapping[str, Shape], preferred: Optional[str] = None) -> str:
    """The task whose head the variables `names` hold: `preferred` if it is among them, else the table's first.

    Raises `FolderError` for a head without a counterpart, naming it and what to do.
    """
    plain = {naming.plain(name) for name in names}
    for name in sorted(plain):
        for pattern, advice in naming.refused.items():
            if re.match(pattern, name):
                raise FolderError(f"a head must have a class of Hugging Face's; received {name!r}: {advice}")
    present = [task for task, rows in naming.heads.items() if all(map(plain.intersection, _modules(rows)))]
    return preferred if preferred in present else present[0]


def _modules(rows: tuple[Row, ...]) -> list[set[str]]:
    """The variables of each module of a head: half a module is a missing variable, not another task."""
    modules: dict[str, set[str]] = {}
    for row in rows:
        modules.setdefault(row.tensor.split(".")[0], set()).add(row.variable)
    return list(modules.values())


def count_outputs(naming: Naming, names: Mapping[str, Shape], task: str) -> Optional[int]:
    """How many outputs the classifier among the variables of `task`'s head has; None if there is none."""
    shape_of = {naming.plain(name): shape for name, shape in names.items()}
    for row in naming.heads[task]:
        if row.tensor.endswith("classifier.bias") and shape_of.get(row.variable):
            return shape_of[row.variable][0]
    return None


def plan_import(naming: Naming, names: Mapping[str, Shape], config: AlbertConfig, task: str) -> Plan:
    """Decide what happens to the variables `names` (full name -> shape) for the class of `task` that `config` shapes.

    Raises `FolderError` naming a variable that is unknown, given twice, missing or misshapen.
    """
    full_of: dict[str, str] = {}
    for name in names:
        plain = naming.plain(name)
        if plain in full_of:
            raise FolderError(f"a checkpoint must hold each variable once; received {full_of[plain]!r} and {name!r}")
        full_of[plain] = name
    table = tensor_table(config, task)
    rows = [row for row in (*naming.trunk(config), *naming.heads[task]) if row.tensor in table]
    used: dict[str, tuple[str, Stored]] = {}
    for row in rows:
        if row.variable not in full_of:
            raise FolderError(
                f"a {naming.title} for {task} must hold every variable of {head_of_task(task).architecture}; "
                f"received none named {row.variable!r}"
            )
        expected = stored_shape(table[row.tensor].shape, row.stored, config)
        name = full_of.pop(row.variable)
        if tuple(names[name]) != expected:
            raise FolderError(f"{name} must have the shape {list(expected)}; received {list(names[name])}")
        used[row.tensor] = (name, row.stored)
    reasons = {full: _why_dropped(naming, plain, full, config, task) for plain, full in full_of.items()}
    return Plan(used, reasons)


def _why_dropped(naming: Naming, plain: str, full: str, config: AlbertConfig, task: str) -> str:
    for pattern, reason in naming.ignored.items():
        if re.fullmatch(pattern, plain):
            return reason
    pooler = {spec.name for spec in pooler_tensors(config)}
    if any(row.variable == plain and row.tensor in pooler for row in naming.trunk(config)):
        return f"{head_of_task(task).architecture} has no pooler"
    for other, rows in naming.heads.items():
        if any(row.variable == plain for row in rows):
            return f"of the head for {other}"
    if any(re.match(pattern, plain) for pattern in naming.refused):
        return "of a head that no class of Hugging Face's has"
    raise FolderError(f"a {naming.title} must hold variables of ALBERT only; received the unknown {full!r}")


# === Layouts ===


def stored_shape(shape: Shape, stored: Stored, config: AlbertConfig) -> Shape:
    """The shape in the checkpoint of a tensor that has `shape` in Hugging Face's layout."""
    heads = (config.num_attention_heads, config.attention_head_size)
    if stored == "kernel":
        return shape[::-1]
    if stored == "kernel to heads":
        return (shape[1], *heads)
    if stored == "kernel from heads":
        return (*heads, shape[0])
    return heads if stored == "bias of heads" else shape


def to_torch(values: NDArray[np.float32], shape: Shape, stored: Stored) -> NDArray[np.float32]:
    """A stored variable in Hugging Face's layout, of `shape`."""
    import numpy as np

    if stored.startswith("kernel"):
        return np.ascontiguousarray(values.reshape(shape[::-1]).T)
    return values.reshape(shape)


def from_torch(values: NDArray[np.float32], stored: Stored) -> NDArray[np.float32]:
    """The inverse of `to_torch` for the layouts without an axis of heads."""
    import numpy as np

    return np.ascontiguousarray(values.T if stored == "kernel" else values)

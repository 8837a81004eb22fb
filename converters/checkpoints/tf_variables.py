"""The variables of a TensorFlow checkpoint by name, one value in memory at a time.

A checkpoint of TensorFlow 1 is a table from name to value. One of TensorFlow 2, which a SavedModel has too, is a table
from a path through the program's objects to a value, with the objects' graph beside it; there a variable is known by
the full name that its layer gave it, and optimizer slots are marked in the graph.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from albert_edge.errors import FolderError
from albert_edge.model.floats import check_finite
from converters.checkpoints.protos import object_graph

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_VALUE = "VARIABLE_VALUE"


class Variables:
    """The checkpoint whose index is `prefix` + `.index`.

    Raises `FolderError` if it is damaged, or, when a value is asked for, its data is missing or not of finite floats.
    """

    def __init__(self, prefix: Path) -> None:
        from albert_edge.model.keras import tf

        self.prefix = prefix
        self._failures = (tf.errors.OpError, ValueError, RuntimeError, LookupError)
        try:
            self._reader = tf.train.load_checkpoint(str(prefix))
            found = self._reader.get_variable_to_shape_map()
            # TensorFlow's order changes from run to run.
            shapes = {key: tuple(found[key]) for key in sorted(found)}
        except self._failures as reason:
            raise self._damaged(reason) from reason
        self.has_objects = _GRAPH in shapes
        """Whether it is a checkpoint of TensorFlow 2."""
        self.slots: dict[str, tuple[int, ...]] = {}
        """Optimizer slots of TensorFlow 2, by full name."""
        self._key_of = {name: name for name in shapes}
        if self.has_objects:
            self._key_of, slot_keys = self._full_names()
            self.slots = {name: shapes[key] for name, key in slot_keys.items()}
        self.shapes = {name: shapes[key] for name, key in self._key_of.items()}
        """Full name -> shape of every variable but the slots."""

    def read(self, name: str) -> NDArray[np.float32]:
        """The value of the variable with this full name, widened to float32."""
        import numpy as np

        try:
            values = self._reader.get_tensor(self._key_of[name])
        except self._failures as reason:
            raise self._damaged(reason) from reason
        # bfloat16 is no floating type to numpy, but has a name and converts.
        if values.dtype.kind != "f" and values.dtype.name != "bfloat16":
            raise FolderError(f"{name} must be of a floating type; received {values.dtype}")
        widened: NDArray[np.float32] = values.astype(np.float32, copy=False)
        check_finite(widened, name)
        return widened

    def _full_names(self) -> tuple[dict[str, str], dict[str, str]]:
        """Full name -> key in the table: of the variables, and of the optimizer's slots."""
        try:
            graph = object_graph(self._reader.get_tensor(_GRAPH), self.prefix)
        except self._failures as reason:
            raise self._damaged(reason) from reason
        slots = {slot.slot_variable_node_id for node in graph.nodes for slot in node.slot_variables}
        names: tuple[dict[str, str], dict[str, str]] = ({}, {})
        for index, node in enumerate(graph.nodes):
            for attribute in node.attributes:
                if attribute.name == _VALUE:
                    self._add(names[index in slots], attribute)
        return names

    def _add(self, names: dict[str, str], attribute: Any) -> None:
        # Without a full name the path through the objects is all there is; it will be named as unknown.
        name = attribute.full_name or attribute.checkpoint_key
        if names.setdefault(name, attribute.checkpoint_key) != attribute.checkpoint_key:
            raise FolderError(f"a checkpoint must hold each variable once; received two named {name!r}")

    def _damaged(self, reason: Exception) -> FolderError:
        # TensorFlow's messages run over many lines.
        summary = textwrap.shorten(str(reason), 200)
        return FolderError(f"a TensorFlow checkpoint must be whole; received {str(self.prefix)!r} ({summary})")


def write_variables(prefix: Path, tensors: dict[str, NDArray[Any]]) -> None:
    """Write `prefix`.index and .data-00000-of-00001, a checkpoint of TensorFlow 1's format (version 2 of its files)."""
    from albert_edge.model.keras import tf

    names = sorted(tensors)
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.constant(tensors[name]) for name in names],
    )

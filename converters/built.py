"""What a build is asked for and what it gives, as values: no TensorFlow is needed to write or read them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Mapping, Optional

from albert_edge.artifact.exits import Exit
from albert_edge.files import PathLike
from albert_edge.model.folder import Checkpoint
from converters.activations import check_without_texts
from converters.layout import Layout
from converters.schemes import Plan
from converters.targets import Target

if TYPE_CHECKING:
    from albert_edge.text.tables import Columns


@dataclasses.dataclass(frozen=True)
class BuildRequest:
    """What is to be built; raises `ConfigError` for activations in integers that nothing tells the ranges of."""

    checkpoints: tuple[Checkpoint, ...]
    """One a head; the first one's encoder and tokenizer are all heads'."""
    layout: Layout
    plans: tuple[Plan, ...]
    targets: tuple[Target, ...]
    calibrate: Optional[PathLike] = None
    """A data file of the first head's task; None: random ids."""
    columns: Optional[Columns] = None
    """Of `calibrate`."""
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Further settings, as JSON has them: `exit`, `card` and `licence` (of the metadata), those of
    `converters.activations.DEFAULTS`, and `sums_apart`, with which every scheme's products take the activation points
    themselves (`Network`), for looking at them."""

    def __post_init__(self) -> None:
        if self.calibrate is None and any(plan.activations for plan in self.plans):
            check_without_texts(self.checkpoints[0].config.settings.activation_ranges, self.options)

    @property
    def early_exit(self) -> Optional[Exit]:
        """How the loop may stop early."""
        values = self.options.get("exit")
        return None if values is None else Exit.from_dict(values)


@dataclasses.dataclass(frozen=True)
class Built:
    """A flatbuffer with its metadata, and what the manifest and the report say of it."""

    model: bytes
    layout: Layout
    """The wanted one, or the one that the activations' ranges needed."""
    quantized_outputs: Mapping[str, Mapping[str, Any]]
    facts: Mapping[str, Any]
    """For the report, as JSON has it."""

"""Quantization schemes as plans: what each part of the network is stored and computed in, how far it may be off.

A `Scheme` is a row of the table, a `Plan` what one conversion does: the scheme with the parts that the user changed.
Its tolerance is the widest of what it stores and computes in, so that a mixed plan is judged by its roughest part.
"""

from __future__ import annotations

import dataclasses
from typing import Mapping, Optional, Sequence

from albert_edge.errors import ConfigError
from converters.parts import PARTS, PRECISIONS, checked_parts
from converters.targets import Target


@dataclasses.dataclass(frozen=True)
class Tolerance:
    """How far answers may be from the float model's. An error passes that is within either bound."""

    relative: float
    """Largest root-mean-square of an output's error, as a share of the root-mean-square of the float output's own
    deviations from its mean: 0 for equal answers, 1 for answers that are unrelated. One for all outputs: an embedding
    of length 1 has smaller errors than a logit, and deviations as much smaller."""
    absolute: float
    """An error below this passes whatever the output's spread is: an untrained head has next to none."""


TOLERANCES = {
    # Sums in another order.
    "float32": Tolerance(1e-3, 1e-4),
    # Eleven bits, over all layers.
    "float16": Tolerance(0.02, 1e-3),
    # Random ids on random weights are the hardest case; text on trained weights stays below a tenth of it.
    "int8": Tolerance(0.25, 0.02),
    # A step is 18 times as wide. Unrelated answers are at 1.4, and a wrong weight is well past this.
    "int4": Tolerance(0.7, 0.1),
}
"""Of weights, by precision."""

ACTIVATION_TOLERANCES = {
    # Every product's inputs and outputs are rounded too, with ranges from texts of another kind than the check's.
    "int8": Tolerance(0.5, 0.06),
    # The weights' own error, and next to nothing beside it.
    "int16": Tolerance(0.25, 0.02),
}


@dataclasses.dataclass(frozen=True)
class Scheme:
    """A way to store and compute the weights."""

    name: str
    parts: Optional[Mapping[str, str]]
    """Part -> precision; None: the user says it."""
    activations: Optional[str]
    """`int8` or `int16`, calibrated before; None: float32, rounded inside a product as it comes."""
    note: str


def _all_parts(precision: str, **others: str) -> dict[str, str]:
    return {**dict.fromkeys(PARTS, precision), **others}


SCHEMES = {
    scheme.name: scheme
    for scheme in (
        Scheme("float32", _all_parts("float32"), None, "the model as it is"),
        Scheme("float16", _all_parts("float16"), None, "half the bytes; widened when loaded"),
        Scheme("dynamic-range", _all_parts("int8"), None, "a quarter of the bytes, and the fast one on a CPU"),
        Scheme("int8", _all_parts("int8"), "int8", "integer products, for accelerators that take nothing else"),
        Scheme("int16x8", _all_parts("int8"), "int16", "int8 weights, activations of 16 bits: closest to float32"),
        Scheme("int4", _all_parts("int4", embedding="int8"), None, "the smallest: needs ai-edge-litert"),
        Scheme("mixed", None, None, "what --part and --parts say of each part; the others float32"),
    )
}

BY_TENSORFLOW = ("float32", "float16", "dynamic-range")
"""Schemes whose unchanged plan TensorFlow's own converter makes, for any target."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What one conversion stores and computes in."""

    scheme: str
    parts: Mapping[str, str]
    """Every part -> precision."""
    activations: Optional[str] = None

    @property
    def tolerance(self) -> Tolerance:
        """The widest of what it stores and computes in."""
        kinds = [TOLERANCES[precision] for precision in self.parts.values()]
        if self.activations:
            kinds.append(ACTIVATION_TOLERANCES[self.activations])
        return Tolerance(max(kind.relative for kind in kinds), max(kind.absolute for kind in kinds))

    @property
    def is_tensorflows(self) -> bool:
        """Whether TensorFlow's converter makes it alone."""
        return self.scheme in BY_TENSORFLOW and self.parts == SCHEMES[self.scheme].parts

    def check_targets(self, targets: Sequence[Target]) -> None:
        """Raise `ConfigError` for a target that would answer wrongly, or not load the file, whatever is tried."""
        if self.is_tensorflows or self.activations is not None:
            return  # one scale a matrix for those that need it
        products = {precision for part, precision in self.parts.items() if part != "embedding"}
        roughest = max(products, key=PRECISIONS.index)
        if roughest not in ("int8", "int4") and self.parts["embedding"] != "int4":
            return
        for target in targets:
            if not target.per_channel:
                raise ConfigError(
                    f"a target of {self.described} must compute with one scale a row of a matrix, as litert does; "
                    f"received {target.label}"
                )

    @property
    def described(self) -> str:
        """The scheme, and the parts in which it differs from it."""
        usual = SCHEMES[self.scheme].parts or _all_parts("float32")
        changed = [f"{part}={precision}" for part, precision in self.parts.items() if usual[part] != precision]
        return f"{self.scheme} with {', '.join(changed)}" if changed else self.scheme


def scheme_named(name: str) -> Scheme:
    """The scheme of that name; raises `ConfigError` listing the names."""
    if name not in SCHEMES:
        raise ConfigError(f"the scheme must be one of {', '.join(SCHEMES)}; received {name!r}")
    return SCHEMES[name]


def plan_of(scheme: str, parts: Optional[Mapping[str, str]] = None) -> Plan:
    """The plan of a scheme's name, with the precisions that `parts` gives for single parts.

    Raises `ConfigError` for an unknown scheme, part or precision, for `mixed` without parts, and for parts of a scheme
    whose activations are calibrated: its products take int8 only.
    """
    known, changes = scheme_named(scheme), checked_parts(parts or {})
    if known.parts is None and not changes:
        raise ConfigError(f"the scheme {scheme} needs parts with their precisions (--part, --parts); received none")
    if known.activations and changes:
        raise ConfigError(
            f"parts belong to a scheme that stores weights only; received {', '.join(changes)} for {scheme}"
        )
    return Plan(scheme, {**(known.parts or _all_parts("float32")), **changes}, known.activations)

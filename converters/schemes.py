"""Quantization schemes: what each stores and computes in, and how far its answers may be from the float model's."""

from __future__ import annotations

import dataclasses

from albert_edge.errors import ConfigError


@dataclasses.dataclass(frozen=True)
class Scheme:
    """A way to store and compute the weights."""

    name: str
    weights: str
    """Type of the stored matrices and of the embedding table."""
    activations: str
    relative_tolerance: float
    """Largest root-mean-square of an output's error, as a share of the root-mean-square of the float output's own
    deviations from its mean: 0 for equal answers, 1 for answers that are unrelated. One for all outputs: an embedding
    of length 1 has smaller errors than a logit, and deviations as much smaller."""
    absolute_tolerance: float
    """An error below this passes whatever the output's spread is: an untrained head has next to none."""
    note: str


SCHEMES = {
    scheme.name: scheme
    for scheme in (
        Scheme(
            name="float32",
            weights="float32",
            activations="float32",
            relative_tolerance=1e-3,
            absolute_tolerance=1e-4,
            note="the model as it is",
        ),
        Scheme(
            name="float16",
            weights="float16",
            activations="float32",
            relative_tolerance=0.02,
            absolute_tolerance=1e-3,
            note="half the bytes; widened when loaded",
        ),
        Scheme(
            name="dynamic-range",
            weights="int8",
            activations="float32, int8 inside the matrix products",
            relative_tolerance=0.25,
            absolute_tolerance=0.02,
            note="a quarter of the bytes, and the fast one on a CPU",
        ),
    )
}


def scheme_named(name: str) -> Scheme:
    """The scheme of that name; raises `ConfigError` listing the names."""
    if name not in SCHEMES:
        raise ConfigError(f"the scheme must be one of {', '.join(SCHEMES)}; received {name!r}")
    return SCHEMES[name]

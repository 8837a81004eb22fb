"""What a model computes in: float32, or bfloat16 with float32 weights (Micikevicius et al. 2017, sections 3.1 and 3.3).

In bfloat16 the matrix products, the activation functions and what goes from layer to layer have 8 bits of mantissa;
weights, LayerNorm, softmax and the head's logits stay float32. bfloat16 has float32's exponents: no loss scaling.
"""

from __future__ import annotations

import contextlib
from typing import Iterator

from albert_edge.model.keras import keras

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


@contextlib.contextmanager
def computed_in(precision: str) -> Iterator[None]:
    """Models that are built inside compute in `precision`, `float32` or `bfloat16`, for good."""
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(_POLICIES[precision])
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)

"""What a manifest says about numbers of fewer bits: each part's weights, the activations, and integer outputs.

The names are those that a conversion takes and that its reports show. How a matrix is rounded is the converters'
matter; a reader needs the numbers of integer outputs only, which it turns back into float32. Follows TFLite's affine
quantization: value = scale * (stored - zero_point).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Mapping, Optional

from albert_edge.errors import ArtifactError
from albert_edge.rules import is_number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PARTS = (
    "embedding",
    "projection",
    "query",
    "key",
    "value",
    "attention_output",
    "ffn_in",
    "ffn_out",
    "pooler",
    "head",
)
"""The model's matrices by what they do. Position and segment tables and LayerNorm belong to none: they stay float32."""

PRECISIONS = ("float32", "float16", "int8", "int4")
"""What a part's weights are stored in."""

ACTIVATIONS = ("int8", "int16")
"""What the products of a full-integer file are computed in."""

_LIMITS = {"int8": (-128, 127), "int16": (-32768, 32767)}


@dataclasses.dataclass(frozen=True)
class QuantizedOutput:
    """An output that the graph gives in integers; raises `ArtifactError` if it can't be one."""

    dtype: str
    """`int8` or `int16`."""
    scale: float
    zero_point: int

    def __post_init__(self) -> None:
        if self.dtype not in _LIMITS:
            raise ArtifactError(f"a quantized output must be {' or '.join(_LIMITS)}; received {self.dtype!r}")
        if not (is_number(self.scale) and self.scale > 0):
            raise ArtifactError(f"the scale of a quantized output must be a number above 0; received {self.scale!r}")
        lowest, highest = _LIMITS[self.dtype]
        whole = isinstance(self.zero_point, int) and not isinstance(self.zero_point, bool)
        if not (whole and lowest <= self.zero_point <= highest):
            raise ArtifactError(
                f"the zero_point of an {self.dtype} output must be a whole number from {lowest} to {highest}; "
                f"received {self.zero_point!r}"
            )

    @classmethod
    def from_dict(cls, values: object) -> QuantizedOutput:
        """From `to_dict`'s keys; raises `ArtifactError`."""
        if not isinstance(values, Mapping) or set(values) != {"dtype", "scale", "zero_point"}:
            shown = sorted(values) if isinstance(values, Mapping) else values
            raise ArtifactError(f"a quantized output must have the keys dtype, scale, zero_point; received {shown}")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Keys `dtype, scale, zero_point`."""
        return dataclasses.asdict(self)

    def dequantized(self, stored: NDArray[Any]) -> NDArray[np.float32]:
        """The float32 values of an array of the graph's integers, of the same shape."""
        import numpy as np

        values: NDArray[np.float32] = (stored.astype(np.float32) - np.float32(self.zero_point)) * np.float32(self.scale)
        return values


def check_parts(parts: Mapping[str, Any], activations: Optional[str]) -> None:
    """Raise `ArtifactError` unless `parts` gives one of `PARTS` one of `PRECISIONS`, and `activations` is known."""
    for part, precision in parts.items():
        if part not in PARTS:
            raise ArtifactError(f"a part must be one of {', '.join(PARTS)}; received {part!r}")
        if precision not in PRECISIONS:
            raise ArtifactError(
                f"the precision of {part} must be one of {', '.join(PRECISIONS)}; received {precision!r}"
            )
    if activations is not None and activations not in ACTIVATIONS:
        raise ArtifactError(f"activations must be null or one of {', '.join(ACTIVATIONS)}; received {activations!r}")

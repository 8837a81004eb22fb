"""What `flatbuffer.read_model` finds in a `.tflite`, as values: subgraphs, tensors, operators, signatures."""

from __future__ import annotations

import dataclasses
from typing import Mapping, Optional


@dataclasses.dataclass(frozen=True)
class QuantizationFacts:
    """How many parameters a quantized tensor has, and the first of them."""

    scales: int
    """1 for the whole tensor, or one for each index of `dimension`."""
    zero_points: int
    dimension: int
    scale: float = 0.0
    """The first, as float32; 0 if there is none."""
    zero_point: int = 0
    """The first; 0 if there is none."""


@dataclasses.dataclass(frozen=True)
class TensorFacts:
    """One tensor of a subgraph."""

    name: str
    dtype: str
    """As in numpy, and `string`, `resource`, `variant`, `int4`, ... where numpy has none."""
    shape: tuple[int, ...]
    """-1 where the size is known only when the graph runs."""
    buffer: int
    """Index of the buffer with its value; an empty one if the graph computes it."""
    quantization: Optional[QuantizationFacts]
    is_variable: bool
    is_sparse: bool


@dataclasses.dataclass(frozen=True)
class OperatorFacts:
    """One operator of a subgraph. Tensors are named by their index in the subgraph, -1 for an input left out."""

    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    calls: tuple[int, ...]
    """Subgraphs that it runs: WHILE its condition and its body, IF its two branches."""


@dataclasses.dataclass(frozen=True)
class SubgraphFacts:
    """One graph of the model; the first is the one that runs."""

    name: str
    tensors: tuple[TensorFacts, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[OperatorFacts, ...]


@dataclasses.dataclass(frozen=True)
class SignatureFacts:
    """A named way to call a subgraph: argument name -> tensor."""

    name: str
    subgraph: int
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]


@dataclasses.dataclass(frozen=True)
class ModelFacts:
    """The whole file."""

    version: int
    description: str
    subgraphs: tuple[SubgraphFacts, ...]
    buffers: tuple[tuple[int, int], ...]
    """Position in the file and size in bytes of each; equal spans are one stored value."""
    signatures: tuple[SignatureFacts, ...]
    metadata: Mapping[str, int]
    """Name -> buffer."""

    def is_constant(self, tensor: TensorFacts) -> bool:
        """Whether `tensor` has a stored value."""
        return self.buffers[tensor.buffer][1] > 0

"""`Session`: a model that is ready to run, and the checks of what goes into it.

An interpreter trusts its inputs: a row number beyond a table reads foreign memory or ends the process. So names, types,
shapes and values are checked here, before any native code.
"""

from __future__ import annotations

import dataclasses
import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import TYPE_CHECKING, Any, Mapping, Optional

from albert_edge.artifact import Manifest
from albert_edge.artifact.checks import input_dtype, input_shapes
from albert_edge.errors import DataError, RuntimeUnavailableError
from albert_edge.tasks import EXIT_THRESHOLD, MASKED_POSITIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

Arrays = Mapping[str, "NDArray[Any]"]

_LARGEST_FLOAT32 = 3.4028234663852886e38


@dataclasses.dataclass(frozen=True)
class InputSpec:
    """What one input may be."""

    dtype: str
    """As in numpy."""
    shape: tuple[int, ...]
    """-1: any of `sizes`."""
    sizes: tuple[int, int] = (1, 2**31 - 1)
    """Smallest and largest size where `shape` says -1."""
    values: Optional[tuple[float, float]] = None
    """Smallest and largest value; with these a number that isn't finite is none."""

    def check(self, name: str, array: NDArray[Any]) -> None:
        """Raise `DataError` unless `array` is such an input."""
        if array.dtype.name != self.dtype or array.ndim != len(self.shape):
            raise DataError(
                f"{name} must be {self.dtype} of shape {list(self.shape)}; "
                f"received {array.dtype.name} of shape {list(array.shape)}"
            )
        for size, expected in zip(array.shape, self.shape):
            lowest, highest = self.sizes if expected == -1 else (expected, expected)
            if not lowest <= size <= highest:
                raise DataError(f"a size of {name} must be from {lowest} to {highest}; received {list(array.shape)}")
        if self.values and not self.values[0] <= array.min() <= array.max() <= self.values[1]:
            raise DataError(
                f"{name} must hold values from {self.values[0]} to {self.values[1]}; "
                f"received {array.min()} to {array.max()}"
            )


def input_specs(manifest: Manifest) -> dict[str, InputSpec]:
    """What the inputs of an artifact may be: ids within its tables, lengths within its limits, up to a mask a token."""
    config, lengths = manifest.model_config, (manifest.lengths.minimum, manifest.lengths.maximum)
    sizes = {MASKED_POSITIONS: (1, manifest.lengths.maximum)}
    values: dict[str, tuple[float, float]] = {
        "input_ids": (0, config.vocab_size - 1),
        "token_type_ids": (0, config.type_vocab_size - 1),
        "attention_mask": (0, 1),
        MASKED_POSITIONS: (0, manifest.lengths.maximum - 1),
        EXIT_THRESHOLD: (0, _LARGEST_FLOAT32),
    }
    return {
        name: InputSpec(input_dtype(name), shape, sizes.get(name, lengths), values.get(name))
        for name, shape in input_shapes(manifest).items()
    }


class Session(ABC):
    """A loaded model. Threads may share it: runs happen one after another."""

    def __init__(self, inputs: Mapping[str, InputSpec]) -> None:
        self.inputs = inputs
        self._lock = threading.Lock()
        self._is_open = True

    @property
    @abstractmethod
    def runtime(self) -> str:
        """Package and version of the interpreter: `ai-edge-litert 2.3.0`."""

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        """Run the model on `inputs`, name -> array, and return its outputs.

        Raises `DataError` if an input isn't what `self.inputs` says, `RuntimeUnavailableError` if the interpreter fails
        or the session is closed, `ArtifactError` if the model's file was written to since it was loaded.
        """
        self._check(inputs)
        with self._lock:
            if not self._is_open:
                raise RuntimeUnavailableError("a session must be open to run; received a closed one")
            return self._invoke(inputs)

    def close(self) -> None:
        """Free the model's memory; closing twice is no error."""
        with self._lock:
            if self._is_open:
                self._is_open = False
                self._release()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self.close()

    def _check(self, inputs: Arrays) -> None:
        if set(inputs) != set(self.inputs):
            raise DataError(f"the inputs must be {sorted(self.inputs)}; received {sorted(inputs)}")
        for name, spec in self.inputs.items():
            spec.check(name, inputs[name])
        open_inputs = [name for name, spec in self.inputs.items() if -1 in spec.shape and name != MASKED_POSITIONS]
        lengths = {inputs[name].shape for name in open_inputs}
        if len(lengths) > 1:
            raise DataError(f"inputs of any length must have one length; received {sorted(lengths)}")
        if MASKED_POSITIONS in inputs and "input_ids" in inputs:
            _check_positions(inputs[MASKED_POSITIONS], inputs["input_ids"].shape[-1])

    @abstractmethod
    def _invoke(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        """Run on checked inputs; called by one thread at a time."""

    @abstractmethod
    def _release(self) -> None:
        """Give back what the session holds; called once."""


def _check_positions(positions: NDArray[Any], tokens: int) -> None:
    """Each must be one of the request's own tokens, and there can't be more of them."""
    if positions.size > tokens or not 0 <= positions.min() <= positions.max() < tokens:
        raise DataError(
            f"{MASKED_POSITIONS} must be up to {tokens} positions from 0 to {tokens - 1}, as there are tokens; "
            f"received {positions.size} from {positions.min()} to {positions.max()}"
        )

"""`Pipeline`: the two halves of a task around the network, shared by the device, Keras and the training.

    request -> inputs (one, or a window each of a long text) -> [the network] -> outputs -> prediction

A pipeline knows a model's configuration and tokenizer and nothing of what runs the network. So a score of the Keras
model and one of its `.tflite` differ by the network alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, Mapping, Sequence, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.config import AlbertConfig
    from albert_edge.text.packing import Packed
    from albert_edge.text.tokenizer import Tokenizer

Outputs = Mapping[str, "NDArray[np.float32]"]
"""Output's name in `tasks.Task.outputs` -> float32 array without the axis of texts and without rows of padding."""

Request = TypeVar("Request")
Prediction = TypeVar("Prediction")


class Pipeline(ABC, Generic[Request, Prediction]):
    """A task on one model. Immutable, so that threads can share it."""

    task: str
    """One of `tasks.TASK_NAMES`."""

    def __init__(self, config: AlbertConfig, tokenizer: Tokenizer, longest: int) -> None:
        self.config = config
        self.tokenizer = tokenizer
        self.settings = config.settings
        self.longest = min(longest, self.settings.max_length or longest)
        """Tokens of the longest input, special pieces included."""

    @abstractmethod
    def inputs(self, request: Request) -> list[Packed]:
        """What the network is to run for `request`; raises `DataError` if it has nothing to run on."""

    @abstractmethod
    def decode(self, request: Request, inputs: Sequence[Packed], outputs: Sequence[Outputs]) -> Prediction:
        """The answer to `request` from the `outputs`, one for each of `inputs`; raises `CheckFailedError` on NaN."""

    def to_dict(self, prediction: Any) -> dict[str, Any]:
        """A prediction as JSON values."""
        values: dict[str, Any] = prediction.to_dict()
        return values

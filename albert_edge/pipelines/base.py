"""`Pipeline`: the two halves of a task around the network, shared by the device, Keras and the training.

    request -> inputs (one, or a window each of a long text) -> [the network] -> outputs -> prediction

A pipeline knows a model's configuration and tokenizer and nothing of what runs the network. So a score of the Keras
model and one of its `.tflite` differ by the network alone.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, Mapping, Optional, Sequence, TypeVar

from albert_edge.errors import CheckFailedError, ConfigError, DataError
from albert_edge.tasks import DEPTH_USED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.config import AlbertConfig
    from albert_edge.text.packing import Packed
    from albert_edge.text.tokenizer import Encoding, Tokenizer

Outputs = Mapping[str, "NDArray[np.float32]"]
"""Output's name in `tasks.Task.outputs` -> float32 array without the axis of texts and without rows of padding; of a
graph that may stop early `depth_used` too, float32 [1]."""


@dataclasses.dataclass(frozen=True)
class TextRequest:
    """A text, or a pair of texts."""

    text: str
    text_pair: Optional[str] = None


@dataclasses.dataclass(frozen=True)
class TagRequest:
    """A text whose entities are wanted."""

    text: str
    words: Optional[tuple[tuple[int, int], ...]] = None
    """Characters [start, end) of each word, in order and apart; None: those that `text.words` finds."""


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


def encode(tokenizer: Tokenizer, text: str) -> Encoding:
    """The pieces of a request's text; raises `DataError` if it is no string or has no piece."""
    if not isinstance(text, str):
        raise DataError(f"a text must be a string; received {text!r}")
    encoding = tokenizer.encode(text)
    if not encoding.ids:
        raise DataError(f"a text must have a piece left after clean-up; received {text!r}")
    return encoding


def pair_room(longest: int) -> int:
    """Pieces that an input of `longest` tokens holds of two texts; `ConfigError` if it hasn't one for each."""
    if longest < 5:
        raise ConfigError(f"an input must have room for a piece of each text beside 3 special ones; received {longest}")
    return longest - 3


def output(outputs: Outputs, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """One output of the network in float64, of that `shape`.

    Raises `ConfigError` if it is missing or of another shape, `CheckFailedError` if a number in it is not finite.
    """
    import numpy as np

    if name not in outputs:
        raise ConfigError(f"the outputs must have {name!r}; received {', '.join(outputs) or 'none'}")
    values: NDArray[np.float64] = np.asarray(outputs[name], np.float64)
    if values.shape != shape:
        raise ConfigError(f"{name} must have the shape {list(shape)}; received {list(values.shape)}")
    if not np.isfinite(values).all():
        count = int((~np.isfinite(values)).sum())
        raise CheckFailedError(f"a model's {name} must be finite; received {count} of {values.size} that aren't")
    return values


def pooled(inputs: Sequence[Packed], outputs: Sequence[Outputs], name: str, width: int) -> NDArray[np.float64]:
    """The output `name` of every input, float64 [inputs, width]; raises as `output` does, also if an input has none."""
    import numpy as np

    if len(outputs) != len(inputs):
        raise ConfigError(f"every input must have outputs; received {len(outputs)} for {len(inputs)} inputs")
    return np.stack([output(each, name, (width,)) for each in outputs])


def depth_used(outputs: Sequence[Outputs]) -> Optional[int]:
    """Layers applied to the input of `outputs` that took the most; None where the graph has no exit."""
    depths = [int(each[DEPTH_USED][0]) for each in outputs if DEPTH_USED in each]
    return max(depths, default=None)

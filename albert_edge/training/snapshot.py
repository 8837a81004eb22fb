"""A stopped training on disk: all that it needs to go on, in one file, `out.partial`, that is replaced as a whole.

The file is a safetensors file. Its tensors are the weights, the optimizer's slots, the state of the random generator,
the best epoch's weights, and the vocabulary's bytes; its metadata say what was asked for and where the training is.
It lies beside the output and goes when the output is written.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional

import numpy as np

from albert_edge.errors import AlbertEdgeError, ConfigError
from albert_edge.files import atomic_write, reported_as
from albert_edge.model.packages import host_package
from albert_edge.rules import is_count

if TYPE_CHECKING:
    from numpy.typing import NDArray

_VOCABULARY = "vocabulary"
_SHOWN_CHARACTERS = 40


@dataclasses.dataclass
class Position:
    """How far a training is: everything that changes and isn't a tensor."""

    step: int = 0
    """Updates made."""
    loss_sum: float = 0.0
    """Of the updates made in the running epoch."""
    seconds: float = 0.0
    """Of all sessions, from the first step on."""
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    """A record an epoch that was finished and scored."""
    best_epoch: Optional[int] = None
    """Index into `history`."""
    best_scores: dict[str, Any] = dataclasses.field(default_factory=dict)
    """All that was found out about the best epoch on the development set."""


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """The contents of the file."""

    request: Mapping[str, Any]
    """Everything that was asked for and could change the weights, as plain JSON values."""
    vocabulary: bytes
    """The vocabulary file."""
    position: Any
    """A `Position`, or another kind of training's own."""
    tensors: Mapping[str, NDArray[Any]]
    """As the training named them."""


def partial_path(out: Path) -> Path:
    """Where the training that will write `out` keeps its snapshot."""
    resolved = out.resolve()
    return resolved.with_name(f"{resolved.name}.partial")


def check_interval(steps: int) -> None:
    """Raises `ConfigError` unless `steps`, from one snapshot to the next, is a positive integer."""
    if not is_count(steps):
        raise ConfigError(f"checkpoint_every must be a positive integer; received {steps!r}")


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Replace the file `path`."""
    # safetensors takes the memory as it lies; ascontiguousarray would turn a scalar into a vector.
    tensors = {name: np.asarray(values, order="C") for name, values in snapshot.tensors.items()}
    tensors[_VOCABULARY] = np.frombuffer(snapshot.vocabulary, np.uint8)
    metadata = {
        "request": json.dumps(snapshot.request),
        "position": json.dumps(dataclasses.asdict(snapshot.position)),
    }
    with reported_as(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, host_package("safetensors.numpy").save(tensors, metadata=metadata))


def read_snapshot(path: Path, position_type: Callable[..., Any] = Position) -> Optional[Snapshot]:
    """The snapshot at `path`, None without one; raises `AlbertEdgeError` on a file that isn't a whole one, with a
    position of the training's own `position_type`."""
    if not path.exists():
        return None
    safetensors = host_package("safetensors")
    try:
        with safetensors.safe_open(str(path), "numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata()
        request, position = json.loads(metadata["request"]), position_type(**json.loads(metadata["position"]))
        vocabulary = tensors.pop(_VOCABULARY).tobytes()
    except (OSError, safetensors.SafetensorError, KeyError, TypeError, ValueError) as reason:
        raise AlbertEdgeError(
            f"a stopped training must be whole to go on (--restart starts over); received {str(path)!r} ({reason})"
        ) from reason
    return Snapshot(request, vocabulary, position, tensors)


def check_same_request(path: Path, stored: Mapping[str, Any], request: Mapping[str, Any]) -> None:
    """Raises `AlbertEdgeError` naming each thing in which `request` differs from that of the stopped run at `path`."""
    names = [name for name in {**stored, **request} if stored.get(name) != request.get(name)]
    if names:
        pairs = [(name, request.get(name), stored.get(name)) for name in names]
        changes = ", ".join(f"{name} {_shown(new, old)} for {_shown(old, new)}" for name, new, old in pairs)
        raise AlbertEdgeError(
            f"the stopped run in {str(path)!r} must go on with the arguments that it started with "
            f"(--restart starts over); received {changes}"
        )


def _shown(value: Any, other: Any) -> str:
    """`value` as JSON; of a list or an object what `other` hasn't: of a hundred files the changed ones."""
    if isinstance(value, list) and isinstance(other, list):
        value = [each for each in value if each not in other] or value
    elif isinstance(value, Mapping) and isinstance(other, Mapping):
        value = {name: each for name, each in value.items() if name not in other or each != other[name]} or value
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."

"""Runs a model on a device, in few starts: one takes seconds, on an emulated board ten.

The work is a function of a session, which asks for one run after another. It is rehearsed on this machine's runtime,
which answers nearly alike, and its runs are noted; the device does all of them in one start (`runtime.recorded`); then
the work is done again with the device's answers. Where these lead it to another run, that one is noted too, until each
answer that it got is the device's own.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence, TypeVar

from albert_edge.errors import AlbertEdgeError, ArtifactError, DeviceError
from albert_edge.harness.devices.base import Device
from albert_edge.harness.devices.registry import open_device
from albert_edge.runtime import open_isolated
from albert_edge.runtime.recorded import read_answers, write_runs
from albert_edge.runtime.session import Arrays, Session
from converters.targets.families import Target

if TYPE_CHECKING:
    from numpy.typing import NDArray

Answer = TypeVar("Answer")
Key = tuple[tuple[str, str, tuple[int, ...], bytes], ...]

TIMEOUT_S = 1800.0
"""Of one start with all its runs: an emulated board takes about 9 ns a multiplication."""


def ready_board(target: Target) -> None:
    """Raise `DeviceError` unless the device of `target` can be reached and has a runtime."""
    _device(target).check()


def on_board(target: Target, path: Path, work: Callable[[Session], Answer]) -> Answer:
    """What `work` returns, given the device's answers for the flatbuffer at `path`; as `running.on_target`."""
    device = _device(target)
    known: dict[Key, dict[str, NDArray[Any]]] = {}
    with open_isolated(path) as host:
        while True:
            rehearsal = Rehearsal(host, known)
            result: Optional[Answer] = None
            failed: Optional[AlbertEdgeError] = None
            try:
                result = work(rehearsal)
            except AlbertEdgeError as error:
                failed = error
            if not rehearsal.missing:
                break
            # Whatever came out of this round, some of it wasn't the device's.
            runs = list(rehearsal.missing.values())
            known.update(zip(rehearsal.missing, _answers(device, target, path, runs)))
    if failed is not None:
        raise failed
    return result  # type: ignore[return-value]


class Rehearsal(Session):
    """A session that gives known answers, and `host`'s where it has none; those runs it notes."""

    def __init__(self, host: Session, known: dict[Key, dict[str, NDArray[Any]]]) -> None:
        self._host = host
        self._known = known
        self.missing: dict[Key, Arrays] = {}
        super().__init__(host.inputs)

    @property
    def runtime(self) -> str:
        """Package and version of the host's."""
        return self._host.runtime

    def _invoke(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        key = tuple((name, each.dtype.str, each.shape, each.tobytes()) for name, each in sorted(inputs.items()))
        if key in self._known:
            return self._known[key]
        self.missing[key] = dict(inputs)
        return self._host.run(inputs)

    def _release(self) -> None:
        """The host is its owner's."""


def _answers(device: Device, target: Target, path: Path, runs: Sequence[Arrays]) -> list[dict[str, NDArray[Any]]]:
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder) / "runs", Path(folder) / "answers"
        write_runs(asked, runs)
        try:
            device.run_module(
                "albert_edge.runtime.recorded",
                ["{model}", "{runs}", "{answers}", target.runtime],
                {"model": path, "runs": asked},
                {"answers": answered},
                TIMEOUT_S,
            )
        except DeviceError as error:
            # A device that is well shows that it was the file.
            device.check()
            raise ArtifactError(str(error)) from error
        runtime, answers = read_answers(answered, len(runs))
    target.check_runtime(runtime)
    return answers


def _device(target: Target) -> Device:
    assert target.device is not None
    return open_device(target.device)

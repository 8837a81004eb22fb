"""Runs a model on a target, wherever that is: in this environment, in one of its own, or on a device.

What is to be run is a function of a session, so that it may look at an answer before it asks again; on a device, where
each start is dear, `boards` collects its runs. Always in another process: a crash there is a message here.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Callable, Optional, Sequence, TypeVar

from albert_edge.artifact.tables import Data
from albert_edge.runtime import open_isolated
from albert_edge.runtime.isolated import TIMEOUT_S
from albert_edge.runtime.session import Session
from converters.targets.boards import on_board, ready_board
from converters.targets.environments import environment_python, ready_environment
from converters.targets.families import Target

Answer = TypeVar("Answer")

_APART_TIMEOUT_S = 300.0
"""All of TensorFlow is imported there."""


def prepare(targets: Sequence[Target]) -> None:
    """Make sure of each target's place before hours of work: install what is missing or damaged, ask the devices.

    Raises `RuntimeUnavailableError` or `DeviceError`, in one line.
    """
    for target in targets:
        if target.device is not None:
            ready_board(target)
        elif target.apart:
            ready_environment(target)


def python_of(target: Target) -> Optional[Path]:
    """The Python of the environment that `target` runs in, made now if it isn't there; None: this process's."""
    return environment_python(target) if target.apart else None


def on_target(target: Optional[Target], model: Data, work: Callable[[Session], Answer]) -> Answer:
    """What `work` returns, given a session on `target` (None: of the installed runtime) with the flatbuffer `model`.

    `work` may be called several times and must do the same each time. Raises `ArtifactError` if the runtime refuses the
    model or crashes, `CheckFailedError` if it isn't the one that was promised, and what `prepare` raises.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(model)
        if target is not None and target.device is not None:
            return on_board(target, path, work)
        python = None if target is None else python_of(target)
        timeout_s = TIMEOUT_S if python is None else _APART_TIMEOUT_S
        runtime = None if target is None else target.runtime
        with open_isolated(path, runtime=runtime, timeout_s=timeout_s, python=python) as session:
            if target is not None:
                target.check_runtime(session.runtime)
            return work(session)

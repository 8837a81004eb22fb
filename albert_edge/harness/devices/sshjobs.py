"""What is done on a device over an open connection: the base wheel installed, files put there, a job run to its end.

Every function here may be broken off at any point and called again with the same arguments over a new connection:
files lie there under their hash, and a job that was started is found by its name. `supervise` is the other half.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import json
import time
from typing import Any, Mapping, NamedTuple, Optional, Sequence

from albert_edge.errors import DeviceError
from albert_edge.harness.devices.base import failure
from albert_edge.harness.devices.installing import MARKER, marker
from albert_edge.harness.devices.running import HALT
from albert_edge.harness.devices.sshlink import Link, LostError
from albert_edge.harness.devices.wheel import Wheel

INSTALL_S = 1800.0
POLL_S = (0.1, 2.0)
"""Between two looks at a job, growing from the first to the second: looking costs the device a little time."""

SILENCE_S = 30.0
"""After so long without its pulse, the device's half of a job is gone: killed, or the device was started anew."""

END_S = 10.0
"""How long a job that is told to end may take for it; its supervisor gives it three seconds."""


@dataclasses.dataclass(frozen=True)
class Setup:
    """What a device gets, and what this conversation with it is called there."""

    name: str
    folder: str
    python: str
    """The device's own, by name or path."""
    requirements: tuple[str, ...]
    system_packages: bool
    """Whether the environment sees the system's packages: a 32-bit Arm has numpy from Debian alone."""
    wheel: Wheel
    token: str
    """Random; its jobs have it in their names."""
    patience_s: float


class Job(NamedTuple):
    """A program to run there."""

    name: str
    command: Sequence[str]
    timeout_s: float
    environment: Mapping[str, str]


async def installed(link: Link, setup: Setup) -> str:
    """The absolute path of the device's folder, with the wheel in it installed."""
    root = await link.absolute(setup.folder)
    wheel = f"{root}/wheels/{setup.wheel.name}"
    await link.make_folder(root)
    for name in ("wheels", "files", "runs"):
        await link.make_folder(f"{root}/{name}")
    await link.upload(setup.wheel.data, wheel)
    expected = marker(setup.wheel.sha256, setup.system_packages, setup.requirements)
    found = await link.read(f"{root}/{MARKER}")
    with contextlib.suppress(ValueError):
        if found is not None and json.loads(found) == expected:
            return root
    words = [root, wheel, "yes" if setup.system_packages else "no", *setup.requirements]
    command = [setup.python, "-m", "albert_edge.harness.devices.installing", *words]
    job = Job(f"{setup.token}-install", command, INSTALL_S, {"PYTHONPATH": wheel})
    await run_job(link, setup, root, job)
    await link.forget(f"{root}/runs/{job.name}")
    return root


async def put(link: Link, root: str, name: str, data: bytes) -> str:
    """The path there of a file with the content `data`, copied unless it is there: a folder is named by its hash."""
    folder = f"{root}/files/{hashlib.sha256(data).hexdigest()}"
    await link.make_folder(folder)
    await link.upload(data, f"{folder}/{name}")
    return f"{folder}/{name}"


async def run_job(link: Link, setup: Setup, root: str, job: Job) -> bytes:
    """Run `job` to its end, or find it running, and return what it printed. Its folder stays, for what it wrote.

    Raises `DeviceError`, its folder removed, if it ends with another exit code than 0, out of time, or never began.
    """
    folder = f"{root}/runs/{job.name}"
    if not await link.exists(f"{folder}/started"):
        await _start(link, setup, root, folder, job)
    ended = await _end(link, setup.name, folder)
    if ended["reason"] or ended["code"]:
        messages = (await link.read(f"{folder}/stderr") or b"").decode(errors="replace")
        await link.forget(folder)
        raise _error(setup, job, ended, messages)
    return await link.read(f"{folder}/stdout") or b""


def _error(setup: Setup, job: Job, ended: Mapping[str, Any], messages: str) -> DeviceError:
    if ended["reason"] == "timeout":
        return DeviceError(f"device {setup.name}: a run must end within {job.timeout_s:g} s; received none by then")
    if ended["reason"] == "busy":
        return DeviceError(
            f"device {setup.name} must be free; received another run that goes on there (one whose host is gone ends "
            f"within {setup.patience_s:g} s)"
        )
    return failure(setup.name, ended["code"], messages)


async def stop(link: Link, setup: Setup) -> None:
    """End what this conversation left there, and wait until it is gone."""
    runs = f"{await link.absolute(setup.folder)}/runs"
    for folder in (f"{runs}/{setup.token}-run", f"{runs}/{setup.token}-install"):
        if not await link.exists(folder):
            continue
        await link.write(f"{folder}/stop", b"")
        until = time.monotonic() + END_S
        # Its supervisor, if it has begun, takes the folder away. One that begins later finds none, and ends.
        while await link.exists(f"{folder}/started") and not await link.exists(f"{folder}/ended.json"):
            if time.monotonic() > until:
                break
            await asyncio.sleep(POLL_S[0])
        await link.remove(folder)


def check_waited_for(name: str) -> None:
    """Raise `DeviceError` if the user wants no answer any more."""
    if HALT.is_set():
        raise DeviceError(f"device {name}: a run must be waited for; received Ctrl-C")


async def _start(link: Link, setup: Setup, root: str, folder: str, job: Job) -> None:
    await link.make_folder(folder)
    values = {"command": list(job.command), "timeout_s": job.timeout_s, "environment": dict(job.environment)}
    await link.write(f"{folder}/job.json", json.dumps({**values, "patience_s": setup.patience_s}).encode())
    path = f"PYTHONPATH={root}/wheels/{setup.wheel.name}"
    code, output = await link.run("env", path, setup.python, "-m", "albert_edge.harness.devices.supervise", folder)
    if code:
        raise failure(setup.name, code, output)


async def _end(link: Link, name: str, folder: str) -> dict[str, Any]:
    """How the job ended, once it has; meanwhile it is told that somebody still waits."""
    pause, words = POLL_S[0], 0
    pulse: Optional[bytes] = None
    heard = time.monotonic()
    while True:
        found = await link.read(f"{folder}/ended.json")
        if found is not None:
            return dict(json.loads(found))
        if not await link.exists(folder):
            raise LostError("the device gave the run up meanwhile")
        check_waited_for(name)
        words += 1
        await link.write(f"{folder}/alive", f"{time.time()} {words}".encode())
        beat = await link.read(f"{folder}/pulse")
        if beat != pulse:
            pulse, heard = beat, time.monotonic()
        elif time.monotonic() - heard > SILENCE_S:
            raise DeviceError(f"device {name}: a run must end or go on; received no sign of it for {SILENCE_S:g} s")
        await asyncio.sleep(pause)
        pause = min(POLL_S[1], pause * 1.3)

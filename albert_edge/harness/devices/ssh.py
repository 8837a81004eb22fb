"""A device over ssh, such as a Raspberry Pi: the base wheel in a folder of its own there, files in, JSON out.

When the connection is lost, all is said again over a new one, and a run that went on meanwhile is found (`sshjobs`).
When there is no new one within `PATIENCE_S`, it is an error here, and there the run ends by itself. A run's answer is
here only after the run's last process there has written the end down, which is its own last act.

On the device everything is in one folder, `.albert-edge` of the home by default: `venv`, `wheels`, `files`, `runs`.
Needs there: an ssh server with sftp, Python 3.9 or newer with `venv`, and a package index that pip can reach.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time
from pathlib import Path
from typing import Any, Awaitable, Callable, Mapping, NamedTuple, Optional, Sequence, TypeVar

from albert_edge.errors import DeviceError
from albert_edge.files import atomic_write, read_bytes
from albert_edge.harness.devices import sshjobs, sshlink
from albert_edge.harness.devices.base import check_files, filled, parsed
from albert_edge.harness.devices.hostkeys import address_of
from albert_edge.harness.devices.profiles import profile_named
from albert_edge.harness.devices.registry import Entry
from albert_edge.harness.devices.sshjobs import Job, Setup
from albert_edge.harness.devices.sshlink import Link, LostError
from albert_edge.harness.devices.wheel import base_wheel

PATIENCE_S = 60.0
"""How long a lost connection is tried for here, and how long a run goes on there without a word from here."""

RETRY_S = 0.5
MOST_LOSSES = 30
"""Of one run; a line that breaks more often would never get through."""

STOP_S = 15.0
CHECK_S = 120.0
FOLDER = re.compile(r"(?!.*\.\.)[A-Za-z0-9._/-]*[A-Za-z0-9_-]")

Result = TypeVar("Result")


class _Done(NamedTuple):
    output: str
    outputs: dict[str, bytes]


class SshDevice:
    """Settings: `host`, `port`, `user`, `key` and `known_hosts` (files), `folder` and `python` (there)."""

    def __init__(self, entry: Entry) -> None:
        self.name = entry.name
        self.profile = profile_named(entry.profile)
        self.address = address_of(entry)
        self.folder = str(entry.settings["folder"] or ".albert-edge")
        if not FOLDER.fullmatch(self.folder):
            raise DeviceError(
                f"folder of device {self.name} must be one of its own, in letters, digits, '.', '_', '-' and '/'; "
                f"received {self.folder!r}"
            )

    def install(self) -> None:
        """Bring the base wheel there and install it with the profile's runtime, if it isn't there already."""
        setup = self._setup()
        self._persistently(setup, lambda link: sshjobs.installed(link, setup))

    def check(self) -> dict[str, Any]:
        """As `Device.check`; installs what is missing."""
        return dict(parsed(self.name, self._run("albert_edge.harness.devices.facts", [], {}, {}, CHECK_S).output))

    def run_json(self, arguments: Sequence[str], files: Mapping[str, Path], timeout_s: float) -> Any:
        """As `Device.run_json`."""
        return parsed(self.name, self._run("albert_edge", arguments, files, {}, timeout_s).output)

    def run_module(
        self,
        module: str,
        arguments: Sequence[str],
        files: Mapping[str, Path],
        outputs: Mapping[str, Path],
        timeout_s: float,
    ) -> None:
        """As `Device.run_module`."""
        done = self._run(module, arguments, files, outputs, timeout_s)
        for name, path in outputs.items():
            atomic_write(path, done.outputs[name])

    def clean(self) -> None:
        """Remove the device's folder there, with all that it holds."""

        async def clean(link: Link) -> None:
            await link.remove(await link.absolute(self.folder))

        self._persistently(self._setup(), clean)

    def _run(
        self,
        module: str,
        arguments: Sequence[str],
        files: Mapping[str, Path],
        outputs: Mapping[str, Path],
        timeout_s: float,
    ) -> _Done:
        check_files(self.name, files, outputs)
        setup = self._setup()
        contents = {name: (Path(path).name, read_bytes(path, DeviceError)) for name, path in files.items()}

        async def step(link: Link) -> _Done:
            root = await sshjobs.installed(link, setup)
            there = {name: await sshjobs.put(link, root, *content) for name, content in contents.items()}
            folder = f"{root}/runs/{setup.token}-run"
            written = {name: f"{folder}/{name}.out" for name in outputs}
            command = [f"{root}/venv/bin/python", "-m", module, *filled(arguments, {**there, **written})]
            printed = await sshjobs.run_job(link, setup, root, Job(f"{setup.token}-run", command, timeout_s, {}))
            brought = {name: await link.read(path) for name, path in written.items()}
            await link.forget(folder)
            return _Done(printed.decode(), self._whole(module, brought))

        return self._persistently(setup, step)

    def _whole(self, module: str, brought: Mapping[str, Optional[bytes]]) -> dict[str, bytes]:
        for name, data in brought.items():
            if data is None:
                raise DeviceError(f"device {self.name}: {module} must write {{{name}}}; received no file")
        return {name: data for name, data in brought.items() if data is not None}

    def _setup(self) -> Setup:
        is_arm_32 = self.profile.architecture == "armv7l"
        return Setup(
            self.name,
            self.folder,
            self.address.python,
            self.profile.runtimes,
            is_arm_32,
            base_wheel(),
            secrets.token_hex(8),
            PATIENCE_S,
        )

    def _persistently(self, setup: Setup, step: Callable[[Link], Awaitable[Result]]) -> Result:
        """Do `step`, from its start over each new connection; whatever ends it early ends what runs there."""

        async def attempt() -> Result:
            patience = _Patience(self.name, self.address.place)
            try:
                while True:
                    async with patience, sshlink.connected(self.address) as link:
                        patience.is_connected = True
                        return await step(link)
                    await asyncio.sleep(RETRY_S)
            except BaseException:
                if patience.was_connected:
                    with contextlib.suppress(Exception):
                        await asyncio.wait_for(asyncio.shield(self._stop(setup)), STOP_S)
                raise

        return asyncio.run(attempt())

    async def _stop(self, setup: Setup) -> None:
        async with sshlink.connected(self.address) as link:
            await sshjobs.stop(link, setup)


class _Patience:
    """Takes in losses of a connection while it may come back, and raises `DeviceError` when it won't."""

    def __init__(self, name: str, place: str) -> None:
        self.name, self.place = name, place
        self.is_connected = self.was_connected = False
        self.losses, self.since = 0, 0.0

    async def __aenter__(self) -> None:
        self.is_connected = False

    async def __aexit__(self, kind: object, error: Optional[BaseException], trace: object) -> bool:
        now = time.monotonic()
        if self.is_connected:
            self.was_connected, self.since = True, now
        if not isinstance(error, LostError):
            return False
        self.losses += 1
        sshjobs.check_waited_for(self.name)
        if not self.was_connected:
            raise DeviceError(f"device {self.name} must be reached at {self.place}; received {error}") from error
        if self.losses > MOST_LOSSES or now - self.since > PATIENCE_S:
            raise DeviceError(
                f"device {self.name} must stay connected; received {error}, and no connection that lasts since; "
                f"a run there ends by itself within {PATIENCE_S:g} s"
            ) from error
        return True

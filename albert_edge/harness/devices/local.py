"""The machine at hand as a device: each run is a process of its own, as on any other device."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, Mapping, Sequence

from albert_edge.errors import DeviceError
from albert_edge.files import atomic_write
from albert_edge.harness.devices.base import check_files, failure, filled, parsed
from albert_edge.harness.devices.profiles import profile_named
from albert_edge.harness.devices.registry import Entry
from albert_edge.harness.devices.running import run_group
from albert_edge.runtime.children import child_environment

CHECK_S = 60.0


class LocalDevice:
    """Runs this Python."""

    def __init__(self, entry: Entry) -> None:
        self.name = entry.name
        self.profile = profile_named(entry.profile)

    def install(self) -> None:
        """Everything is here already."""

    def check(self) -> dict[str, Any]:
        """As `Device.check`."""
        found = parsed(self.name, self._run("albert_edge.harness.devices.facts", [], CHECK_S))
        if not found["runtime"]:
            raise DeviceError(f"device {self.name} must have an interpreter; received none of its packages")
        return dict(found)

    def run_json(self, arguments: Sequence[str], files: Mapping[str, Path], timeout_s: float) -> Any:
        """As `Device.run_json`; the files stay where they are."""
        check_files(self.name, files)
        return parsed(self.name, self._run("albert_edge", filled(arguments, _absolute(files)), timeout_s))

    def run_module(
        self,
        module: str,
        arguments: Sequence[str],
        files: Mapping[str, Path],
        outputs: Mapping[str, Path],
        timeout_s: float,
    ) -> None:
        """As `Device.run_module`."""
        check_files(self.name, files, outputs)
        with tempfile.TemporaryDirectory() as folder:
            written = {name: Path(folder) / name for name in outputs}
            self._run(module, filled(arguments, {**_absolute(files), **written}), timeout_s)
            for name in outputs:
                if not written[name].is_file():
                    raise DeviceError(f"device {self.name}: {module} must write {{{name}}}; received no file")
            for name, path in outputs.items():
                atomic_write(path, written[name].read_bytes())

    def _run(self, module: str, arguments: Sequence[str], timeout_s: float) -> str:
        return run_here(self.name, [sys.executable, "-m", module, *arguments], child_environment(), timeout_s)


def run_here(name: str, command: Sequence[str], environment: Mapping[str, str], timeout_s: float) -> str:
    """What `command` prints on this machine; raises `DeviceError`, for the device `name`, unless it ends well."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as messages:
        ended = run_group(command, output, messages, timeout_s, environment=environment)
        messages.seek(0)
        if ended.reason == "unwanted":
            raise DeviceError(f"device {name}: a run must be waited for; received Ctrl-C")
        if ended.reason:
            raise DeviceError(f"device {name}: a run must end within {timeout_s:g} s; received none by then")
        if ended.code:
            raise failure(name, ended.code, messages.read().decode(errors="replace"))
        output.seek(0)
        return output.read().decode()


def _absolute(files: Mapping[str, Path]) -> dict[str, Path]:
    return {name: Path(path).resolve() for name, path in files.items()}

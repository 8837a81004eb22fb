"""What a device is: something with a profile that runs this project's commands on files which it is given.

Leaves out how a device is reached, the matter of a module a kind, and which devices there are, the registry's.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Iterable, Mapping, Optional, Protocol, Sequence, runtime_checkable

from albert_edge.errors import DeviceError
from albert_edge.harness.devices.profiles import Profile

PLACEHOLDER = re.compile(r"\{([A-Za-z0-9_-]+)\}")
"""An argument `{name}`, or a part of one, stands for the device's path of the file of that name."""


@runtime_checkable
class Device(Protocol):
    """A device that is known by name. Every method raises `DeviceError`, one line that starts with that name."""

    name: str
    profile: Profile

    def install(self) -> None:
        """Put there what a run needs; nothing to do where it is there already. `device add` calls it."""

    def check(self) -> dict[str, Any]:
        """Facts: `python`, `runtime`, `project_version`, `architecture`, `free_memory_mb`, and what else a kind tells.

        What can't be told is None.
        """

    def run_json(self, arguments: Sequence[str], files: Mapping[str, Path], timeout_s: float) -> Any:
        """Run `albert-edge` with `arguments` there, and return what it prints as parsed JSON.

        Arguments:
            arguments: of the command line; `{name}` in one stands for the path there of `files[name]`.
            files: what to copy there, by names of letters, digits, - and _.
            timeout_s: after so many seconds the run is ended there, and an error here.
        """

    def run_module(
        self,
        module: str,
        arguments: Sequence[str],
        files: Mapping[str, Path],
        outputs: Mapping[str, Path],
        timeout_s: float,
    ) -> None:
        """Run `python -m module` with `arguments` there, and bring the files that it wrote back to `outputs`.

        `{name}` stands for the path there of `files[name]`, or of the output `outputs[name]`. An output is written here
        whole or not at all; one that is missing is an error.
        """


def filled(arguments: Sequence[str], paths: Mapping[str, object]) -> list[str]:
    """`arguments` with each `{name}` replaced by the path of that name; other text in braces stays as it is.

    Raises `DeviceError` for a name without a path if it is a whole argument: it was meant to be one.
    """
    for argument in arguments:
        found = PLACEHOLDER.fullmatch(argument)
        if found and found[1] not in paths:
            raise DeviceError(
                f"{argument} must stand for one of the files {', '.join(paths) or 'given'}; received none"
            )
    return [PLACEHOLDER.sub(lambda found: str(paths.get(found[1], found[0])), each) for each in arguments]


def parsed(name: str, output: str) -> Any:
    """What a run on the device `name` printed, as JSON; raises `DeviceError` with its beginning if it is none."""
    try:
        return json.loads(output)
    except ValueError as error:
        shown = " ".join(output.split())[:80]
        raise DeviceError(f"device {name} must answer with JSON; received {shown!r}") from error


def failure(name: str, code: Optional[int], messages: str) -> DeviceError:
    """The error of a run that ended with exit code `code` (negative: by that signal) and left `messages`."""
    lines = [line for line in messages.splitlines() if line.strip()] or ["no message"]
    line = next((line for line in reversed(lines) if line.startswith("albert-edge: error: ")), lines[-1])
    said = line[len("albert-edge: error: ") :] if line.startswith("albert-edge: error: ") else line
    return DeviceError(f"device {name}: {said.strip()} (exit code {code})")


def check_files(name: str, files: Mapping[str, Path], outputs: Iterable[str] = ()) -> None:
    """Raise `DeviceError` for a file that isn't there, and for a name that isn't one or is given twice."""
    for key in [*files, *outputs]:
        if not PLACEHOLDER.fullmatch(f"{{{key}}}"):
            raise DeviceError(f"device {name}: a file's name must be letters, digits, - and _; received {key!r}")
    for key, path in files.items():
        if not Path(path).is_file():
            raise DeviceError(f"device {name}: the file must be there to be copied; received {str(path)!r}")
        if key in set(outputs):
            raise DeviceError(f"device {name}: a name must be of a file or of an output; received both for {key!r}")

"""`measure_cost`: instructions executed for one inference, a figure that a busy machine doesn't change.

On an emulated board qemu counts, on this machine valgrind's callgrind; both count what lies between two marks of
`harness.counted`, one call of `Session.run`. Instructions are not time: compare counts of one tool and one processor.
Leaves out ssh and adb devices, which have no counter that doesn't depend on the machine.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Optional

from albert_edge.errors import ConfigError, RuntimeUnavailableError
from albert_edge.files import PathLike
from albert_edge.harness.devices.base import Device
from albert_edge.harness.environment import cpu_model
from albert_edge.runtime.children import child_environment

TOKENS = 64
RUNS = 5
TIMEOUT_S = 1800.0

_TOTALS = re.compile(r"^totals: (\d+)", re.MULTILINE)


def measure_cost(
    path: PathLike,
    tokens: int = TOKENS,
    device: Optional[Device] = None,
    max_depth: Optional[int] = None,
    runtime: Optional[str] = None,
) -> dict[str, Any]:
    """Instructions of one inference of `tokens` tokens by the .tflite `path`: a result's `cost`.

    Arguments:
        device: an emulated board; None is this machine, by valgrind.
        max_depth: apply only so many layers; None means all.
        runtime: the interpreter's package on this machine, as for `load`; a board has its own.

    Returns `instructions`, the median of `RUNS` inferences after some that aren't counted, `tokens`, `tool`
    (`qemu-plugin` or `callgrind`), `cpu` and `tool_version`, with the runtime's. Raises `ConfigError` for another
    device, `DeviceError` and `RuntimeUnavailableError` if it can't be counted there or here.
    """
    if device is None:
        return _callgrind(path, tokens, max_depth, runtime)
    counter = getattr(device, "count_instructions", None)
    if counter is None:
        raise ConfigError(f"instructions are counted on emulated boards and on this machine; received {device.name}")
    return dict(counter(path, tokens, RUNS, max_depth))


def _callgrind(path: PathLike, tokens: int, max_depth: Optional[int], package: Optional[str]) -> dict[str, Any]:
    program = shutil.which("valgrind")
    if program is None:
        raise RuntimeUnavailableError("counting needs valgrind (apt install valgrind); received none")
    named: dict[str, Any] = {"path": str(Path(path).resolve()), "runtime": package}
    asked = {**named, "tokens": tokens, "runs": RUNS, "max_depth": max_depth}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "counted"
        # Each mark ends a part, which goes into a file of its own.
        options = ["--tool=callgrind", "--dump-before=getpgid", f"--callgrind-out-file={out}"]
        command = [program, *options, sys.executable, "-m", "albert_edge.harness.counted", json.dumps(asked)]
        runtime = _answer(command)["runtime"]
        parts = sorted(Path(folder).glob("counted.*"), key=lambda part: int(part.suffix[1:]))
        totals = [part_total(part.read_text(errors="replace")) for part in parts]
    if len(totals) != RUNS + 1:
        raise RuntimeUnavailableError(f"a count must have {RUNS + 1} marks; received {len(totals)}")
    return {
        "instructions": statistics.median_low(totals[1:]),
        "tokens": tokens,
        "tool": "callgrind",
        "cpu": cpu_model(),
        "tool_version": f"{_version(program)}, {runtime}",
    }


def part_total(text: str) -> int:
    """Instructions of a file that callgrind wrote."""
    found = _TOTALS.search(text)
    if found is None:
        raise RuntimeUnavailableError("a file of callgrind must have a line of totals; received none")
    return int(found[1])


def _answer(command: list[str]) -> dict[str, Any]:
    environment = {**child_environment(), "PYTHONHASHSEED": "0"}
    try:
        done = subprocess.run(command, capture_output=True, env=environment, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise RuntimeUnavailableError(f"a count must end within {TIMEOUT_S:g} s; received none by then") from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise RuntimeUnavailableError(f"a count must end well; received exit code {done.returncode}: {lines[-1]}")
    return dict(json.loads(done.stdout))


def _version(program: str) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.strip().replace("valgrind-", "valgrind ")

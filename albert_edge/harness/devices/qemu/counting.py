"""How many instructions a board executes for one inference, counted by a plugin of qemu (`counting.c`).

Equal from run to run, on any machine and under any load. Instructions are not time: a division and an addition count
alike, and so does a load that misses every cache. Compare counts of one processor with each other.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Optional

from albert_edge.errors import DeviceError
from albert_edge.files import PathLike
from albert_edge.harness.devices.local import run_here
from albert_edge.harness.devices.qemu.boards import Board
from albert_edge.harness.devices.qemu.folders import key_of, made_once, qemu_folder
from albert_edge.harness.devices.qemu.setup import emulator_command

SOURCE = Path(__file__).with_name("counting.c")
TOOL = "qemu-plugin"


def count(
    board: Board, name: str, path: PathLike, tokens: int, runs: int, max_depth: Optional[int], timeout_s: float
) -> dict[str, Any]:
    """Instructions of one inference of `tokens` tokens by the file `path`, the median of `runs`, on `board`.

    Keys: those of a result's `cost` (`harness.cost`). Raises `DeviceError`, for the device `name`, if it can't be run.
    """
    plugin = _plugin()
    asked = {"path": str(Path(path).resolve()), "tokens": tokens, "runs": runs, "max_depth": max_depth}
    program = ["-m", "albert_edge.harness.counted", json.dumps(asked)]
    environment = _warm(board, name, program, timeout_s)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "marks"
        options = ("-d", "plugin", "-D", str(log), "-plugin", f"{plugin},getpgid={board.architecture.getpgid}")
        answer = json.loads(run_here(name, [*board.command(options), *program], environment, timeout_s))
        marks = [int(line) for line in log.read_text().split()] if log.exists() else []
    return {
        "instructions": median_between(marks, runs, name),
        "tokens": tokens,
        "tool": TOOL,
        "cpu": board.profile.qemu_cpu,
        "tool_version": f"qemu {version(board)}, {answer['runtime']}",
    }


def median_between(marks: list[int], runs: int, name: str) -> int:
    """Median of the differences of neighbouring `marks`; raises `DeviceError` unless there are `runs` of them.

    The runs differ by a thousandth among each other, by what Python does for its memory, and are the same each time.
    """
    if len(marks) != runs + 1 or any(after <= before for before, after in zip(marks, marks[1:])):
        raise DeviceError(f"device {name}: a count must have {runs + 1} rising marks; received {marks}")
    return statistics.median_low(after - before for before, after in zip(marks, marks[1:]))


def version(board: Board) -> str:
    """Of qemu, as 7.2.22."""
    command = [*emulator_command(board.parts.emulator, board.architecture.program), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    words = done.stdout.split()
    if done.returncode or "version" not in words:
        raise DeviceError(f"qemu must tell its version; received exit code {done.returncode}: {done.stderr.strip()}")
    return words[words.index("version") + 1]


def _warm(board: Board, name: str, program: list[str], timeout_s: float) -> dict[str, str]:
    """The environment of counted runs, once `program` has run uncounted in it.

    Python compiles modules in their first run, and its memory lies otherwise then. Counted runs have bytecode of their
    own, since any other program would add to it between two of them. numpy's second thread waits for work by turning
    in a loop for a while, which would be counted: there is none.
    """
    bytecode = board.beside_package("counted")
    own = {"PYTHONPYCACHEPREFIX": str(bytecode), "OPENBLAS_NUM_THREADS": "1"}
    environment = {**board.environment(), **own}
    if not (bytecode / "is-whole").exists():
        run_here(name, [*board.command(), *program], environment, timeout_s)
        (bytecode / "is-whole").mkdir(parents=True, exist_ok=True)
    return environment


def _plugin() -> Path:
    folder = qemu_folder() / f"plugin-{key_of(SOURCE.read_text(encoding='utf-8'))}"
    return made_once(folder, _compile) / "counting.so"


def _compile(folder: Path) -> None:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise DeviceError("counting needs a C compiler (apt install gcc); received none")
    options = ["-O2", "-fPIC", "-shared", "-nostdlib", "-o", str(folder / "counting.so")]
    done = subprocess.run([compiler, *options, str(SOURCE)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise DeviceError(f"the plugin must compile; received from {compiler}: {done.stderr.strip().splitlines()[-1]}")

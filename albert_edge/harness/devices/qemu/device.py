"""`QemuDevice`: a Raspberry Pi's processor in qemu's user mode, as a device.

It answers what the board would answer, and executes as many instructions. Its times and its memory are this machine's
and the emulator's: nothing about the board's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from albert_edge.files import PathLike
from albert_edge.harness.devices.local import LocalDevice, run_here
from albert_edge.harness.devices.qemu import counting
from albert_edge.harness.devices.qemu.boards import Board
from albert_edge.harness.devices.qemu.setup import set_up
from albert_edge.harness.devices.registry import Entry

EMULATED = "emulated: times and memory are those of qemu on the machine below, not the board's"
COUNT_S = 1800.0
"""An emulated inference is some hundred times slower than the board's, and machines are shared."""


class QemuDevice(LocalDevice):
    """Runs the board's Python here; the files stay where they are."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry)
        self._board: Optional[Board] = None

    def install(self) -> None:
        """Set the board up, where it isn't yet; needs the network then.

        Raises `DeviceError`, in one line, unless all that a prediction imports can be loaded there.
        """
        set_up(self.profile)
        runtimes = [runtime.partition("==")[0].replace("-", "_") for runtime in self.profile.runtimes]
        needed = ["numpy", "sentencepiece", "click", *(f"{package}.interpreter" for package in runtimes)]
        program = [*self.board.command(), "-c", f"import {', '.join(needed)}"]
        run_here(self.name, program, self.board.environment(), COUNT_S)

    def check(self) -> dict[str, Any]:
        """As `Device.check`; memory is no more than the board has."""
        found = super().check()
        memory_mb, free_mb = self.profile.memory_mb, found["free_memory_mb"]
        if memory_mb is not None and free_mb is not None:
            found["free_memory_mb"] = min(memory_mb, free_mb)
        return {**found, "emulator": f"qemu {counting.version(self.board)}, {self.profile.qemu_cpu}"}

    def run_json(self, arguments: Sequence[str], files: Mapping[str, Path], timeout_s: float) -> Any:
        """As `Device.run_json`; a result of `bench` says that it was emulated."""
        found = super().run_json(arguments, files, timeout_s)
        if isinstance(found, dict) and found.get("kind") == "bench":
            found["warnings"] = [*found["warnings"], EMULATED]
        return found

    def count_instructions(
        self, path: PathLike, tokens: int, runs: int = 5, max_depth: Optional[int] = None, timeout_s: float = COUNT_S
    ) -> dict[str, Any]:
        """A result's `cost` (`harness.cost`) for the file `path` on the board's processor."""
        return counting.count(self.board, self.name, path, tokens, runs, max_depth, timeout_s)

    @property
    def board(self) -> Board:
        """The board, ready to run; raises `DeviceError` if it isn't set up."""
        if self._board is None:
            self._board = Board(self.profile)
            self._board.prepare()
        return self._board

    def _run(self, module: str, arguments: Sequence[str], timeout_s: float) -> str:
        command = [*self.board.command(), "-m", module, *arguments]
        return run_here(self.name, command, self.board.environment(), timeout_s)

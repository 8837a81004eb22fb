"""The `adb` program: commands on one phone, and files to it and from it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Optional, Sequence

from albert_edge.errors import DeviceError

COMMAND_S = 300.0
"""Of one call that copies, or asks for something small."""


class Adb:
    """One phone. Every method raises `DeviceError` with what adb said."""

    def __init__(self, name: str, serial: Optional[str]) -> None:
        self.name, self.serial = name, serial

    def shell(self, *words: str, timeout_s: float = COMMAND_S) -> str:
        """A command there, its words quoted for the phone's shell; what it printed. A failure there is one here."""
        return self._call(["shell", shlex.join(words)], timeout_s)

    def script(self, text: str, timeout_s: float = COMMAND_S) -> str:
        """Lines for the phone's shell, quoted by whoever wrote them."""
        return self._call(["shell", text], timeout_s)

    def push(self, source: Path, target: str) -> None:
        """Copy a file there."""
        self._call(["push", str(source), target], COMMAND_S)

    def pull(self, source: str) -> Optional[bytes]:
        """The bytes of a file there; None if there is none."""
        if self.script(f"[ -f {shlex.quote(source)} ] && echo yes || echo no").strip() != "yes":
            return None
        return self._bytes(["exec-out", f"cat {shlex.quote(source)}"], COMMAND_S)

    def _call(self, words: Sequence[str], timeout_s: float) -> str:
        return self._bytes(words, timeout_s).decode(errors="replace")

    def _bytes(self, words: Sequence[str], timeout_s: float) -> bytes:
        program = shutil.which("adb")
        if program is None:
            raise DeviceError(f"device {self.name} needs the program adb (Debian: apt install adb); received none")
        chosen = ["-s", self.serial] if self.serial else []
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen([program, *chosen, *words], env=os.environ, **options)  # type: ignore[call-overload]
        try:
            output, messages = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise DeviceError(
                f"device {self.name}: adb {words[0]} must end within {timeout_s:g} s; received none by then"
            ) from error
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            said = (messages.strip() or output.strip()).decode(errors="replace").splitlines() or ["no message"]
            raise DeviceError(
                f"device {self.name}: adb {words[0]}: {said[-1].strip()} (exit code {process.returncode})"
            )
        return bytes(output)

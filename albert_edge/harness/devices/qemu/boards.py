"""Runs this project on a board that `setup` has made: the command line, what the board shows of itself, the package.

Programs that the project starts there (`bench` measures in fresh processes) run on the board too: its
`sys.executable` is a script of this machine that starts the emulator again. Leaves out what a real board has beyond its
processor: its speed, its memory and its devices.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import time
from pathlib import Path
from typing import Mapping, Optional

import albert_edge
from albert_edge.files import atomic_write
from albert_edge.harness.devices.profiles import Profile
from albert_edge.harness.devices.qemu.folders import key_of, made_once, qemu_folder
from albert_edge.harness.devices.qemu.setup import (
    PYTHON,
    Architecture,
    Installed,
    architecture_of,
    emulator_command,
    installed,
)

# Implementer, architecture, variant, part and revision as the register MIDR_EL1 of the boards' processors has them;
# qemu's programs for 32 bits know the Cortex-A7 alone of those with NEON, so the Pi 3's A53 is one.
_PROCESSORS = {
    "cortex-a7": ("0x41", "7", "0x0", "0xc07", "5"),
    "cortex-a72": ("0x41", "8", "0x0", "0xd08", "3"),
    "cortex-a76": ("0x41", "8", "0x4", "0xd0b", "1"),
}
_FEATURES = {
    "cortex-a7": "half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae",
    "cortex-a72": "fp asimd evtstrm crc32 cpuid",
    "cortex-a76": "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp",
}

_SITE = """import os, sys
sys.executable = os.environ["ALBERT_EDGE_BOARD_PYTHON"]
"""

_KEPT_S = 24 * 3600.0
"""Copies of the package that nobody has used for so long are removed."""


class Board:
    """A board that is set up. Raises `DeviceError` if it isn't."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.parts: Installed = installed(profile)
        self.architecture: Architecture = architecture_of(profile)
        self.package = package_folder()
        """One copy for all of the board's runs, so that an edit between two counts isn't in the second alone."""

    def prepare(self) -> None:
        """Write what the board shows of itself, where it isn't so already."""
        sysroot = self.parts.sysroot
        # qemu takes a file of the sysroot before this machine's. ai-edge-litert 2.2 and later crash where
        # /proc/cpuinfo is another processor's.
        _write(sysroot / "proc/cpuinfo", cpuinfo(self.profile.qemu_cpu or "", os.cpu_count() or 1))
        _write(sysroot / "proc/device-tree/model", f"qemu-user, {self.profile.qemu_cpu}\0")
        _write(self._script, f'#!/bin/sh\nexec {shlex.join(self.command())} "$@"\n', mode=0o755)

    def command(self, options: tuple[str, ...] = ()) -> list[str]:
        """The board's Python, with `options` for qemu."""
        emulator = emulator_command(self.parts.emulator, self.architecture.program)
        python = self.parts.sysroot / "usr/bin" / f"python{PYTHON}"
        return [*emulator, "-cpu", self.profile.qemu_cpu or "", "-L", str(self.parts.sysroot), *options, str(python)]

    def environment(self) -> Mapping[str, str]:
        """The whole of it: nothing of this machine's but its path, home and temporary folder.

        Hashes have one seed, so that a program executes the same instructions in each run. Bytecode lies in a folder of
        its own: beside the sources it would change what Python finds in its folders, and with it what it executes. The
        folder that this process happens to be in is not searched: in a checkout it would stand before the copy.
        """
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return {
            **kept,
            "LANG": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "PYTHONNOUSERSITE": "1",
            "PYTHONSAFEPATH": "1",
            "PYTHONPYCACHEPREFIX": str(self.beside_package("bytecode")),
            "PYTHONPATH": os.pathsep.join([str(self.package), str(self.parts.wheels)]),
            "ALBERT_EDGE_BOARD_PYTHON": str(self._script),
        }

    def beside_package(self, what: str) -> Path:
        """A folder of this package and this board alone, for `what`; it goes when the package's copy does."""
        key = key_of(str(self.parts.sysroot), str(self.parts.wheels))
        return self.package.with_name(f"{self.package.name}-{what}-{key}")

    @property
    def _script(self) -> Path:
        return self.parts.sysroot / "albert-edge-python"


def cpuinfo(cpu: str, cores: int) -> str:
    """/proc/cpuinfo as Linux writes it for `cores` cores of the processor that qemu calls `cpu`."""
    implementer, architecture, variant, part, revision = _PROCESSORS[cpu]
    fields = {
        "BogoMIPS": "108.00",
        "Features": _FEATURES[cpu],
        "CPU implementer": implementer,
        "CPU architecture": architecture,
        "CPU variant": variant,
        "CPU part": part,
        "CPU revision": revision,
    }
    lines = "".join(f"{name}\t: {value}\n" for name, value in fields.items())
    return "".join(f"processor\t: {core}\n{lines}\n" for core in range(cores))


def package_folder() -> Path:
    """A copy of this package alone, by its content: beside it here may lie packages for another processor."""
    source = Path(albert_edge.__file__).resolve().parent
    files = sorted(path for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc")
    contents = [f"{path.relative_to(source)}\0{path.read_bytes().hex()}" for path in files]
    folder = qemu_folder() / f"package-{key_of(_SITE, *contents)}"
    if not folder.exists():
        _remove_old(folder.parent)
    made_once(folder, lambda staging: _copy_package(source, staging))
    with contextlib.suppress(OSError):
        os.utime(folder)
    return folder


def _copy_package(source: Path, folder: Path) -> None:
    shutil.copytree(source, folder / "albert_edge", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "sitecustomize.py").write_text(_SITE, encoding="utf-8")


def _remove_old(folder: Path) -> None:
    for path in folder.glob("package-*"):
        if time.time() - path.stat().st_mtime > _KEPT_S:
            shutil.rmtree(path, ignore_errors=True)


def _write(path: Path, content: str, mode: Optional[int] = None) -> None:
    data = content.encode()
    if not path.exists() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, data)
        if mode is not None:
            path.chmod(mode)

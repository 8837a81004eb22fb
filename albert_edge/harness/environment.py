"""Where a measurement was made: the facts without which a figure in milliseconds can't be compared with another.

After psf/pyperf's metadata. Read from /proc and /sys on Linux, so also on a Raspberry Pi (whose board is named by the
device tree and whose /proc/cpuinfo need not name a model), and from `platform` elsewhere. What a machine doesn't tell
is None, never an error. Leaves out what changes from second to second (temperature, current frequency, load).
"""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any, Optional

import albert_edge


def environment(
    runtime: str, threads: Optional[int], model_sha256: str, delegate: Optional[str] = None
) -> dict[str, Any]:
    """The facts beside a result.

    Arguments:
        runtime: package and version of the interpreter, as `ai-edge-litert 2.3.0`.
        threads: how many threads the interpreter was given; None: its own choice.
        model_sha256: of the flatbuffer, or of a folder's weights file, in hexadecimal.
        delegate: what the interpreter hands its operators to; None: nothing, or it isn't known.
    """
    return {
        **machine(),
        "runtime": runtime,
        "delegate": delegate,
        "threads": threads,
        "model_sha256": model_sha256,
        **software(),
    }


def machine(root: Path = Path("/")) -> dict[str, Any]:
    """Processor, board and kernel. `root` is where /proc and /sys lie (another folder in tests)."""
    return {
        "cpu_model": cpu_model(root),
        "cpu_cores": available_cores(),
        "architecture": platform.machine() or None,
        "board": _text(root / "proc/device-tree/model"),
        "governor": _text(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "kernel": f"{platform.system()} {platform.release()}".strip() or None,
        "os": operating_system(root),
    }


def software() -> dict[str, str]:
    """Versions of Python and of this project."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "project_version": albert_edge.__version__,
    }


def cpu_model(root: Path = Path("/")) -> Optional[str]:
    """Name of the processor, or None.

    x86 kernels write `model name`. 64-bit Arm kernels write numbers alone, of which implementer and part together name
    the core; 32-bit ones add a `model name` that only says ARMv7, so the numbers come first.
    """
    fields: dict[str, str] = {}
    for line in (_text(root / "proc/cpuinfo") or "").splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    numbers = (fields.get("CPU implementer", ""), fields.get("CPU part", ""))
    unnamed = "implementer {}, part {}".format(*numbers) if all(numbers) else None
    return ARM_CORES.get(numbers) or fields.get("model name") or unnamed or platform.processor() or None


# (implementer, part) as /proc/cpuinfo writes them, from Arm's technical reference manuals (register MIDR_EL1): the
# cores of the Raspberry Pi boards that have a 64-bit kernel, the one that stands for a 32-bit board in qemu, and those
# of the servers where Arm builds are tested.
ARM_CORES = {
    ("0x41", "0xc07"): "Arm Cortex-A7",
    ("0x41", "0xd03"): "Arm Cortex-A53",
    ("0x41", "0xd08"): "Arm Cortex-A72",
    ("0x41", "0xd0b"): "Arm Cortex-A76",
    ("0x41", "0xd0c"): "Arm Neoverse-N1",
}


def available_cores() -> Optional[int]:
    """Cores that this process may run on; a container or `taskset` may allow fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def operating_system(root: Path = Path("/")) -> Optional[str]:
    """`PRETTY_NAME` of os-release, else what `platform` calls the system."""
    for line in (_text(root / "etc/os-release") or "").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip().strip("\"'")
    return platform.platform() or None


def _text(path: Path) -> Optional[str]:
    """Content of a small system file without the NUL that ends device-tree strings; None if it can't be read."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return content.decode("utf-8", "replace").rstrip("\0\n") or None

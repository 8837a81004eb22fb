"""Resident memory of a process, read from outside. 1 MB is 10^6 bytes, as in the sizes of files.

Resident memory (RSS) counts the pages that are in RAM: also those of libraries that other processes share, and of
files that the kernel could drop. On a device with one such process it is what the program needs.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from albert_edge.errors import RuntimeUnavailableError

BYTES_PER_MB = 1e6
_BYTES_PER_KIB = 1024
"""Both sources say "kB" and mean KiB."""


def resident_mb(pid: int) -> float:
    """RSS of the process `pid` now, in MB: `VmRSS` of /proc/PID/status on Linux, `ps` elsewhere (macOS).

    Raises `RuntimeUnavailableError` where neither tells.
    """
    kib = _proc_rss_kib(Path(f"/proc/{pid}/status")) if sys.platform == "linux" else _ps_rss_kib(pid)
    return kib * _BYTES_PER_KIB / BYTES_PER_MB


def _proc_rss_kib(status: Path) -> int:
    fields = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
    return int(fields["VmRSS"].split()[0])


def _ps_rss_kib(pid: int) -> int:
    try:
        done = subprocess.run(
            ["/bin/ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True, encoding="ascii"
        )
        return int(done.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError) as reason:
        raise RuntimeUnavailableError(f"`ps` must tell the memory of a process; received {reason}") from reason

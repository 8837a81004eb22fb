"""Resident memory of a process, read from outside. 1 MB is 10^6 bytes, as in the sizes of files.

Resident memory (RSS) counts the pages that are in RAM: also those of libraries that other processes share, and of
files that the kernel could drop. On a device with one such process it is what the program needs. Its peak is the most
that it ever was, also while the file was read and checked. What a program asked its allocator for is another figure,
counted in bytes by the C library itself: the same from run to run, where resident memory moves by pages.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path
from typing import Optional

from albert_edge.errors import RuntimeUnavailableError

BYTES_PER_MB = 1e6
_BYTES_PER_KIB = 1024
"""Both sources say "kB" and mean KiB."""


def resident_mb(pid: int) -> float:
    """RSS of the process `pid` now, in MB: `VmRSS` of /proc/PID/status on Linux, `ps` elsewhere (macOS).

    Raises `RuntimeUnavailableError` where neither tells.
    """
    kib = _status_kib(pid, "VmRSS") if sys.platform == "linux" else _ps_rss_kib(pid)
    return kib * _BYTES_PER_KIB / BYTES_PER_MB


def peak_mb(pid: int) -> Optional[float]:
    """The largest RSS that the process `pid` had since it started its program, in MB; None except on Linux.

    `VmHWM` of /proc/PID/status. (`ru_maxrss` would start at what the parent had when it forked.)
    """
    return _status_kib(pid, "VmHWM") * _BYTES_PER_KIB / BYTES_PER_MB if sys.platform == "linux" else None


class _MallInfo2(ctypes.Structure):
    """glibc's `struct mallinfo2`."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def allocated_bytes() -> tuple[Optional[int], str]:
    """Bytes that this process holds from its allocator, in all arenas, and how they were counted.

    glibc's `mallinfo2` (2.33 and later): what was asked for and not given back, with the allocator's own headers. Else
    on Linux the resident pages that belong to no file (`RssAnon`); elsewhere None. Files that are mapped don't count.
    """
    if sys.platform != "linux":
        return None, "not counted on this system"
    try:
        mallinfo2 = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        return _status_kib("self", "RssAnon") * _BYTES_PER_KIB, "anonymous pages of /proc/self/status"
    mallinfo2.restype = _MallInfo2
    found = mallinfo2()
    return found.uordblks + found.hblkhd, "mallinfo2 of the C library"


def _status_kib(pid: object, field: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return int(fields[field].split()[0])


def _ps_rss_kib(pid: int) -> int:
    try:
        done = subprocess.run(
            ["/bin/ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True, encoding="ascii"
        )
        return int(done.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError) as reason:
        raise RuntimeUnavailableError(f"`ps` must tell the memory of a process; received {reason}") from reason

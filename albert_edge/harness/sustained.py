"""Throughput over minutes, since a phone or a board without a fan slows down when it is warm.

One request runs again and again at one length; each window of some seconds tells how many queries it had and how warm
and how fast the processor was at its end, where the system shows that: the warmest of Linux's thermal zones, and the
mean clock of the cores. What it doesn't show is None. Leaves out power.
"""

from __future__ import annotations

import contextlib
import math
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from albert_edge.errors import ConfigError
from albert_edge.harness.latency import quantile, request

if TYPE_CHECKING:
    from albert_edge.runtime.session import Session

WINDOW_S = 10.0
FEWEST_WINDOWS = 6
"""A measurement shorter than a minute has shorter windows."""

THROTTLED_RATIO = 0.9
"""Below this share of the first window's throughput the last one's gets a warning."""


def measure_sustained(
    session: Session,
    tokens: int,
    minutes: float,
    max_depth: Optional[int] = None,
    exit_threshold: Optional[float] = None,
    root: Path = Path("/"),
) -> dict[str, Any]:
    """Run `session` for `minutes` at one length: a result's `sustained`.

    Returns `seconds` (the whole time), `tokens` and `windows`, of each `start_s`, `queries`, `p50_ms`, `queries_per_s`,
    `temperature_c` and `clock_mhz`. `root` is where /sys and /proc lie (another folder in tests). Raises `ConfigError`
    on minutes that aren't above 0 and finite, and as `harness.latency.request` does.
    """
    if not 0 < minutes < math.inf:
        raise ConfigError(f"sustained_minutes must be above 0 and finite; received {minutes}")
    inputs = request(session, tokens, max_depth, exit_threshold)
    session.run(inputs)
    window_s = min(WINDOW_S, 60 * minutes / FEWEST_WINDOWS)
    windows: list[dict[str, Any]] = []
    start = now = time.perf_counter()
    while now - start < 60 * minutes:
        window_start = now
        values: list[float] = []
        while not values or now - window_start < window_s:
            session.run(inputs)
            values.append(1000 * (time.perf_counter() - now))
            now = time.perf_counter()
        windows.append(
            {
                "start_s": window_start - start,
                "queries": len(values),
                "p50_ms": quantile(values, 0.5),
                "queries_per_s": len(values) / (now - window_start),
                "temperature_c": temperature_c(root),
                "clock_mhz": clock_mhz(root),
            }
        )
        # What reading these took belongs to no window.
        now = time.perf_counter()
    return {"seconds": now - start, "tokens": tokens, "windows": windows}


def throttled(sustained: Optional[dict[str, Any]]) -> list[str]:
    """A line if the last window is slower than the first by more than `THROTTLED_RATIO` allows; else none."""
    if sustained is None:
        return []
    first, last = (sustained["windows"][place]["queries_per_s"] for place in (0, -1))
    if last >= THROTTLED_RATIO * first:
        return []
    return [
        f"sustained: throughput fell from {first:.1f} to {last:.1f} queries a second in {sustained['seconds']:.0f} s; "
        "the device throttles, or other programs run"
    ]


def temperature_c(root: Path = Path("/")) -> Optional[float]:
    """The warmest thermal zone, in degrees Celsius; the kernel writes thousandths."""
    found = [value / 1000 for value in map(_number, root.glob("sys/class/thermal/thermal_zone*/temp")) if value]
    return max(found, default=None)


def clock_mhz(root: Path = Path("/")) -> Optional[float]:
    """The mean of the cores' clocks now: cpufreq's (kHz), or those of x86's /proc/cpuinfo (MHz)."""
    pattern = "sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq"
    found = [value / 1000 for value in map(_number, root.glob(pattern)) if value]
    if not found:
        with contextlib.suppress(OSError):
            lines = (root / "proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
            found = [float(line.partition(":")[2]) for line in lines if line.startswith("cpu MHz")]
    return statistics.fmean(found) if found else None


def _number(path: Path) -> Optional[float]:
    """None also for a zone that is switched off, which can be listed and not read."""
    try:
        return float(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None

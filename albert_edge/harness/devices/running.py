"""One program as a process group of its own: it ends by itself, at a deadline, or when nobody wants it any more.

Whatever the program started and left behind in its group is ended with it, so that nothing goes on running on a device.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from typing import IO, Any, Callable, Mapping, NamedTuple, Optional, Sequence

GRACE_S = 3.0
"""From the request to end to the signal that can't be refused."""

POLL_S = 0.05

HALT = threading.Event()
"""Set when the user wants everything to end: threads that wait for a device have no Ctrl-C of their own."""


class Ended(NamedTuple):
    """How a program ended."""

    code: int
    """Negative: by that signal."""
    reason: Optional[str]
    """`timeout` or `unwanted` if it was ended from here."""


def run_group(
    command: Sequence[str],
    output: IO[bytes],
    messages: IO[bytes],
    timeout_s: float,
    is_wanted: Callable[[], bool] = lambda: True,
    environment: Optional[Mapping[str, str]] = None,
    poll_s: float = POLL_S,
) -> Ended:
    """Run `command` with nothing on its standard input, and return how it ended once its whole group is gone.

    `is_wanted` is asked every `poll_s` seconds. Raises `OSError` if the program can't be started.
    """
    options: Any = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": messages, "start_new_session": True}
    process = subprocess.Popen(list(command), env=None if environment is None else dict(environment), **options)
    deadline = time.monotonic() + timeout_s
    reason = None
    try:
        while reason is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(poll_s)
                break
            is_late, is_unwanted = time.monotonic() > deadline, HALT.is_set() or not is_wanted()
            reason = "timeout" if is_late else "unwanted" if is_unwanted else None
    finally:
        end_group(process)
    return Ended(process.returncode, reason)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End the group of `process`, which leads one, politely and then not."""
    _signal(process.pid, signal.SIGTERM)
    until = time.monotonic() + GRACE_S
    while time.monotonic() < until and (process.poll() is None or _signal(process.pid, 0)):
        time.sleep(POLL_S)
    _signal(process.pid, signal.SIGKILL)
    process.wait()


def _signal(group: int, number: int) -> bool:
    """Whether there was somebody in the group to get it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True

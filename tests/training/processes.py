"""Commands in processes of their own: stopped on their way, or several in one (TensorFlow's start takes seconds)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import Callable, Sequence

HANGING_SECONDS = 600
"""After which a process counts as one that never ends: on a busy machine all of this takes minutes."""

_ONE_AFTER_ANOTHER = """
import json, sys
from albert_edge.cli import cli
for arguments in json.loads(sys.argv[1]):
    cli.main(arguments, standalone_mode=False)
"""


def obey_ctrl_c() -> None:
    """For a process that starts: a shell's background jobs, and what they start, ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def run_in_one_process(*commands: Sequence[object]) -> subprocess.CompletedProcess[str]:
    """The commands one after another, all of which must succeed; what they wrote, together."""
    arguments = json.dumps([list(map(str, command)) for command in commands])
    done = subprocess.run(
        [sys.executable, "-c", _ONE_AFTER_ANOTHER, arguments], capture_output=True, text=True, timeout=HANGING_SECONDS
    )
    assert done.returncode == 0, done.stderr
    return done


def stop_on_its_way(command: Sequence[object], is_there: Callable[[], bool], number: int) -> tuple[int, str]:
    """Send the command the signal `number` as soon as `is_there`; its exit code, and what it wrote as errors."""
    process = subprocess.Popen(
        [sys.executable, "-m", "albert_edge", *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=obey_ctrl_c,
    )
    deadline = time.monotonic() + HANGING_SECONDS
    while not is_there():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(number)
    _, errors = process.communicate(timeout=HANGING_SECONDS)
    return process.returncode, errors

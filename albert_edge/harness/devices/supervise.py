"""Runs a job on a device on behalf of a host that may lose its connection: the device's half of `ssh`.

`python -m albert_edge.harness.devices.supervise RUN` starts what `RUN/job.json` says and returns at once. The job goes
on without the connection; how it ended stands in `RUN/ended.json`, beside `RUN/stdout` and `RUN/stderr`. Starting a run
twice starts it once, so a host that can't know whether its word arrived says it again.

Nothing is left running: the job is ended after its `timeout_s`, when the host writes `RUN/stop` or removes the folder,
and when the host has not changed `RUN/alive` for `patience_s`; in all but the first case the folder goes too, since
nobody will fetch it. This program ends with the job: what the job wrote waits for the host without it, and whatever was
not fetched goes when a later run starts. One job at a time: a second one would spoil the times of the first, so
`runs/busy` is locked, until the job is gone and before that can be read in `RUN/ended.json`.

Runs from the wheel itself too, before anything is installed: standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import IO, Any, Optional

from albert_edge.files import atomic_write
from albert_edge.harness.devices.running import Ended, run_group

BUSY = "busy"
BROKEN = "broken"
POLL_S = 0.25
PULSE_S = 1.0
"""How often the device shows in `RUN/pulse` that it is still there."""

LEFT_S = 3600.0
"""A run that ended, or never began, is fetched within minutes; after so long without a change nobody will."""


class Watched:
    """Whether the host still wants the run, judged by changes alone: the two clocks need not agree."""

    def __init__(self, run: Path, patience_s: float) -> None:
        self.run, self.patience_s = run, patience_s
        self._seen, self._at, self._pulsed = self._alive(), time.monotonic(), 0.0

    def is_wanted(self) -> bool:
        """Asked now and then, and shows a pulse."""
        now, seen = time.monotonic(), self._alive()
        if seen != self._seen:
            self._seen, self._at = seen, now
        if now - self._pulsed > PULSE_S:
            self._pulsed = now
            with contextlib.suppress(OSError):
                (self.run / "pulse").write_text(str(now))
        is_told_to_end = (self.run / "stop").exists() or not (self.run / "started").exists()
        return not is_told_to_end and now - self._at < self.patience_s

    def _alive(self) -> Optional[bytes]:
        with contextlib.suppress(OSError):
            return (self.run / "alive").read_bytes()
        return None


def start(run: Path) -> None:
    """Start the job of the folder `run`, unless that was done before, and return while it runs."""
    try:
        os.close(os.open(run / "started", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return
    lock = _lock(run.parent / "busy")
    if lock is None:
        _write_ended(run, Ended(1, BUSY))
        return
    _sweep(run)
    if os.fork():
        return
    try:
        _detach()
        _supervise(run, lock)
    finally:
        os._exit(0)


def _lock(path: Path) -> Optional[IO[bytes]]:
    """The open file, whose lock lasts until the last process that has it open is gone; None if another has it."""
    import fcntl

    file = open(path, "ab")  # noqa: SIM115 - open as long as the process
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _sweep(run: Path) -> None:
    """Remove the folders beside `run` that nobody fetched. Asks for the lock: then none of them goes on."""
    for folder in run.parent.iterdir():
        # A host may be taking it away at this moment.
        with contextlib.suppress(FileNotFoundError):
            if folder != run and folder.is_dir() and time.time() - folder.stat().st_mtime > LEFT_S:
                shutil.rmtree(folder, ignore_errors=True)


def _detach() -> None:
    """Leave the connection's session, close its streams so that it can end, and take the job along if told to end."""
    os.setsid()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("its supervisor was told to end"))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)


def _supervise(run: Path, lock: IO[bytes]) -> None:
    import fcntl

    ended = _run_job(run)
    # Not by closing it: the process that started this one may have it open still, and a host that reads of the end
    # starts its next run at once.
    fcntl.flock(lock, fcntl.LOCK_UN)
    if ended.reason == "unwanted":
        shutil.rmtree(run, ignore_errors=True)
    else:
        _write_ended(run, ended)


def _run_job(run: Path) -> Ended:
    """The job of `run`, from its start until nothing of it runs any more."""
    try:
        job: dict[str, Any] = json.loads((run / "job.json").read_text(encoding="utf-8"))
        watched = Watched(run, job["patience_s"])
        with open(run / "stdout", "wb") as output, open(run / "stderr", "wb") as messages:
            os.chdir(run)
            environment = {**os.environ, **job["environment"]}
            return run_group(
                job["command"], output, messages, job["timeout_s"], watched.is_wanted, environment, poll_s=POLL_S
            )
    except (OSError, ValueError, KeyError, SystemExit) as error:
        with open(run / "stderr", "ab") as messages:
            messages.write(f"the job can't be run: {error}\n".encode())
        return Ended(1, BROKEN)


def _write_ended(run: Path, ended: Ended) -> None:
    atomic_write(run / "ended.json", json.dumps(ended._asdict()).encode())


if __name__ == "__main__":
    start(Path(sys.argv[1]).resolve())

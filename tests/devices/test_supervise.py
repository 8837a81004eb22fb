"""The device's half of a run, without a connection: what is left of it, and when it ends by itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from loopback import processes_of, until

from albert_edge.harness.devices import supervise


def started(run, seconds: float, patience_s: float = 60.0, timeout_s: float = 60.0, command=None):
    run.mkdir(parents=True)
    job = {
        "command": command or [sys.executable, "-c", f"import time; time.sleep({seconds}); print('done')"],
        "timeout_s": timeout_s,
        "patience_s": patience_s,
        "environment": {},
    }
    (run / "job.json").write_text(json.dumps(job))
    start(run)


def start(run) -> None:
    subprocess.run([sys.executable, "-m", "albert_edge.harness.devices.supervise", str(run)], check=True, timeout=300)


def ended(run):
    assert until(lambda: (run / "ended.json").exists())
    return json.loads((run / "ended.json").read_text())


def is_free(folder) -> bool:
    lock = supervise._lock(folder / "busy")
    if lock is not None:
        lock.close()
    return lock is not None


def is_gone(run) -> bool:
    """The folder is, and whoever had to do with it."""
    return until(lambda: not run.exists() and not processes_of(run))


@pytest.mark.parametrize("ends", ["", "sys.exit(3)", "os.kill(os.getpid(), 9)"])
def test_who_reads_of_the_end_can_start_the_next_run(tmp_path, ends):
    """The device is free at that moment, not a while later; and nobody stays to wait for the answer's fetching."""
    run = tmp_path / "runs" / "a"
    started(run, 0, command=[sys.executable, "-c", f"import os, sys; print('done', flush=True); {ends}"])
    assert ended(run) == {"code": {"": 0, "sys.exit(3)": 3}.get(ends, -9), "reason": None}
    assert is_free(run.parent)
    assert (run / "stdout").read_text() == "done\n"
    assert until(lambda: not processes_of(run))


def test_who_escapes_does_not_keep_the_device_busy(tmp_path):
    """A process that leaves the job's group has no part in the lock."""
    run = tmp_path / "runs" / "a"
    program = (
        "import os, subprocess, sys; escaped = subprocess.Popen(['sleep', '300'], start_new_session=True, "
        "stdout=subprocess.DEVNULL); print(escaped.pid, *map(os.path.realpath, os.scandir('/proc/self/fd')))"
    )
    started(run, 0, command=[sys.executable, "-c", program])
    assert ended(run)["code"] == 0
    escaped, *files = (run / "stdout").read_text().split()
    os.kill(int(escaped), signal.SIGKILL)
    assert is_free(run.parent)
    assert str(run / "stdout") in files
    assert str(run.parent / "busy") not in files


def test_started_twice_it_runs_once(tmp_path):
    run, log = tmp_path / "runs" / "a", tmp_path / "log"
    started(run, 0, command=[sys.executable, "-c", f"open({str(log)!r}, 'a').write('x')"])
    start(run)
    ended(run)
    assert log.read_text() == "x"


def test_what_nobody_fetched_goes_with_a_later_run(tmp_path):
    run, old, recent = (tmp_path / "runs" / name for name in ("a", "old", "recent"))
    for folder in (old, recent):
        folder.mkdir(parents=True)
        (folder / "ended.json").write_text("{}")
    long_ago = time.time() - supervise.LEFT_S - 60
    os.utime(old, (long_ago, long_ago))
    started(run, 0)
    ended(run)
    assert sorted(path.name for path in run.parent.iterdir()) == ["a", "busy", "recent"]


def test_a_second_run_is_refused(tmp_path):
    first, second = tmp_path / "runs" / "a", tmp_path / "runs" / "b"
    started(first, 60)
    started(second, 0)
    assert ended(second)["reason"] == supervise.BUSY
    (first / "stop").touch()
    assert is_gone(first)
    assert is_free(first.parent)


def test_a_run_whose_folder_is_taken_away_ends(tmp_path):
    run = tmp_path / "runs" / "a"
    started(run, 300)
    assert until(lambda: (run / "pulse").exists())
    run.rename(tmp_path / "away")
    assert is_gone(run)
    assert until(lambda: is_free(run.parent))


def test_it_takes_the_job_along(tmp_path):
    """Told to end, as by a device that shuts down."""
    run = tmp_path / "runs" / "a"
    started(run, 0, command=[sys.executable, "-c", f"import time; time.sleep(300); {str(run)!r}"])
    assert until(lambda: (run / "pulse").exists())
    (supervisor,) = (number for number, line in processes_of(run).items() if "devices.supervise" in line)
    os.kill(supervisor, signal.SIGTERM)
    assert ended(run) == {"code": 1, "reason": supervise.BROKEN}
    assert "its supervisor was told to end" in (run / "stderr").read_text()
    assert until(lambda: not processes_of(run))


@pytest.mark.parametrize("patience_s", [0.5, 60.0])
def test_it_ends_by_itself(tmp_path, patience_s):
    """Nobody waits any more: everything is gone. Its time is up: that is its answer."""
    run = tmp_path / "runs" / "a"
    started(run, 300, patience_s, timeout_s=0.5 if patience_s > 1 else 300)
    if patience_s > 1:
        assert ended(run)["reason"] == "timeout"
        assert until(lambda: not processes_of(run))
    else:
        assert is_gone(run)
    assert is_free(run.parent)


def test_a_job_that_is_none(tmp_path):
    run = tmp_path / "runs" / "a"
    started(run, 0, command=["nowhere/program"])
    assert ended(run) == {"code": 1, "reason": supervise.BROKEN}
    assert "the job can't be run" in (run / "stderr").read_text()

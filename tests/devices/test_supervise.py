"""The device's half of a run, without a connection: what is left of it, and when it ends by itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time

import pytest

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
    subprocess.run([sys.executable, "-m", "albert_edge.harness.devices.supervise", str(run)], check=True, timeout=60)


def until(condition) -> bool:
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.05)
    return False


def ended(run):
    assert until(lambda: (run / "ended.json").exists())
    return json.loads((run / "ended.json").read_text())


def is_free(folder) -> bool:
    """Nobody holds the lock: the supervisor is gone."""
    lock = supervise._lock(folder / "busy")
    if lock is not None:
        lock.close()
    return lock is not None


def test_it_ends_once_its_answer_is_taken(tmp_path):
    run = tmp_path / "runs" / "a"
    started(run, 0)
    assert ended(run) == {"code": 0, "reason": None}
    assert (run / "stdout").read_text() == "done\n"
    assert not is_free(run.parent)
    shutil.rmtree(run)
    assert until(lambda: is_free(run.parent))


def test_a_folder_that_is_half_emptied_goes_too(tmp_path):
    """What the host could not remove, as a file that came meanwhile, doesn't keep it waiting."""
    run = tmp_path / "runs" / "a"
    started(run, 0)
    ended(run)
    (run / "ended.json").unlink()
    assert until(lambda: is_free(run.parent) and not run.exists())


def test_started_twice_it_runs_once(tmp_path):
    run, log = tmp_path / "runs" / "a", tmp_path / "log"
    started(run, 0, command=[sys.executable, "-c", f"open({str(log)!r}, 'a').write('x')"])
    start(run)
    ended(run)
    assert log.read_text() == "x"
    shutil.rmtree(run)


def test_a_second_run_is_refused(tmp_path):
    first, second = tmp_path / "runs" / "a", tmp_path / "runs" / "b"
    started(first, 60)
    started(second, 0)
    assert ended(second)["reason"] == supervise.BUSY
    (first / "stop").touch()
    assert until(lambda: is_free(first.parent) and not first.exists())


@pytest.mark.parametrize(("patience_s", "timeout_s"), [(0.5, 60.0), (60.0, 0.5)])
def test_it_ends_by_itself(tmp_path, patience_s, timeout_s):
    """Nobody waits any more: everything is gone. Its time is up: that is its answer."""
    run = tmp_path / "runs" / "a"
    started(run, 300, patience_s, timeout_s)
    if timeout_s < 1:
        assert ended(run)["reason"] == "timeout"
        (run / "stop").touch()
    assert until(lambda: is_free(run.parent) and not run.exists())


def test_a_job_that_is_none(tmp_path):
    run = tmp_path / "runs" / "a"
    started(run, 0, command=["nowhere/program"])
    assert ended(run) == {"code": 1, "reason": supervise.BROKEN}
    assert "the job can't be run" in (run / "stderr").read_text()
    shutil.rmtree(run)

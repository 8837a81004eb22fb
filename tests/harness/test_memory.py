"""Memory read from outside, against a second source and against a process whose growth is known."""

import os
import subprocess
import sys

import pytest

from albert_edge.errors import RuntimeUnavailableError
from albert_edge.harness import memory
from albert_edge.harness.memory import resident_mb

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@linux
def test_unit_is_a_million_bytes(tmp_path, monkeypatch):
    status = tmp_path / "status"
    status.write_text("Name:\tpython\nVmHWM:\t   99999 kB\nVmRSS:\t   50000 kB\nThreads:\t1\n")
    monkeypatch.setattr(memory, "Path", lambda _: status)
    assert resident_mb(1) == 51.2


@linux
def test_agrees_with_another_file_of_the_kernel():
    with open("/proc/self/statm") as statm:
        pages = int(statm.read().split()[1])
    expected = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    assert resident_mb(os.getpid()) == pytest.approx(expected, rel=0.05)


@pytest.mark.skipif(not os.path.exists("/bin/ps"), reason="needs ps")
def test_ps_tells_the_same():
    assert memory._ps_rss_kib(os.getpid()) * 1024 / 1e6 == pytest.approx(resident_mb(os.getpid()), rel=0.05)


def test_sees_what_a_process_takes():
    code = "import sys; print(); sys.stdin.readline(); held = b'x' * 50_000_000; print(); sys.stdin.readline()"
    process = subprocess.Popen([sys.executable, "-u", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        process.stdout.readline()
        before = resident_mb(process.pid)
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        assert resident_mb(process.pid) - before == pytest.approx(50, abs=1)


def test_a_system_that_tells_nothing_is_one_line(monkeypatch):
    def nothing(*arguments, **options):
        raise FileNotFoundError(2, "No such file or directory", "/bin/ps")

    monkeypatch.setattr(memory.sys, "platform", "plan9")
    monkeypatch.setattr(memory.subprocess, "run", nothing)
    with pytest.raises(RuntimeUnavailableError, match="must tell the memory of a process; received"):
        resident_mb(os.getpid())

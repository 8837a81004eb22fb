"""Memory read from outside, against a second source and against a process whose growth is known."""

import os
import subprocess
import sys

import pytest

from albert_edge.errors import RuntimeUnavailableError
from albert_edge.harness import memory
from albert_edge.harness.memory import allocated_bytes, peak_mb, resident_mb

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@linux
def test_unit_is_a_million_bytes(tmp_path, monkeypatch):
    status = tmp_path / "status"
    status.write_text("Name:\tpython\nVmHWM:\t   99999 kB\nVmRSS:\t   50000 kB\nThreads:\t1\n")
    monkeypatch.setattr(memory, "Path", lambda _: status)
    assert resident_mb(1) == 51.2
    assert peak_mb(1) == pytest.approx(99999 * 1024 / 1e6)


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


@linux
def test_the_peak_stays_when_the_memory_is_gone():
    code = "import sys; held = b'x' * 50_000_000; del held; print(); sys.stdin.readline()"
    process = subprocess.Popen([sys.executable, "-u", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        process.stdout.readline()
        assert peak_mb(process.pid) - resident_mb(process.pid) == pytest.approx(50, abs=3)


ALLOCATING = """
from albert_edge.harness.memory import allocated_bytes
before, how = allocated_bytes()
held = bytes(30_000_000), [bytearray(5000) for _ in range(1000)]
after, _ = allocated_bytes()
del held
print(after - before, allocated_bytes()[0] - before, how)
"""


@linux
def test_what_is_allocated_is_counted_and_given_back():
    """30 MB in one piece, which the allocator maps, and 5 MB in small ones; and the same bytes in another process."""
    runs = [
        subprocess.run([sys.executable, "-c", ALLOCATING], capture_output=True, encoding="ascii", check=True).stdout
        for _ in range(2)
    ]
    held, left, *how = runs[0].split()
    assert int(held) == pytest.approx(35_000_000, rel=0.02)
    assert abs(int(left)) < 200_000
    if how[0] == "mallinfo2":
        assert runs[0] == runs[1]


@linux
def test_an_older_c_library_has_its_pages_counted(monkeypatch):
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: object())
    found, how = allocated_bytes()
    assert how == "anonymous pages of /proc/self/status"
    assert 1e6 < found < 1e6 * resident_mb(os.getpid())


def test_a_system_that_tells_nothing_says_so(monkeypatch):
    monkeypatch.setattr(memory.sys, "platform", "plan9")
    assert peak_mb(os.getpid()) is None
    assert allocated_bytes() == (None, "not counted on this system")


def test_a_system_that_tells_nothing_is_one_line(monkeypatch):
    def nothing(*arguments, **options):
        raise FileNotFoundError(2, "No such file or directory", "/bin/ps")

    monkeypatch.setattr(memory.sys, "platform", "plan9")
    monkeypatch.setattr(memory.subprocess, "run", nothing)
    with pytest.raises(RuntimeUnavailableError, match="must tell the memory of a process; received"):
        resident_mb(os.getpid())

"""A connection that is cut at any point: the run is found again and done once, or ended; nothing is left running."""

from __future__ import annotations

import _thread
import hashlib
import threading
import time
from pathlib import Path

import pytest

from albert_edge.errors import DeviceError
from albert_edge.harness.devices import ssh

pytestmark = pytest.mark.slow

SLOW = "import pathlib, time; open('{log}', 'a').write('begun,'); time.sleep({seconds}); open('{out}', 'w').write('x')"


def slow_run(device, tmp_path: Path, seconds: float, timeout_s: float = 120.0) -> tuple[Path, str]:
    """A program that says when it begins, takes its time and writes one file; that file, and what it said."""
    out, log = tmp_path / "out.txt", tmp_path / "log.txt"
    program = SLOW.replace("{log}", str(log)).replace("{seconds}", str(seconds))
    device.run_module("timeit", ["-n", "1", "-r", "1", program], {}, {"out": out}, timeout_s)
    return out, log.read_text()


def when_begun(tmp_path: Path, action) -> threading.Thread:
    """Do `action` once the program there has begun."""

    def wait() -> None:
        for _ in range(1200):
            if (tmp_path / "log.txt").exists():
                break
            time.sleep(0.05)
        time.sleep(0.3)
        action()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def gone(running) -> bool:
    """Whether all that ran there is gone within a while."""
    for _ in range(300):
        if not running():
            return True
        time.sleep(0.1)
    raise AssertionError(running())


def test_a_run_goes_on_without_its_connection(device, line, tmp_path, running):
    when_begun(tmp_path, line.cut)
    out, said = slow_run(device, tmp_path, 3)
    assert (out.read_text(), said) == ("x", "begun,")
    assert line.connections == 2
    assert gone(running)


def test_a_bench_that_is_cut_gives_its_result(device, line, model, running, folder):
    def cut() -> None:
        while not list((folder / "runs").glob("*-run/started")):
            time.sleep(0.02)
        time.sleep(0.5)
        line.cut()

    threading.Thread(target=cut, daemon=True).start()
    arguments = ["bench", "{model}", "--lengths", "8", "--runs", "3", "--json"]
    result = device.run_json(arguments, {"model": model}, 300)
    assert [length["runs"] for length in result["lengths"]] == [3]
    assert line.connections == 2
    assert gone(running)


@pytest.mark.parametrize("cut_after_bytes", [500, 30_000, 2_500_000])
def test_a_copy_that_is_cut_is_gone_on_with(device, line, tmp_path, folder, cut_after_bytes):
    """In the handshake; in the first blocks; deep in the file."""
    data = b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(120_000))
    (tmp_path / "big.bin").write_bytes(data)
    out = tmp_path / "out.zip"
    line.cut_after_bytes = cut_after_bytes
    run = ("zipfile", ["-c", "{out}", "{big}"], {"big": tmp_path / "big.bin"}, {"out": out}, 60)
    if cut_after_bytes < 5_000:
        # Nobody has answered yet: a device that isn't reached at all is an error at once.
        with pytest.raises(DeviceError, match=r"^device pi must be reached at \[127\.0\.0\.1\]:\d+; received "):
            device.run_module(*run)
        return
    device.run_module(*run)
    copied = folder / "files" / hashlib.sha256(data).hexdigest()
    assert [path.read_bytes() == data for path in copied.iterdir()] == [True]
    assert line.connections == 2


def test_a_damaged_copy_is_found(device, tmp_path, folder):
    """What an earlier copy left is believed by its hash alone."""
    data = bytes(3 << 20)
    (tmp_path / "big.bin").write_bytes(data)
    copied = folder / "files" / hashlib.sha256(data).hexdigest()
    copied.mkdir(parents=True)
    (copied / "big.bin.part").write_bytes(b"other" + data[5 : (2 << 20) + 7])
    out = tmp_path / "out.zip"
    device.run_module("zipfile", ["-c", "{out}", "{big}"], {"big": tmp_path / "big.bin"}, {"out": out}, 60)
    assert [path.read_bytes() == data for path in copied.iterdir()] == [True]


def test_a_host_that_stays_away_is_given_up_on_both_sides(device, line, tmp_path, running, folder, monkeypatch):
    monkeypatch.setattr(ssh, "PATIENCE_S", 3.0)

    def leave() -> None:
        line.is_open = False
        line.cut()

    when_begun(tmp_path, leave)
    with pytest.raises(DeviceError, match=r"^device pi must stay connected; received .* ends by itself within 3 s$"):
        slow_run(device, tmp_path, 300)
    assert gone(running)
    assert list((folder / "runs").glob("*-run")) == []
    assert not (tmp_path / "out.txt").exists()


def test_a_run_out_of_time_is_ended(device, tmp_path, running):
    with pytest.raises(DeviceError, match=r"^device pi: a run must end within 2 s; received none by then$"):
        slow_run(device, tmp_path, 300, timeout_s=2.0)
    assert gone(running)


def test_ctrl_c_ends_the_run_there(device, tmp_path, running, folder):
    when_begun(tmp_path, _thread.interrupt_main)
    with pytest.raises(KeyboardInterrupt):
        slow_run(device, tmp_path, 300)
    assert gone(running)
    assert list((folder / "runs").glob("*-run")) == []


def test_one_run_at_a_time(device, entry, tmp_path, running):
    other = ssh.SshDevice(entry)
    errors: list[Exception] = []

    def second() -> None:
        try:
            slow_run(other, tmp_path, 1)
        except DeviceError as error:
            errors.append(error)

    thread = when_begun(tmp_path, second)
    slow_run(device, tmp_path, 12)
    thread.join()
    assert [str(error) for error in errors] == [
        "device pi must be free; received a run of somebody else that goes on there"
    ]
    assert gone(running)

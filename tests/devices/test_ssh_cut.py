"""A connection that is cut at any point: the run is found again and done once, or ended; nothing is left running."""

from __future__ import annotations

import hashlib
import os
import signal
import threading
from pathlib import Path

import pytest
from loopback import until

from albert_edge.errors import DeviceError
from albert_edge.harness.devices import ssh, sshlink

pytestmark = pytest.mark.slow

PATIENT = """
import pathlib, time
open('{log}', 'a').write('begun,')
while not pathlib.Path('{go}').exists(): time.sleep(0.05)
open('{out}', 'w').write('x')
"""


def patient_run(device, tmp_path: Path, timeout_s: float = 300.0) -> tuple[str, str]:
    """A program that says when it begins, waits for the file `go` and writes one file; what it wrote, and said."""
    out, log = tmp_path / "out.txt", tmp_path / "log.txt"
    program = PATIENT.replace("{log}", str(log)).replace("{go}", str(tmp_path / "go"))
    device.run_module("timeit", ["-n", "1", "-r", "1", program], {}, {"out": out}, timeout_s)
    return out.read_text(), log.read_text()


@pytest.fixture
def when_begun(tmp_path):
    """Do something once the program there has begun; never after the test."""
    over, threads = threading.Event(), []

    def start(action) -> threading.Thread:
        def wait() -> None:
            while not over.wait(0.05):
                if (tmp_path / "log.txt").exists():
                    action()
                    break

        threads.append(threading.Thread(target=wait))
        threads[-1].start()
        return threads[-1]

    yield start
    over.set()
    for thread in threads:
        thread.join()


def runs(folder: Path) -> list[Path]:
    return list((folder / "runs").glob("*-run"))


def test_a_run_goes_on_without_its_connection(device, line, tmp_path, folder, when_begun, gone):
    """To its end: the host finds it ended."""
    ended = []

    def leave() -> None:
        line.is_open = False
        line.cut()
        (tmp_path / "go").touch()
        ended.append(until(lambda: list((folder / "runs").glob("*-run/ended.json"))))
        line.is_open = True

    when_begun(leave)
    assert patient_run(device, tmp_path) == ("x", "begun,")
    assert ended == [True]
    assert line.connections == 2
    assert runs(folder) == []
    assert gone()


def test_a_run_is_found_running(device, line, tmp_path, when_begun, gone):
    def cut() -> None:
        line.cut()
        until(lambda: line.connections == 2)
        (tmp_path / "go").touch()

    when_begun(cut)
    assert patient_run(device, tmp_path) == ("x", "begun,")
    assert line.connections == 2
    assert gone()


def test_a_line_that_says_nothing_is_a_lost_one(device, line, tmp_path, monkeypatch, when_begun, gone):
    """Nobody says that the connection is gone: it is the answers that stay out."""
    monkeypatch.setattr(sshlink, "KEEPALIVE_S", 1)

    def fall_silent() -> None:
        line.silence()
        until(lambda: line.connections > 1)
        (tmp_path / "go").touch()

    when_begun(fall_silent)
    assert patient_run(device, tmp_path) == ("x", "begun,")
    assert gone()


def test_an_answer_that_is_here_is_not_asked_for_again(device, line, tmp_path, monkeypatch, gone):
    """The connection is cut when the run's folder is about to be removed."""
    remove = sshlink.Link.remove

    async def cut_before(self, path: str) -> None:
        line.cut()
        await remove(self, path)

    monkeypatch.setattr(sshlink.Link, "remove", cut_before)
    (tmp_path / "go").touch()
    assert patient_run(device, tmp_path) == ("x", "begun,")
    assert line.connections == 1
    assert gone()


def test_a_bench_that_is_cut_gives_its_result(device, line, model, folder, gone):
    def cut() -> None:
        until(lambda: list((folder / "runs").glob("*-run/pulse")))
        line.cut()

    thread = threading.Thread(target=cut)
    thread.start()
    arguments = ["bench", "{model}", "--lengths", "8", "--runs", "3", "--json"]
    result = device.run_json(arguments, {"model": model}, 300)
    thread.join()
    assert [length["runs"] for length in result["lengths"]] == [3]
    assert line.connections == 2
    assert gone()


@pytest.mark.parametrize("cut_after_bytes", [500, 30_000, 2_500_000])
def test_a_copy_that_is_cut_is_gone_on_with(device, line, tmp_path, folder, cut_after_bytes):
    """In the handshake; in the first blocks; deep in the file."""
    data = b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(120_000))
    (tmp_path / "big.bin").write_bytes(data)
    out = tmp_path / "out.zip"
    line.cut_after_bytes = cut_after_bytes
    run = ("zipfile", ["-c", "{out}", "{big}"], {"big": tmp_path / "big.bin"}, {"out": out}, 300)
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
    device.run_module("zipfile", ["-c", "{out}", "{big}"], {"big": tmp_path / "big.bin"}, {"out": out}, 300)
    assert [path.read_bytes() == data for path in copied.iterdir()] == [True]


def test_a_host_that_stays_away_is_given_up_on_both_sides(
    device, line, tmp_path, folder, monkeypatch, when_begun, gone
):
    monkeypatch.setattr(ssh, "PATIENCE_S", 5.0)

    def leave() -> None:
        line.is_open = False
        line.cut()

    when_begun(leave)
    with pytest.raises(DeviceError, match=r"^device pi must stay connected; received .* ends by itself within 5 s$"):
        patient_run(device, tmp_path)
    assert gone()
    assert runs(folder) == []
    assert not (tmp_path / "out.txt").exists()


def test_a_run_out_of_time_is_ended(device, tmp_path, folder, gone):
    with pytest.raises(DeviceError, match=r"^device pi: a run must end within 2 s; received none by then$"):
        patient_run(device, tmp_path, timeout_s=2.0)
    assert runs(folder) == []
    assert gone()


@pytest.fixture
def ctrl_c():
    """A real one, heard also by tests that a shell started in the background: it has those ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: os.kill(os.getpid(), signal.SIGINT)
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_the_run_there(device, tmp_path, folder, ctrl_c, when_begun, gone):
    when_begun(ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        patient_run(device, tmp_path)
    assert runs(folder) == []
    assert gone()


def test_one_run_at_a_time(device, entry, tmp_path, when_begun, gone):
    """The second is refused and the first goes on."""
    other = ssh.SshDevice(entry)
    errors: list[Exception] = []

    def second() -> None:
        try:
            patient_run(other, tmp_path)
        except DeviceError as error:
            errors.append(error)
        finally:
            (tmp_path / "go").touch()

    thread = when_begun(second)
    assert patient_run(device, tmp_path) == ("x", "begun,")
    thread.join()
    assert [str(error) for error in errors] == [
        "device pi must be free; received another run that goes on there (one whose host is gone ends within 60 s)"
    ]
    assert gone()

"""A real sshd on loopback with keys of its own, and a line to it that can be cut, go silent and be opened again."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator

import pytest

CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile {folder}/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
"""


@dataclass
class Server:
    """Where it listens, and what a client needs."""

    folder: Path
    port: int

    @property
    def key(self) -> Path:
        return self.folder / "user_key"

    @property
    def fingerprint(self) -> str:
        done = subprocess.run(
            ["ssh-keygen", "-lf", self.folder / "host_key.pub"], check=True, capture_output=True, encoding="utf-8"
        )
        return done.stdout.split()[1]

    def known_hosts_line(self, port: int) -> str:
        return f"[127.0.0.1]:{port} " + " ".join((self.folder / "host_key.pub").read_text().split()[:2]) + "\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def sshd(folder: Path) -> Iterator[Server]:
    """Runs while the block does."""
    program = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None or shutil.which("ssh-keygen") is None:
        pytest.skip("needs sshd and ssh-keygen: apt install openssh-server")
    for name in ("host_key", "user_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
    server = Server(folder, free_port())
    (folder / "config").write_text(CONFIG.format(folder=folder, port=server.port))
    if os.geteuid() == 0:
        # Where a server that starts as root shuts its unprivileged half in.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    command = [program, "-D", "-e", "-f", str(folder / "config")]
    with open(folder / "log", "wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            _await_banner(server, process)
            yield server
        finally:
            process.terminate()


def _await_banner(server: Server, process: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        assert process.poll() is None, (server.folder / "log").read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 1) as probe:
            if probe.recv(4) == b"SSH-":
                return
        time.sleep(0.05)
    raise AssertionError((server.folder / "log").read_text())


def user() -> str:
    return getpass.getuser()


def until(condition: Callable[[], object], seconds: float = 60.0) -> bool:
    """Whether `condition` comes true: long enough for a machine with much else to do."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def processes_of(folder: Path) -> dict[int, str]:
    """Number -> command line of all other processes that name `folder` or something in it."""
    lines = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(folder) in line and int(path.parent.name) != os.getpid():
                lines[int(path.parent.name)] = line
    return lines


class Line:
    """A TCP relay to the server: the cable that a test pulls."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.connections = 0
        self.is_open = True
        self.cut_after_bytes: int | None = None
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._silent: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Every connection ends at once, in both directions."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def silence(self) -> None:
        """Nothing comes through any more on the connections that there are, and nobody is told."""
        self._silent.update(end for pair in self._pairs for end in pair)

    def close(self) -> None:
        self.is_open = False
        # A thread that waits in `accept` would take one more connection.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self.is_open:
                near.close()
                continue
            self.connections += 1
            far = socket.create_connection(("127.0.0.1", self.target_port))
            self._pairs.append((near, far))
            for source, target, is_up in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._copy, args=(source, target, is_up), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket, is_up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if is_up and self.cut_after_bytes is not None:
                    self.cut_after_bytes -= len(data)
                    if self.cut_after_bytes < 0:
                        self.cut_after_bytes = None
                        self.cut()
                        break
                if source not in self._silent:
                    target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

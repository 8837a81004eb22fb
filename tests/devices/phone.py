"""A phone's half of the adb protocol, over TCP: enough of adbd for the real client's shell, push, and exec-out.

After Android's docs (packages/modules/adb, protocol.txt, SYNC.TXT, shell_protocol.h). Commands run in this machine's
shell, with the phone's folders inside of a temporary one and its programs first on the path.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import struct
import subprocess
import threading
from pathlib import Path

FOLDERS = ("/data/local/tmp", "/sdcard")
BANNER = b"device::ro.product.name=stub;ro.product.model=Stub;ro.product.device=stub;features=shell_v2,cmd"
VERSION, MOST_BYTES = 0x01000001, 256 * 1024


class Phone:
    """Listens until closed; `commands` is what was run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.commands: list[str] = []
        for folder in FOLDERS:
            (root / folder[1:]).mkdir(parents=True)
        (root / "bin").mkdir()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def serial(self) -> str:
        return f"127.0.0.1:{self.port}"

    def program(self, name: str, script: str) -> Path:
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def here(self, text: str) -> str:
        """With the phone's folders replaced by ours."""
        for folder in FOLDERS:
            text = text.replace(folder, str(self.root / folder[1:]))
        return text

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                _Transport(self, self._listener.accept()[0])


class _Transport:
    """One connection of an adb server."""

    def __init__(self, phone: Phone, connection: socket.socket) -> None:
        self.phone, self.connection = phone, connection
        self.lock = threading.Lock()
        self.streams: dict[int, _Stream] = {}
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, command: bytes, first: int, second: int, data: bytes = b"") -> None:
        number = int.from_bytes(command, "little")
        header = struct.pack("<6I", number, first, second, len(data), sum(data) & 0xFFFFFFFF, number ^ 0xFFFFFFFF)
        with self.lock, contextlib.suppress(OSError):
            self.connection.sendall(header + data)

    def _read(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            while True:
                number, first, second, size, _, _ = struct.unpack("<6I", self._exactly(24))
                self._handle(number.to_bytes(4, "little"), first, second, self._exactly(size))

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            block = self.connection.recv(size - len(data))
            if not block:
                raise EOFError
            data += block
        return data

    def _handle(self, command: bytes, theirs: int, ours: int, data: bytes) -> None:
        if command == b"CNXN":
            self.send(b"CNXN", VERSION, MOST_BYTES, BANNER)
        elif command == b"OPEN":
            stream = _Stream(self, theirs, len(self.streams) + 1)
            self.streams[stream.ours] = stream
            self.send(b"OKAY", stream.ours, theirs)
            service = data.rstrip(b"\0").decode()
            threading.Thread(target=stream.serve, args=(service,), daemon=True).start()
        elif command == b"WRTE":
            self.streams[ours].received.put(data)
            self.send(b"OKAY", ours, theirs)
        elif command == b"OKAY":
            self.streams[ours].acknowledged.release()
        elif command == b"CLSE":
            self.streams[ours].received.put(b"")


class _Stream:
    """One service that was opened."""

    def __init__(self, transport: _Transport, theirs: int, ours: int) -> None:
        self.transport, self.theirs, self.ours = transport, theirs, ours
        self.received: queue.Queue[bytes] = queue.Queue()
        self.acknowledged = threading.Semaphore(0)
        self._rest = b""

    def write(self, data: bytes) -> None:
        for start in range(0, len(data), 65536):
            self.transport.send(b"WRTE", self.ours, self.theirs, data[start : start + 65536])
            self.acknowledged.acquire()

    def read(self, size: int) -> bytes:
        while len(self._rest) < size:
            block = self.received.get()
            if not block:
                raise EOFError
            self._rest += block
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def serve(self, service: str) -> None:
        kind, _, text = service.partition(":")
        with contextlib.suppress(EOFError):
            if kind.startswith("shell,v2"):
                done = self._run(text)
                for stream, data in ((1, done.stdout), (2, done.stderr)):
                    if data:
                        self.write(struct.pack("<BI", stream, len(data)) + data)
                self.write(struct.pack("<BIB", 3, 1, done.returncode & 0xFF))
            elif kind == "exec":
                self.write(self._run(text).stdout)
            elif kind == "sync":
                self._sync()
        self.transport.send(b"CLSE", self.ours, self.theirs)

    def _run(self, text: str) -> subprocess.CompletedProcess[bytes]:
        phone = self.transport.phone
        phone.commands.append(text)
        environment = {**os.environ, "PATH": f"{phone.root / 'bin'}:{os.environ['PATH']}"}
        return subprocess.run(["sh", "-c", phone.here(text)], capture_output=True, env=environment, check=False)

    def _sync(self) -> None:
        while True:
            request, size = struct.unpack("<4sI", self.read(8))
            if request == b"QUIT":
                return
            path = Path(self.transport.phone.here(self.read(size).decode().partition(",")[0]))
            if request in (b"STAT", b"LSTA"):
                found = path.stat() if path.exists() else None
                shown = (found.st_mode, found.st_size & 0xFFFFFFFF, int(found.st_mtime)) if found else (0, 0, 0)
                self.write(b"STAT" + struct.pack("<3I", *shown))
            elif request == b"SEND":
                self._receive(path)

    def _receive(self, path: Path) -> None:
        with open(path, "wb") as file:
            while True:
                kind, size = struct.unpack("<4sI", self.read(8))
                if kind == b"DONE":
                    break
                file.write(self.read(size))
        self.write(b"OKAY" + struct.pack("<I", 0))

"""Connections of the device kind `ssh`, over asyncssh: opened with the host's key checked, files, short commands.

A host's key must be known before anything is sent: from OpenSSH's own files, or pinned by `device add --host-key` with
a fingerprint that its owner read on the device. A key is never accepted because it was offered, and whatever
~/.ssh/config says, the check stays on. Passwords and passphrases are never asked for: a key file, or an agent.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import shlex
from pathlib import Path
from typing import Any, AsyncIterator, Iterator, Optional

from albert_edge.errors import DeviceError, MissingPackageError

CONNECT_S = 20.0
KEEPALIVE_S = 5
KEEPALIVES = 3
"""A peer that has been silent for so many of them is gone."""

BLOCK_BYTES = 1 << 20
KEY_KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-256")

SYSTEM_KNOWN_HOSTS = (Path("/etc/ssh/ssh_known_hosts"), Path("~/.ssh/known_hosts"))


class LostError(Exception):
    """The connection is gone; what was under way may or may not have happened."""


@dataclasses.dataclass(frozen=True)
class Address:
    """Where a device is, and who is asked to let us in."""

    name: str
    host: str
    port: int
    user: Optional[str]
    key: Optional[str]
    """File of a private key; None: an agent's, or OpenSSH's default files."""
    python: str
    """The device's own, by name or path."""
    known_hosts: tuple[Path, ...]
    """Files whose keys are believed, beside those of `SYSTEM_KNOWN_HOSTS`."""

    @property
    def place(self) -> str:
        """As known_hosts writes it."""
        return self.host if self.port == 22 else f"[{self.host}]:{self.port}"


def library() -> Any:
    """asyncssh; raises `MissingPackageError` without it."""
    try:
        import asyncssh
    except ImportError as error:
        raise MissingPackageError(
            "devices over ssh need the package asyncssh (pip install 'albert-edge[harness]'); received none"
        ) from error
    return asyncssh


@contextlib.asynccontextmanager
async def connected(address: Address) -> AsyncIterator[Link]:
    """A connection to `address`, closed afterwards.

    Raises `DeviceError` where the host's key isn't known or another, the login is refused, or a setting can't be read,
    and `LostError` if there is nobody, or the connection is lost inside of the block.
    """
    asyncssh = library()
    with _losses(address.name):
        try:
            connection = await asyncssh.connect(address.host, **_options(address))
        except asyncssh.HostKeyNotVerifiable as error:
            raise await _unverified(address) from error
        except (asyncssh.PermissionDenied, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            shown = f"{address.user or 'this user'} with {address.key or 'the keys at hand'}"
            raise DeviceError(f"device {address.name} must let the user in; received {error} for {shown}") from error
        except ValueError as error:
            raise DeviceError(
                f"device {address.name} must have a host, known_hosts and ~/.ssh/config that can be read; "
                f"received {error}"
            ) from error
        async with connection, connection.start_sftp_client() as files:
            yield Link(address.name, connection, files, address.python)


class Link:
    """An open connection. Any method raises `LostError`, by way of `connected`, if it breaks."""

    def __init__(self, name: str, connection: Any, files: Any, python: str) -> None:
        self._name, self._connection, self._files, self._python = name, connection, files, python

    async def run(self, *words: str) -> tuple[int, str]:
        """A short command there: its exit code, and all that it printed. Words are quoted for the shell."""
        done = await self._connection.run(shlex.join(words), stderr=library().STDOUT, errors="replace")
        if done.exit_status is None:
            raise LostError("the command's end was not told")
        return done.exit_status, str(done.stdout)

    async def absolute(self, path: str) -> str:
        """Of a path that starts in the user's home."""
        return str(await self._files.realpath(path))

    async def make_folder(self, path: str) -> None:
        """With its parents, for its owner alone."""
        await self._files.makedirs(path, exist_ok=True)
        await self._files.chmod(path, 0o700)

    async def read(self, path: str) -> Optional[bytes]:
        """The bytes of a file there; None if there is none."""
        try:
            async with self._files.open(path, "rb") as file:
                return bytes(await file.read())
        except library().SFTPNoSuchFile:
            return None

    async def write(self, path: str, data: bytes) -> None:
        """A small file there, whole or not at all: who reads it there may be reading just now.

        Raises `LostError` where its folder is gone, as of a run that the device gave up.
        """
        try:
            async with self._files.open(f"{path}.new", "wb") as file:
                await file.write(data)
            await self._files.posix_rename(f"{path}.new", path)
        except library().SFTPNoSuchFile as error:
            raise LostError(f"the folder of {path} is gone") from error

    async def exists(self, path: str) -> bool:
        """Whether there is a file or folder of that name there."""
        return bool(await self._files.exists(path))

    async def remove(self, path: str) -> None:
        """A file or a whole folder; one that isn't there, or goes meanwhile, is no error."""
        missing = library().SFTPNoSuchFile

        def raised(*call: Any) -> None:
            error = call[2][1]
            if not isinstance(error, missing):
                raise error

        with contextlib.suppress(missing):
            if await self._files.isdir(path):
                await self._files.rmtree(path, onerror=raised)
            else:
                await self._files.remove(path)

    async def forget(self, path: str) -> None:
        """Remove a run's folder whose answer is here: if the connection breaks now, the device does it some day."""
        with contextlib.suppress(LostError), _losses(self._name):
            await self.remove(path)

    async def upload(self, data: bytes, path: str) -> None:
        """Copy `data` there under the final name only once its hash has been checked there.

        What an earlier, broken copy left in `path.part` is gone on with: blocks are sent one after the other, so all
        but the last are whole.
        """
        if await self.exists(path):
            return
        part, digest = f"{path}.part", hashlib.sha256(data).hexdigest()
        size = await self._size(part)
        start = 0 if size > len(data) else max(0, size - 1) // BLOCK_BYTES * BLOCK_BYTES
        async with self._files.open(part, "r+b" if start else "wb") as file:
            for offset in range(start, len(data), BLOCK_BYTES):
                await file.write(data[offset : offset + BLOCK_BYTES], offset)
        found = await self._sha256(part)
        if found != digest:
            await self.remove(part)
            raise LostError(f"the copy has another hash, {found or 'none'}")
        await self._files.posix_rename(part, path)

    async def _size(self, path: str) -> int:
        try:
            return int((await self._files.stat(path)).size or 0)
        except library().SFTPNoSuchFile:
            return 0

    async def _sha256(self, path: str) -> str:
        code, output = await self.run("sha256sum", path)
        if code:
            # Not every system has the command; all have to have Python.
            code, output = await self.run(self._python, "-c", _SHA256, path)
        if code:
            raise DeviceError(f"the device must have {self._python}; received exit code {code}: {output.strip()[-80:]}")
        # What the user's shell says at its start stands before; sha256sum marks a name that it had to escape.
        return output.strip().splitlines()[-1].split()[0].lstrip("\\")


_SHA256 = "import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest())"


@contextlib.contextmanager
def _losses(name: str) -> Iterator[None]:
    """Every way in which asyncssh says that the connection is gone, as `LostError`."""
    asyncssh = library()
    try:
        yield
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.ConnectionLost) as error:
        raise LostError(str(error)) from error
    except asyncssh.SFTPError as error:
        raise DeviceError(f"device {name} must let files be written and read; received {error.reason}") from error
    except (asyncssh.DisconnectError, asyncssh.ChannelOpenError) as error:
        raise LostError(error.reason) from error
    except (OSError, asyncio.TimeoutError) as error:
        raise LostError(str(error) or "no answer in time") from error


def _options(address: Address) -> dict[str, Any]:
    return {
        "port": address.port,
        **({"username": address.user} if address.user else {}),
        **({"client_keys": [address.key]} if address.key else {}),
        # Bytes that aren't empty: nothing at all, or a file named in ~/.ssh/config, would turn the check off.
        "known_hosts": known_hosts_text(address),
        "preferred_auth": ["publickey"],
        "connect_timeout": CONNECT_S,
        "login_timeout": CONNECT_S,
        "keepalive_interval": KEEPALIVE_S,
        "keepalive_count_max": KEEPALIVES,
    }


def known_hosts_text(address: Address) -> bytes:
    """All lines of the files that are believed, never empty."""
    paths = [path.expanduser() for path in (*SYSTEM_KNOWN_HOSTS, *address.known_hosts)]
    return b"\n".join([b"# Keys of hosts", *(path.read_bytes() for path in paths if path.is_file()), b""])


async def offered_keys(address: Address) -> dict[str, str]:
    """Fingerprint (SHA256:...) of each key that the host offers -> its line for known_hosts. Not believed yet."""
    asyncssh = library()
    found: dict[str, str] = {}
    refusal: Optional[Exception] = None
    with _losses(address.name):
        for kind in KEY_KINDS:
            try:
                key = await asyncssh.get_server_host_key(
                    address.host, address.port, server_host_key_algs=[kind], config=None
                )
            except (asyncssh.KeyExchangeFailed, asyncssh.ConnectionLost, ConnectionResetError) as error:
                # The host has no key of this kind; some servers say so by leaving.
                refusal = error
                continue
            if key is not None:
                line = key.export_public_key("openssh").decode().strip()
                found[key.get_fingerprint()] = f"{address.place} {' '.join(line.split()[:2])}"
    if refusal is not None and not found:
        raise LostError(str(refusal)) from refusal
    return found


async def _unverified(address: Address) -> DeviceError:
    """Whether the host has no key that is known, or another than it had, and what to do."""
    offered = ", ".join(await offered_keys(address)) or "none"
    known = library().import_known_hosts(known_hosts_text(address).decode())
    keys = known.match(address.host, "", address.port)[0]
    if keys:
        was = ", ".join(key.get_fingerprint() for key in keys)
        return DeviceError(
            f"device {address.name} must have the host key that is known, {was}; received {offered}: another machine, "
            "or one that was set up anew"
        )
    return DeviceError(
        f"device {address.name} must have a host key that is known; received {offered}: compare it with what "
        "`ssh-keygen -lf` says on the device, then add the device with --host-key FINGERPRINT"
    )

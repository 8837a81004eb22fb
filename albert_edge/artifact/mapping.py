"""A file's bytes without a copy of them in the process's own memory.

A model's weights are read once, when the interpreter packs them, and its tables a few rows at a time. Mapped, they are
the system's to drop and to read again; copied, they take a device 12 MB for good. A mapped file must not change under
the interpreter, though: what was checked is what has to run. Replacing the file (a rename, as `atomic_write` does)
leaves the mapped one as it is. Overwriting it in place doesn't, and is refused at the next run, told by the file's time
of modification.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from pathlib import Path
from typing import BinaryIO, Optional

from albert_edge.errors import ArtifactError

_MAPS = Path("/proc/self/maps")
_MADV_DONTNEED = 4


class MappedFile:
    """The open `file`, not empty, mapped for reading; it stays mapped for as long as a view of it is held."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = os.fdopen(os.dup(file.fileno()), "rb")
        self._stamp = self._current_stamp()
        self.view = memoryview(mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ))

    @property
    def path(self) -> Optional[str]:
        """A path to this very file, whatever its name stands for by now; None where the system has no such paths."""
        return f"/proc/self/fd/{self._file.fileno()}" if _MAPS.exists() else None

    def check_unchanged(self) -> None:
        """Raise `ArtifactError` if the file was written to since it was mapped."""
        if self._current_stamp() != self._stamp:
            raise ArtifactError(
                "a model's file must stay as it is while it is loaded; received one that was written to"
            )

    def drop_pages(self) -> None:
        """Take the file's bytes out of the process's memory, wherever it is mapped; they are read again when needed.

        Only shared mappings for reading are touched, which lose nothing. Does nothing outside Linux.
        """
        if self.path is None:
            return
        libc = ctypes.CDLL(None)
        libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        name = os.fsencode(os.readlink(self.path))
        for line in _MAPS.read_bytes().splitlines():
            if line.endswith(name):
                addresses, permissions, _, _, _, mapped = line.split(maxsplit=5)
                if permissions == b"r--s" and mapped == name:
                    start, end = (int(address, 16) for address in addresses.split(b"-"))
                    libc.madvise(start, end - start, _MADV_DONTNEED)

    def _current_stamp(self) -> tuple[int, int]:
        # Not the time of the last change of status: replacing or removing the file's name sets that.
        status = os.fstat(self._file.fileno())
        return status.st_size, status.st_mtime_ns

"""Holding back what libraries say on the way: native ones straight to standard error, others through absl's logger."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
from typing import Iterator


@contextlib.contextmanager
def notices_held_back(notice: bytes = b"") -> Iterator[None]:
    """Inside, what anybody writes to file descriptor 2 is kept; afterwards the lines of worth are shown.

    Lines that start with `notice` are dropped, unless the body raises: then every line is shown. The default drops all.
    For short sections: another thread's messages come late.
    """
    sys.stderr.flush()
    real = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            sys.stderr.flush()
            os.dup2(real, 2)
            os.close(real)
            kept.seek(0)
            lines = kept.readlines()
            os.write(2, b"".join(line for line in lines if failed or not line.startswith(notice)))


@contextlib.contextmanager
def absl_errors_only() -> Iterator[None]:
    """Inside, what is logged through absl is shown from errors on."""
    log = logging.getLogger("absl")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)

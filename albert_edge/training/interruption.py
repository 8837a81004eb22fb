"""Ctrl-C during a training: the running step ends, then the training does, in a state that can be stored."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import Any, Iterator


class Interruption:
    """Whether the user has asked for the end."""

    requested = False


@contextlib.contextmanager
def noticed_interruption() -> Iterator[Interruption]:
    """Inside, the first Ctrl-C only sets `requested`; a second one raises `KeyboardInterrupt` as usual.

    Outside the main thread, where Python delivers no signals, nothing changes.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    previous = signal.getsignal(signal.SIGINT)

    def notice(*_: Any) -> None:
        interruption.requested = True
        signal.signal(signal.SIGINT, previous)

    signal.signal(signal.SIGINT, notice)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, previous)

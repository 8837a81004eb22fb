"""The conversion's own process: TensorFlow's converter and the quantizer are native; a crash of them is a message here.

One child builds for this process. It is kept for `IDLE_S` after a build, so that several conversions in a row share
TensorFlow's start, which takes longer than most builds; it ends with this process. What goes in and comes out are
messages with arrays, never pickles. Leaves out limits of time and memory: both depend on the user's own model.
"""

from __future__ import annotations

import atexit
import threading
from typing import TYPE_CHECKING, Iterator, Optional, Sequence

import albert_edge.errors
from albert_edge.errors import CheckFailedError
from albert_edge.runtime.children import Child, child_environment
from converters.messages import Message, read_built, read_reference, request_message

if TYPE_CHECKING:
    from albert_edge.text.packing import Packed
    from converters.built import BuildRequest, Built
    from converters.reference import Answers

IDLE_S = 30.0


def build_apart(request: BuildRequest, samples: Sequence[Packed] = ()) -> tuple[list[Built], dict[str, Answers]]:
    """`building.builds` in a process of its own, and the Keras model's answers to `samples`, task -> one a sample.

    Raises what the build raises, and `CheckFailedError` in one line if the process ends otherwise.
    """
    answers = list(_WORKERS.exchange(request_message(request, samples), len(request.plans) + bool(samples)))
    reference = read_reference(*answers.pop()) if samples else {}
    return [read_built(*answer) for answer in answers], reference


def builds_apart(request: BuildRequest) -> Iterator[Built]:
    """As `build_apart`, one plan after the other, so that one flatbuffer is in memory.

    Whoever stops early ends the child.
    """
    for answer in _WORKERS.exchange(request_message(request, ()), len(request.plans)):
        yield read_built(*answer)


class _Workers:
    """The child that is kept, if there is one."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._kept: Optional[Child] = None
        self._timer: Optional[threading.Timer] = None
        atexit.register(self.close)

    def exchange(self, message: Message, answers: int) -> Iterator[Message]:
        """The answers of a child, a new one if none is kept; an error that it answers with is raised."""
        with self._lock:
            process, finished = self._taken(), False
            try:
                process.send(*message)
                for left in reversed(range(answers)):
                    answer = _received(process)
                    # What the child can say, it has survived; it waits for the next message then. Known in front of
                    # the `yield`: who has the last answer doesn't ask for another one.
                    finished = left == 0 or "error" in answer[0]
                    _raise_told(answer)
                    yield answer
            finally:
                if finished:
                    self._keep(process)
                else:
                    _end(process)

    def _taken(self) -> Child:
        """The child that is kept, if it is still there, or a new one."""
        self._stop_timer()
        process, self._kept = self._kept, None
        if process is not None and process.is_gone:
            _end(process)
            process = None
        return process or Child("converters.worker_child", child_environment())

    def _keep(self, process: Child) -> None:
        # Of two conversions within each other the inner one's child may be kept already.
        self.close()
        self._kept = process
        self._timer = threading.Timer(IDLE_S, self.close)
        self._timer.daemon = True
        self._timer.start()

    def close(self) -> None:
        """End the child that is kept."""
        with self._lock:
            self._stop_timer()
            if self._kept is not None:
                _end(self._kept)
                self._kept = None

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _received(child: Child) -> Message:
    """Its next answer; raises `CheckFailedError` with how the child ended, if it did."""
    answer = child.receive()
    if answer is None:
        raise CheckFailedError(f"the conversion must end with a file; received {child.ending('its process')}")
    return answer


def _end(child: Child) -> None:
    """At once: what it may still be building is asked for no more."""
    child.close(patience_s=0)


def _raise_told(answer: Message) -> None:
    if "error" in answer[0]:
        kind, text = answer[0]["error"]
        raise getattr(albert_edge.errors, kind)(text)


_WORKERS = _Workers()

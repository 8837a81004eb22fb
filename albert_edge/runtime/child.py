"""The other end of `isolated`: loads and runs one model as it is told through standard input.

Started as `python -m albert_edge.runtime.child`; ends when its standard input does.
"""

from __future__ import annotations

import sys
from typing import IO, Any

from albert_edge.errors import AlbertEdgeError
from albert_edge.runtime.children import answering_stream
from albert_edge.runtime.frames import receive, send
from albert_edge.runtime.interpreter import open_session
from albert_edge.runtime.session import Arrays, Session

MEMORY_LIMIT_BYTES = 4 * 1024**3
"""Of address space: a model may ask for any size, and the device's other programs must go on."""


def main() -> None:
    """Answer messages until there are no more."""
    answers = answering_stream()
    _limit_resources()
    first = receive(sys.stdin.buffer)
    if first is None:
        return
    try:
        session = _load(answers, *first)
        while (message := receive(sys.stdin.buffer)) is not None:
            send(answers, {}, session.run(message[1]))
    except AlbertEdgeError as error:
        send(answers, {"error": str(error)}, {})


def _load(answers: IO[bytes], fields: dict[str, Any], arrays: Arrays) -> Session:
    session = open_session(arrays["model"].tobytes(), fields["threads"], fields["runtime"])
    inputs = {name: [spec.dtype, list(spec.shape)] for name, spec in session.inputs.items()}
    send(answers, {"runtime": session.runtime, "inputs": inputs}, {})
    return session


def _limit_resources() -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()

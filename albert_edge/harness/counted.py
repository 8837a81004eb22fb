"""`python -m albert_edge.harness.counted`: inferences between marks, for a tool that counts instructions outside.

A mark is a call of `getpgid` with a number that no process group has. It changes nothing, and both tools see it: qemu's
plugin the system call (`devices/qemu/counting.c`), callgrind the function. What lies between two marks is one call of
`Session.run`: the interpreter's work and a little of Python's. Leaves out the counting, which is `harness.cost`'s.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
from typing import Any, Optional

MARK = 0x41450000
"""Above the highest process id of Linux (2^22)."""

WARM_UP = 3
"""The first run of a length allocates; those after it have settled by then."""


def mark() -> None:
    """Say to whoever counts that a new stretch begins."""
    with contextlib.suppress(OSError):
        os.getpgid(MARK)


def main(arguments: Optional[list[str]] = None) -> None:
    """Run what the one argument, a JSON object, says: `path`, `tokens`, `runs`, `max_depth` or None, perhaps `runtime`.

    Prints one JSON object: `runtime`, package and version of the interpreter.
    """
    values: dict[str, Any] = json.loads((sys.argv[1:] if arguments is None else arguments)[0])
    from albert_edge.harness.latency import request
    from albert_edge.runtime.interpreter import open_session

    with open_session(values["path"], runtime=values.get("runtime")) as session:
        inputs = request(session, values["tokens"], values["max_depth"])
        for _ in range(WARM_UP):
            session.run(inputs)
        gc.disable()
        mark()
        for _ in range(values["runs"]):
            session.run(inputs)
            mark()
        print(json.dumps({"runtime": session.runtime}))


if __name__ == "__main__":
    main()

"""One engine in a process of its own: `python -m benchmarks.compare.child MODULE VARIANT`, told what to do by messages.

Messages are `albert_edge.runtime.frames`: an `action` and its values in, the answer or an `error` out. Needs numpy and
what the engine needs; ends when its standard input does.
"""

import importlib
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any, Callable

from albert_edge.runtime.children import answering_stream
from albert_edge.runtime.frames import receive, send

Answer = tuple[dict[str, Any], dict[str, Any]]


class Server:
    """The engine's module, and once it is loaded its function."""

    def __init__(self, module: str, variant: str) -> None:
        self._peer, self._variant = importlib.import_module(module), variant
        self._run: Any = None

    def imports(self, fields: dict[str, Any], arrays: dict[str, Any]) -> Answer:  # noqa: ARG002
        """The engine without a model; answers with the versions of its packages."""
        self._peer.imports()
        return {"versions": {name: _version(name) for name in self._peer.PACKAGES}}, {}

    def prepare(self, fields: dict[str, Any], arrays: dict[str, Any]) -> Answer:
        """Make its files from the model's folder."""
        samples = [arrays[name] for name in sorted(arrays)]
        self._peer.prepare(Path(fields["model"]), Path(fields["folder"]), samples, self._variant)
        return {}, {}

    def load(self, fields: dict[str, Any], arrays: dict[str, Any]) -> Answer:  # noqa: ARG002
        """From the path to a function that can be called; the imports were before.

        A peer with `check` is given what that makes of the folder, and its time stands apart.
        """
        check_ms, checked = _timed_ms(lambda: getattr(self._peer, "check", Path)(Path(fields["folder"])))
        load_ms, self._run = _timed_ms(lambda: self._peer.load(checked, self._variant))
        return {"load_ms": load_ms, "check_ms": check_ms}, {}

    def run(self, fields: dict[str, Any], arrays: dict[str, Any]) -> Answer:
        """Call it `times` times on one request: all times, and the last logits."""
        raw_ms = []
        logits: Any = None
        for _ in range(fields["times"]):
            spent_ms, logits = _timed_ms(lambda: self._run(arrays["input_ids"], arrays["token_type_ids"]))
            raw_ms.append(spent_ms)
        return {"raw_ms": raw_ms}, {"logits": logits}


def main(module: str, variant: str) -> None:
    """Answer until there are no more messages; an error ends the process too."""
    answers = answering_stream()
    try:
        server = Server(module, variant)
        while (message := receive(sys.stdin.buffer)) is not None:
            fields, arrays = message
            send(answers, *getattr(server, fields["action"])(fields, arrays))
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        send(answers, {"error": f"{type(error).__name__}: {lines[0]}".strip()}, {})
        raise


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"


def _timed_ms(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter_ns()
    result = call()
    return (time.perf_counter_ns() - start) / 1e6, result


if __name__ == "__main__":
    main(*sys.argv[1:])

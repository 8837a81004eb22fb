"""What `processes.probe` runs in a fresh process: each function does one thing once, times it, and is then looked at.

numpy, sentencepiece and the interpreter are imported before; each function imports the project's own modules first and
starts its clock then.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any, Optional


def load_interpreter(path: str, threads: int, runtime: str) -> tuple[object, dict[str, float]]:
    """`load_ms`: an interpreter made from the checked bytes, with its delegate's packing and its allocation."""
    from albert_edge.artifact import read_artifact
    from albert_edge.runtime.interpreter import open_session

    artifact = read_artifact(path)
    start = time.perf_counter_ns()
    session = open_session(artifact, threads, runtime)
    return session, {"load_ms": _milliseconds_since(start)}


def open_and_answer(
    path: str,
    threads: int,
    runtime: str,
    tasks: list[str],
    tokenizer_kind: str,
    item: Any,
    max_depth: Optional[int],
) -> tuple[object, dict[str, float]]:
    """`open_ms`: from the path to a predictor that is ready. Then it answers one item, for what that does to memory.

    `tasks` and `tokenizer_kind` are the file's: their modules are imported before the clock starts.
    """
    import albert_edge.runtime.combined
    import albert_edge.text.tokenizer
    from albert_edge.pipelines import pipeline_class
    from albert_edge.runtime.predictor import load

    for task in tasks:
        pipeline_class(task)
    if tokenizer_kind == "wordpiece":
        import albert_edge.text.wordpiece  # noqa: F401
    start = time.perf_counter_ns()
    predictor = load(path, threads, runtime)
    open_ms = _milliseconds_since(start)
    predictor.answer_item(item, max_depth)
    return predictor, {"open_ms": open_ms}


def allocate(
    path: str, threads: int, runtime: str, tokens: int, max_depth: Optional[int]
) -> tuple[object, dict[str, Any]]:
    """`packed_bytes`, what loading the file allocated, `activation_bytes`, what the first run of `tokens` tokens did
    beyond that, and `how` they were counted (None where they can't be). The file itself is mapped, and isn't in them.
    """
    from albert_edge.artifact import read_artifact
    from albert_edge.harness.latency import request
    from albert_edge.harness.memory import allocated_bytes
    from albert_edge.runtime.interpreter import open_session

    artifact = read_artifact(path)
    before, how = allocated_bytes()
    session = open_session(artifact, threads, runtime)
    loaded, _ = allocated_bytes()
    inputs = request(session, tokens, max_depth)
    ready, _ = allocated_bytes()
    outputs = session.run(inputs)
    ran, _ = allocated_bytes()
    answer = {
        "packed_bytes": None if before is None or loaded is None else loaded - before,
        "activation_bytes": None if ready is None or ran is None else ran - ready,
        "how": how,
    }
    return (session, outputs), answer


def evaluated(columns: Optional[dict[str, Any]], **arguments: Any) -> tuple[object, dict[str, Any]]:
    """What `evaluate` returns; `columns` are the fields of `Columns`."""
    from albert_edge.harness.evaluation import evaluate
    from albert_edge.text.tables import Columns

    return None, evaluate(columns=None if columns is None else Columns(**columns), **arguments)


def walked(columns: Optional[dict[str, Any]], **arguments: Any) -> tuple[object, dict[str, Any]]:
    """What `walk` returns; `columns` are the fields of `Columns`."""
    from albert_edge.harness.walks import walk
    from albert_edge.text.tables import Columns

    return None, dict(walk(columns=None if columns is None else Columns(**columns), **arguments))


def main(name: str, arguments: str) -> None:
    """Call the function `name` with the JSON object `arguments`, print its answer, and hold its result until told."""
    held, answer = _FUNCTIONS[name](**json.loads(arguments))
    print(json.dumps(answer), flush=True)
    sys.stdin.read()
    del held


_FUNCTIONS: dict[str, Any] = {
    each.__name__: each for each in (load_interpreter, open_and_answer, allocate, evaluated, walked)
}


def _milliseconds_since(start_ns: int) -> float:
    return (time.perf_counter_ns() - start_ns) / 1e6

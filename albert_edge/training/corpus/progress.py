"""How far a corpus is, counted in the work folder: that works with every runner."""

from __future__ import annotations

import contextlib
import threading
from typing import Iterator

from albert_edge.training.corpus.work import Work
from albert_edge.training.reporting import Reporter

_SECONDS = 0.5


@contextlib.contextmanager
def watched(work: Work, reporter: Reporter) -> Iterator[None]:
    """Inside, `reporter` hears of what is done: two steps a piece of text, and one a shard."""
    ended = threading.Event()

    def watch() -> None:
        total = None
        while not ended.wait(_SECONDS):
            if total is None and all(work.path("text", f"{i:05d}.json").exists() for i in range(len(work.inputs))):
                total = 2 * sum(1 for _ in work.all_pieces()) + len(work.parts) * work.settings.shards
            if total is not None:
                reporter.progress(_done(work), total)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        reporter.end()


def _done(work: Work) -> int:
    steps = [*work.path("documents", "").glob("*.json"), *work.path("records", "").glob("*.json")]
    return len(steps) + len(list(work.path("records", "").glob("*.shard-*")))

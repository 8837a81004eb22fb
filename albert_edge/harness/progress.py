"""A progress bar on standard error for whoever watches: a terminal, and tqdm installed, which a device needn't have."""

from __future__ import annotations

import sys
from typing import Collection, Iterable, TypeVar

Step = TypeVar("Step")


def with_progress(steps: Collection[Step], what: str) -> Iterable[Step]:
    """`steps` one after another; where someone watches, a bar named `what` grows meanwhile and vanishes at the end."""
    if not sys.stderr.isatty():
        return steps
    try:
        from tqdm import tqdm
    except ImportError:
        return steps
    bar: Iterable[Step] = tqdm(steps, desc=what, leave=False, file=sys.stderr)
    return bar

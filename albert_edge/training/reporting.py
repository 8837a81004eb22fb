"""What a training says while it runs: nothing, or lines and a progress bar on standard error."""

from __future__ import annotations

import sys
from typing import Any, Iterable, Mapping, Optional, Sequence, TypeVar

from albert_edge.model.packages import host_package

_Part = TypeVar("_Part")


class Reporter:
    """Listens to a training; this one says nothing."""

    def note(self, text: str) -> None:
        """Something that the user should know once."""

    def over(self, parts: Sequence[_Part], what: str) -> Iterable[_Part]:  # noqa: ARG002 - this one says nothing
        """`parts` one by one: work before the first step, which `what` says."""
        return parts

    def progress(self, done: int, total: int) -> None:
        """`done` of `total` parts are ready, of work that processes elsewhere do."""

    def start(self, done: int, total: int) -> None:
        """The steps begin; `done` of `total` were made before."""

    def step(self, loss: float) -> None:
        """One more step was made; `loss` is the running epoch's mean."""

    def epoch(self, record: Mapping[str, Any], epochs: int, scores: str) -> None:
        """An epoch of at most `epochs` was scored: its line in the history, and its scores in words."""

    def end(self) -> None:
        """No more steps follow."""


class TerminalReporter(Reporter):
    """A line an epoch on standard error, and with `bar` a progress bar over all steps.

    `bar` None: if standard error is a terminal.
    """

    def __init__(self, bar: Optional[bool] = None) -> None:
        self._wants_bar = sys.stderr.isatty() if bar is None else bar
        self._bar: Any = None

    def note(self, text: str) -> None:
        """A line; above the bar, which would otherwise be torn in two."""
        if self._bar is None:
            print(text, file=sys.stderr, flush=True)
        else:
            self._bar.write(text, file=sys.stderr)

    def over(self, parts: Sequence[_Part], what: str) -> Iterable[_Part]:
        """A line and, with a bar, one of its own."""
        self.note(what)
        if not self._wants_bar:
            return parts
        bar: Iterable[_Part] = host_package("tqdm").tqdm(parts, unit="part", file=sys.stderr, leave=False)
        return bar

    def progress(self, done: int, total: int) -> None:
        """The bar appears, and stands where it should."""
        if self._bar is None:
            self.start(done, total)
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

    def start(self, done: int, total: int) -> None:
        """The bar appears."""
        if self._wants_bar:
            self._bar = host_package("tqdm").tqdm(total=total, initial=done, unit="step", file=sys.stderr, leave=False)

    def step(self, loss: float) -> None:
        """The bar moves."""
        if self._bar is not None:
            self._bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            self._bar.update()

    def epoch(self, record: Mapping[str, Any], epochs: int, scores: str) -> None:
        """A line."""
        learnt = f"training loss {record['train_loss']:.3f}, " if "train_loss" in record else ""
        self.note(
            f"epoch {record['epoch']} of at most {epochs}: {learnt}"
            f"dev loss {record['loss']:.3f}, {scores}, {record['seconds']:.0f} s"
        )

    def end(self) -> None:
        """The bar goes."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

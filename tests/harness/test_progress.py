"""The bar of `evaluate`: for who watches, where tqdm is installed."""

import pytest

from albert_edge.harness.progress import with_progress


class Terminal:
    def __init__(self, is_terminal):
        self.written, self.is_terminal = "", is_terminal

    def isatty(self):
        return self.is_terminal

    def write(self, text):
        self.written += text

    def flush(self):
        pass


@pytest.mark.parametrize("is_terminal", [False, True])
def test_progress_is_for_a_terminal(monkeypatch, is_terminal):
    pytest.importorskip("tqdm")
    terminal = Terminal(is_terminal)
    monkeypatch.setattr("sys.stderr", terminal)
    assert list(with_progress([1, 2, 3], "evaluate")) == [1, 2, 3]
    assert ("evaluate" in terminal.written) == is_terminal


def test_progress_does_without_tqdm(monkeypatch):
    terminal = Terminal(True)
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setitem(__import__("sys").modules, "tqdm", None)
    assert list(with_progress([1, 2, 3], "evaluate")) == [1, 2, 3]
    assert terminal.written == ""

"""A file is written whole or not at all."""

import os
from pathlib import Path

import pytest

from albert_edge.errors import AlbertEdgeError
from albert_edge.files import atomic_write, check_writable, read_bytes


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path):
    path = tmp_path / "file"
    for data in (b"first", b"second"):
        atomic_write(path, data)
        assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(AlbertEdgeError, match=r"must be writable; received .*No space left"):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_written_file_has_the_usual_permissions(tmp_path: Path):
    path = tmp_path / "file"
    atomic_write(path, b"")
    usual = tmp_path / "usual"
    usual.touch()
    assert path.stat().st_mode == usual.stat().st_mode


def test_outputs_are_checked_before_the_work(tmp_path: Path):
    there = tmp_path / "there"
    there.write_bytes(b"")
    check_writable(tmp_path / "new")
    check_writable(there)
    assert list(tmp_path.iterdir()) == [there]
    with pytest.raises(AlbertEdgeError, match="--overwrite"):
        check_writable(there, overwrite=False)
    with pytest.raises(AlbertEdgeError, match="must be a file"):
        check_writable(tmp_path)
    with pytest.raises(AlbertEdgeError, match="must be writable"):
        check_writable(tmp_path / "no" / "folder")


def test_an_unreadable_file_is_named(tmp_path: Path):
    with pytest.raises(AlbertEdgeError, match=r"must be readable; received .*nothing"):
        read_bytes(tmp_path / "nothing")

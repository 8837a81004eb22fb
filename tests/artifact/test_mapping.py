"""Mapped files: their pages can go and come back, and a change is noticed."""

import os
import sys

import pytest

from albert_edge.artifact.mapping import MappedFile
from albert_edge.errors import ArtifactError
from albert_edge.files import atomic_write

CONTENTS = bytes(range(256)) * 64 * 1024

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's /proc")


@pytest.fixture
def path(tmp_path):
    target = tmp_path / "a file (deleted) with spaces"
    target.write_bytes(CONTENTS)
    return target


def mapped(path) -> MappedFile:
    with open(path, "rb") as file:
        return MappedFile(file)


def resident_file_bytes() -> int:
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("RssFile"))


@on_linux
def test_dropped_pages_are_read_again(path):
    file = mapped(path)
    assert file.view == CONTENTS
    before = resident_file_bytes()
    file.drop_pages()
    assert before - resident_file_bytes() > 0.9 * len(CONTENTS)
    assert file.view == CONTENTS


@on_linux
def test_drops_other_mappings_of_the_file_and_of_no_other(path, tmp_path):
    file, same = mapped(path), mapped(path)
    other_path = tmp_path / "other"
    other_path.write_bytes(CONTENTS)
    other = mapped(other_path)
    assert file.view == same.view == other.view
    before = resident_file_bytes()
    file.drop_pages()
    assert 1.9 * len(CONTENTS) < before - resident_file_bytes() < 2.1 * len(CONTENTS)


@on_linux
def test_its_path_is_the_file_whatever_the_name_stands_for(path):
    file = mapped(path)
    path.unlink()
    path.write_bytes(b"another")
    with open(file.path, "rb") as same:
        assert same.read() == CONTENTS
    file.drop_pages()
    assert file.view == CONTENTS


def test_notices_what_is_written_to_it(path):
    file = mapped(path)
    file.check_unchanged()
    with open(path, "r+b") as writer:
        writer.write(b"x")
    with pytest.raises(ArtifactError, match="must stay as it is while it is loaded; received one that was written to"):
        file.check_unchanged()


def test_takes_no_offence_at_replacement_and_removal(path):
    file = mapped(path)
    atomic_write(path, b"another")
    file.check_unchanged()
    os.unlink(path)
    file.check_unchanged()
    assert file.view == CONTENTS

"""Notices of native libraries go, anything else stays, and a failure shows all of it."""

import os

import pytest

from albert_edge.quiet import notices_held_back


def test_notices_go_and_other_lines_stay(capfd):
    with notices_held_back(b"INFO: "):
        os.write(2, b"INFO: a delegate\nWARNING: a weight is odd\n")
    assert capfd.readouterr().err == "WARNING: a weight is odd\n"


def test_a_failure_shows_everything(capfd):
    with pytest.raises(IndexError), notices_held_back(b"INFO: "):
        [][os.write(2, b"INFO: a delegate\n")]
    assert capfd.readouterr().err == "INFO: a delegate\n"


def test_standard_error_works_again_afterwards(capfd):
    with notices_held_back():
        os.write(2, b"held\n")
    os.write(2, b"shown\n")
    assert capfd.readouterr().err == "shown\n"

"""What a start costs: which packages each way into the project imports, seen in a process of its own."""

import json
import sys

import pytest
from fresh_process import run, run_python

from albert_edge.cli import COMMANDS

HOST_ONLY = ("converters", "keras", "sklearn", "tensorflow", "tf_keras")
HEAVY = ("ai_edge_litert", "numpy", "sentencepiece", "tflite_runtime", *HOST_ONLY)

# Exit handlers run last, so that what is printed includes all that the program has imported.
WATCH = f"""
import atexit, json, sys
atexit.register(lambda: print("\\n" + json.dumps([name for name in {HEAVY} if name in sys.modules])))
"""


def imported_by(code: str) -> list[str]:
    return json.loads(run_python(WATCH + code).splitlines()[-1])


def test_importing_the_package_is_light():
    assert imported_by("import albert_edge") == []


def test_the_help_is_light():
    assert imported_by("from albert_edge.cli import main; main(['--help'])") == []


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_is_light(command):
    assert imported_by(f"from albert_edge.cli import main; main([{command!r}, '--help'])") == []


@pytest.mark.slow
def test_classifying_never_imports_tensorflow(topics):
    """The whole way from a text to a label, with TensorFlow installed beside it."""
    path = str(topics / "topics.tflite")
    found = imported_by(f"import albert_edge; albert_edge.load({path!r}).predict('Oil prices rise')")
    assert "numpy" in found
    assert set(found).isdisjoint(HOST_ONLY)


def test_the_watch_sees_an_import():
    """The companion: a program that does import something heavy is found out."""
    assert imported_by("import albert_edge, numpy") == ["numpy"]


def test_python_m_is_the_command():
    done = run([sys.executable, "-m", "albert_edge", "--version"])
    assert done.returncode == 0
    assert done.stdout.startswith("albert-edge, version ")

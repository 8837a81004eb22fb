"""TensorFlow's threads, in processes of their own: they are decided once."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
from albert_edge.errors import ConfigError
from albert_edge.training.threads import use_threads
from albert_edge.model.keras import tf
assert use_threads(None) == 0
assert use_threads(1) == 1
tf.zeros(1) + 1
assert use_threads(1) == use_threads(None) == 1
try:
    use_threads(2)
except ConfigError as error:
    print(error)
"""


def test_threads_are_decided_before_the_first_operation():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.stdout == (
        "threads must be the number that TensorFlow runs with in this process, 1 (0: one a core); received 2\n"
    ), done.stderr

"""The reference workload: the same numbers each time, on one thread, and a clock around all of them."""

import threading
import time

import numpy as np
import pytest

from albert_edge.harness import workload
from albert_edge.harness.workload import run_workload_ms, work


def test_the_work_is_always_the_same():
    """Worked again by other means: powers of a matrix, sums of products in 64 bits, every fourth float of a line."""
    floats, integers, walked = workload._numbers()
    first = work(floats, integers, walked)
    assert first == work(floats, integers, walked)
    power = np.linalg.matrix_power(floats.astype(np.float64), workload._FLOAT_PRODUCTS + 1)
    assert first[0] == pytest.approx(power[0, 0], abs=1e-4)
    assert first[1] == int((integers[0].astype(np.int64) * integers[1]).sum())
    assert first[2] == pytest.approx(sum(walked[start::16].sum(dtype=np.float64) for start in (0, 4, 8)))


def test_the_numbers_are_those_of_the_version():
    """Another numpy or machine must not change the work under one version: the drawn integers are the witness."""
    _, integers, walked = workload._numbers()
    assert workload.WORKLOAD_VERSION == 1
    assert integers[0, 0, :4].tolist() == [-2, 43, -55, -98]
    assert walked.nbytes == 2**23


def test_the_clock_stands_around_the_work(monkeypatch):
    """A work that sleeps: whatever the machine does besides, at least that long is told."""
    monkeypatch.setattr(workload, "work", lambda *_: time.sleep(0.02))
    assert run_workload_ms() >= 20


def test_one_thread_does_it():
    before = threading.active_count()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(20):
        run_workload_ms()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    assert threading.active_count() == before
    assert cpu <= 1.2 * wall + 0.02, "several threads would use more processor time than passes"

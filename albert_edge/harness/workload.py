"""A fixed piece of work, run between the timed runs, that tells how fast the machine was just then.

A shared machine gives a program more or less of itself from second to second: its clock, its caches, the way to its
memory. The same work then takes longer, and so does a model's. The work is a third float32 products, a third int8
products summed in int32, and a third a walk over more memory than most second-level caches hold, each as inference has
them, and always on the same numbers. numpy only, one thread: the products are too small for a BLAS to share out.

Leaves out what becomes of the values: `harness.gate` divides by them.
"""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORKLOAD_NAME = "numpy products and memory walk"

WORKLOAD_VERSION = 1
"""Changes whenever the work does: values of two versions can't be compared."""

_SIZE = 64
"""OpenBLAS keeps a product of up to 2^18 multiplications on one thread (its GEMM_MULTITHREAD_THRESHOLD): 64^3."""
_FLOAT_PRODUCTS = 40
_INT8_ROWS = 3584
_WALKED_FLOATS = 2**21
"""8 MB; every sixteenth, one a cache line of 64 bytes, is read, three times over."""


def run_workload_ms() -> float:
    """Do the work once and return the milliseconds that it took, a few on a PC. The first call makes the numbers."""
    numbers = _numbers()
    start = time.perf_counter_ns()
    work(*numbers)
    return (time.perf_counter_ns() - start) / 1e6


def work(floats: NDArray[Any], integers: NDArray[Any], walked: NDArray[Any]) -> tuple[float, int, float]:
    """The work itself: float32 [64, 64], int8 [2, 3584, 256] and float32 [2^21] -> a figure of each third."""
    import numpy as np

    product = floats
    for _ in range(_FLOAT_PRODUCTS):
        product = floats @ product
    sums = np.einsum("ij,ij->i", integers[0], integers[1], dtype=np.int32, casting="unsafe")
    walks = [float(walked[start::16].sum(dtype=np.float64)) for start in (0, 4, 8)]
    return float(product[0, 0]), int(sums.sum(dtype=np.int64)), sum(walks)


@functools.lru_cache(maxsize=1)
def _numbers() -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    import numpy as np

    generator = np.random.default_rng(WORKLOAD_VERSION)
    # Orthogonal, so that product after product stays of one size.
    floats = np.linalg.qr(generator.standard_normal((_SIZE, _SIZE)))[0].astype(np.float32)
    integers = generator.integers(-128, 128, (2, _INT8_ROWS, 256), np.int8)
    walked = generator.random(_WALKED_FLOATS, np.float32)
    work(floats, integers, walked)
    return floats, integers, walked

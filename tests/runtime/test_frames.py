"""Messages between two processes."""

import io

import numpy as np
import pytest

from albert_edge.errors import DataError
from albert_edge.runtime.frames import receive, send


def sent(fields, arrays) -> bytes:
    stream = io.BytesIO()
    send(stream, fields, arrays)
    return stream.getvalue()


def test_round_trip():
    arrays = {
        "ids": np.arange(6, dtype=np.int32).reshape(2, 3),
        "none": np.zeros((0, 4), np.float16),
        "scalar": np.array(2.5),
        "transposed": np.arange(6, dtype=np.float32).reshape(2, 3).T,
        "flags": np.array([True, False]),
    }
    stream = io.BytesIO(sent({"threads": 2, "runtime": None}, arrays) + sent({}, {}))
    fields, received = receive(stream)
    assert fields == {"threads": 2, "runtime": None}
    assert list(received) == list(arrays)
    for name, array in arrays.items():
        assert received[name].dtype == array.dtype
        np.testing.assert_array_equal(received[name], array)
    assert receive(stream) == ({}, {})
    assert receive(stream) is None


def test_a_message_cut_off_is_none():
    data = sent({"a": 1}, {"ids": np.arange(3)})
    assert all(receive(io.BytesIO(data[:length])) is None for length in range(len(data)))


def test_objects_are_not_sent():
    """Their bytes are addresses in the other process."""
    stream = io.BytesIO()
    with pytest.raises(DataError, match="arrays must hold numbers to be sent; received x of type object"):
        send(stream, {}, {"ids": np.arange(3), "x": np.array([b"text"], object)})
    assert stream.getvalue() == b""

"""`model.safetensors`: types, damage, memory."""

import json
import struct
import sys
import tracemalloc

import numpy as np
import pytest

from albert_edge.errors import FolderError, MissingPackageError
from albert_edge.model.checkpoint import read_tensors, tensors_to_bytes

VALUES = np.array([[0.0, 1.0, -2.5], [0.15625, 3.0e-2, -1.0e4]])


def file_of(tensors):
    """A safetensors file written by hand: name -> (type, shape, bytes)."""
    header, data = {}, b""
    for name, (kind, shape, raw) in tensors.items():
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    encoded = json.dumps(header).encode()
    return struct.pack("<Q", len(encoded)) + encoded + data


def written(folder, data):
    (folder / "model.safetensors").write_bytes(data)
    return folder


def bfloat16(values):
    """The upper halves of float32 numbers."""
    return (np.ascontiguousarray(values, np.float32).view(np.uint32) >> 16).astype("<u2").tobytes()


@pytest.mark.parametrize(
    ("kind", "raw", "tolerance"),
    [
        ("F32", VALUES.astype("<f4").tobytes(), 1e-7),
        ("F64", VALUES.astype("<f8").tobytes(), 1e-7),
        ("F16", VALUES.astype("<f2").tobytes(), 2**-11),
        ("BF16", bfloat16(VALUES), 2**-7),
    ],
)
def test_every_floating_type_is_widened(tmp_path, kind, raw, tolerance):
    tensors = read_tensors(written(tmp_path, file_of({"a": (kind, (2, 3), raw), "b": (kind, (6,), raw)})))
    assert tensors["a"].dtype == np.float32
    np.testing.assert_allclose(tensors["a"], VALUES, rtol=tolerance)
    np.testing.assert_allclose(tensors["b"], VALUES.reshape(-1), rtol=tolerance)


def test_bfloat16_is_exact(tmp_path):
    # 0x3FC0 is 1.5, 0xC000 is -2, 0x0080 the smallest normal number: worked out by hand.
    raw = np.array([0x3FC0, 0xC000, 0x0080], "<u2").tobytes()
    tensors = read_tensors(written(tmp_path, file_of({"a": ("BF16", (3,), raw)})))
    assert tensors["a"].tolist() == [1.5, -2.0, 2.0**-126]


def test_position_ids_are_read_and_other_integers_refused(tmp_path):
    raw = np.arange(4, dtype="<i8").tobytes()
    name = "albert.embeddings.position_ids"
    assert read_tensors(written(tmp_path, file_of({name: ("I64", (1, 4), raw)})))[name].tolist() == [[0, 1, 2, 3]]
    with pytest.raises(FolderError, match=r"classifier.bias must be of a floating type .*; received I64"):
        read_tensors(written(tmp_path, file_of({"classifier.bias": ("I64", (4,), raw)})))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_must_be_finite(tmp_path, value):
    raw = np.array([1, value], "<f4").tobytes()
    with pytest.raises(FolderError, match=r"classifier.bias must hold finite numbers"):
        read_tensors(written(tmp_path, file_of({"classifier.bias": ("F32", (2,), raw)})))


def test_tensors_survive_writing(tmp_path):
    tensors = {"b": np.arange(6, dtype=np.float32).reshape(2, 3).T, "a": np.float32([1.5])}
    data = tensors_to_bytes(tensors)
    returned = read_tensors(written(tmp_path, data))
    assert sorted(returned) == ["a", "b"]
    np.testing.assert_array_equal(returned["b"], tensors["b"])
    (size,) = struct.unpack("<Q", data[:8])
    assert json.loads(data[8 : 8 + size])["__metadata__"] == {"format": "pt"}
    assert tensors_to_bytes(tensors) == data


@pytest.mark.parametrize("keep", [0, 4, 8, 20, -1])
def test_a_truncated_file_is_one_line(tmp_path, keep):
    data = tensors_to_bytes({"a": np.ones((3, 4), np.float32)})
    with pytest.raises(FolderError, match=r"model.safetensors must be a whole safetensors file; received") as caught:
        read_tensors(written(tmp_path, data[:keep]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"\xff" * 64, struct.pack("<Q", 2**62) + b"{}", struct.pack("<Q", 3) + b"[1]"])
def test_a_hostile_file_is_one_line(tmp_path, data):
    with pytest.raises(FolderError, match=r"must be a whole safetensors file"):
        read_tensors(written(tmp_path, data))


def test_a_folder_without_weights_says_what_it_holds(tmp_path):
    (tmp_path / "flax_model.msgpack").write_bytes(b"")
    with pytest.raises(
        FolderError, match=r"must hold one of model.safetensors, .*pytorch_model.bin, .* with \['flax_model.msgpack'\]"
    ):
        read_tensors(tmp_path)


def test_safetensors_count_before_other_files(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    (tmp_path / "tf_model.h5").write_bytes(b"")
    assert list(read_tensors(written(tmp_path, tensors_to_bytes({"a": np.zeros(1, np.float32)})))) == ["a"]


def test_reading_holds_little_more_than_the_weights(tmp_path):
    weights = np.ones((16, 65536), np.float32)  # 4 MB a tensor
    written(tmp_path, tensors_to_bytes({f"t{index}": weights for index in range(4)}))
    size = 4 * weights.nbytes
    tracemalloc.start()
    tensors = read_tensors(tmp_path)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(tensors) == 4
    assert size <= held < 1.1 * size
    # The tensors, and the mask of one tensor's finite numbers.
    assert peak < 1.15 * size


def test_without_safetensors_the_message_says_what_to_install(tmp_path, monkeypatch):
    written(tmp_path, tensors_to_bytes({"a": np.zeros(1, np.float32)}))
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(MissingPackageError, match=r"albert-edge\[host\].*'safetensors'"):
        read_tensors(tmp_path)

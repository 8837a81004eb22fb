"""`pytorch_model.bin` without PyTorch: its own files, and files that want to do harm."""

import io
import os
import pickle
import random
import struct
import zipfile

import numpy as np
import pytest
from torch_format import named, number, state_pickle, tensor, text, tuple_of, write_torch, zip_file

from albert_edge.errors import FolderError
from albert_edge.model.checkpoint import read_tensors

VALUES = np.arange(6, dtype="<f4")


def written(folder, pickled, storages=None, **more):
    zip_file(folder / "pytorch_model.bin", pickled, {"0": VALUES.tobytes()} if storages is None else storages, **more)
    return folder


@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_pytorchs_own_files_are_read(golden, golden_folder, form):
    """Recorded by tests/model/write_torch_files.py."""
    expected = read_tensors(golden_folder)
    tensors = read_tensors(golden / "torch" / form)
    assert sorted(tensors) == sorted(expected)
    assert all(np.array_equal(tensors[name], expected[name]) for name in expected)
    assert all(values.dtype == np.float32 and values.flags.c_contiguous for values in tensors.values())


def test_a_view_is_cut_by_offset_and_strides(tmp_path):
    """Worked by hand: of 0 1 2 3 4 5, from the second number, two rows two apart, three columns one apart."""
    entries = {
        "a": tensor("0", (2, 3), (2, 1), offset=1, numbers=6),
        "b": tensor("0", (3, 2), (1, 3), numbers=6),
        "c": tensor("0", (), (), offset=5, numbers=6),
        "d": tensor("0", (0, 7), (7, 1), offset=6, numbers=6),
    }
    tensors = read_tensors(written(tmp_path, state_pickle(entries)))
    assert tensors["a"].tolist() == [[1, 2, 3], [3, 4, 5]]
    assert tensors["b"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert tensors["c"].tolist() == 5
    assert tensors["d"].shape == (0, 7)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (tensor("0", (2, 3), (3, 1), numbers=6, offset=1), r"a must lie inside its storage of 6 numbers"),
        (tensor("0", (2,), (6,), numbers=6), r"received the shape \[2\], strides \[6\], offset 0"),
        (tensor("0", (2,), (-1,), numbers=6, offset=5), r"the size -1"),
        (tensor("0", (-2,), (1,), numbers=6), r"the size -2"),
        (tensor("0", (2,), (1,), numbers=6, offset=-1), r"the size -1"),
        (tensor("0", (2, 3), (3,), numbers=6), r"must lie inside"),
        (tensor("0", (2**40, 2**40), (0, 0), numbers=6), r"must lie inside its storage"),
        (tensor("0", (2**62,), (1,), numbers=2**62), r"must hold \d+ bytes of storage 0; received 24 bytes"),
        (tensor("1", (6,), (1,)), r"must hold 24 bytes of storage 1; received none"),
        (tensor("../../0", (6,), (1,)), r"must hold 24 bytes of storage ../../0; received none"),
        (tensor("0", (6,), (1,), storage="LongStorage"), r"a must be of a floating type .*; received I64"),
        (tensor("0", (6,), (1,), storage="ByteStorage"), r"the pickled global torch.ByteStorage"),
        (tensor("0", (12,), (1,), storage="HalfStorage", numbers=6), r"must lie inside"),
        (text("words"), r"must hold tensors by name; received 'a': str"),
        (b"}" + b"(" + text("b") + tensor("0", (6,), (1,)) + b"u", r"must hold tensors by name; received 'a': dict"),
    ],
)
def test_a_tensor_that_is_not_in_the_file_is_refused(tmp_path, value, complaint):
    with pytest.raises(FolderError, match=complaint):
        read_tensors(written(tmp_path, state_pickle({"a": value})))


def test_numbers_must_be_finite(tmp_path):
    storages = {"0": np.array([1, np.nan, 2], "<f4").tobytes()}
    with pytest.raises(FolderError, match="a must hold finite numbers"):
        read_tensors(written(tmp_path, state_pickle({"a": tensor("0", (3,), (1,))}), storages))


def test_a_tensor_that_is_there_twice_is_named(tmp_path):
    entry = text("a") + tensor("0", (6,), (1,))
    with pytest.raises(FolderError, match=r"received a damaged one .the key 'a' twice."):
        read_tensors(written(tmp_path, b"\x80\x02}(" + entry + entry + b"u."))


# === Pickles that would run something ===


class Harm:
    """Pickles into a call: what it calls runs if anything unpickles it."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize(
    ("function", "name"),
    [(os.system, r"(posix|nt)\.system"), (open, r"(io|builtins|__builtin__|_io)\.open"), (eval, r".*\.eval")],
)
def test_a_malicious_pickle_does_not_run(tmp_path, monkeypatch, protocol, function, name):
    monkeypatch.chdir(tmp_path)
    arguments = {os.system: ("touch harm",), open: ("harm", "w"), eval: ("open('harm', 'w')",)}[function]
    pickled = pickle.dumps({"a": Harm(function, *arguments)}, protocol)
    with pytest.raises(FolderError, match=rf"must hold tensors only; received the pickle(d global {name}| opcode)"):
        read_tensors(written(tmp_path, pickled))
    assert not (tmp_path / "harm").exists()
    pickle.loads(pickled)
    assert (tmp_path / "harm").exists(), "the same pickle does harm when it is executed"


@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_a_malicious_file_is_refused_in_either_format(tmp_path, monkeypatch, form):
    monkeypatch.chdir(tmp_path)
    pickled = pickle.dumps({"a": Harm(os.system, "touch harm")}, 2)
    if form == "zip":
        written(tmp_path, pickled)
    else:
        (tmp_path / "pytorch_model.bin").write_bytes(pickled)
    with pytest.raises(FolderError, match=r"the pickled global (posix|nt)\.system"):
        read_tensors(tmp_path)
    assert not (tmp_path / "harm").exists()


BUILD = named("collections", "OrderedDict") + b")R" + b"}(" + text("__class__") + named("os", "system") + b"ub"


@pytest.mark.parametrize(
    ("opcodes", "complaint"),
    [
        (named("torch._utils", "_rebuild_parameter") + b")R", "the pickled global torch._utils._rebuild_parameter"),
        (named("torch", "load") + tuple_of(text("x")) + b"R", "the pickled global torch.load"),
        (text("os") + text("system") + b"\x93", "the pickled global os.system"),
        (BUILD, "the pickled global os.system"),
        (text("os\nx") + text("system") + b"\x93", r"the pickled global 'os\\nx.system'"),
        (named("collections", "OrderedDict") + tuple_of(b"]") + b"R", "damaged"),
        (named("torch", "FloatStorage") + b")R", "damaged"),
        (b"\x82\x01", "the pickle opcode EXT1"),
        (b"(" + text("x") + b"ios\nsystem\n", "the pickle opcode INST"),
        (named("collections", "OrderedDict") + b")\x81", "the pickle opcode NEWOBJ"),
        (tuple_of(text("module"), text("x")) + b"Q", "damaged"),
        (tuple_of(text("storage"), text("torch.FloatStorage"), text("0"), text("cpu"), number(6)) + b"Q", "damaged"),
        (b"h\x07", "damaged"),
        (b"R", "damaged"),
        (b"\x8d" + struct.pack("<Q", 2**61), "damaged"),
    ],
)
def test_what_is_no_tensor_is_refused_by_name(tmp_path, opcodes, complaint):
    with pytest.raises(FolderError, match=complaint):
        read_tensors(written(tmp_path, state_pickle({"a": opcodes})))


# === Damage ===


@pytest.mark.parametrize("form", ["zip", "legacy"])
@pytest.mark.parametrize("part", [0.0, 0.001, 0.01, 0.3, 0.99, 0.99999])
def test_a_truncated_file_is_one_line(golden, tmp_path, form, part):
    data = (golden / "torch" / form / "pytorch_model.bin").read_bytes()
    (tmp_path / "pytorch_model.bin").write_bytes(data[: int(part * len(data))])
    with pytest.raises(FolderError, match=r"pytorch_model.bin must") as caught:
        read_tensors(tmp_path)
    assert "\n" not in str(caught.value)


def test_each_flipped_bit_of_a_storage_is_noticed(tmp_path):
    written(tmp_path, state_pickle({"a": tensor("0", (6,), (1,))}))
    path = tmp_path / "pytorch_model.bin"
    data = bytearray(path.read_bytes())
    data[data.index(VALUES.tobytes()) + 9] ^= 1
    path.write_bytes(data)
    with pytest.raises(FolderError, match=r"must be a whole PyTorch file; received .*CRC"):
        read_tensors(tmp_path)


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_random_damage_ends_in_one_line(golden, tmp_path, form):
    """Bytes changed in the pickles: refused, or read as tensors; never another exception and never a crash."""
    data = (golden / "torch" / form / "pytorch_model.bin").read_bytes()
    storages = {}
    pickled = data[:4000]
    if form == "zip":
        # Written anew around the damage, so that no checksum speaks first.
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            pickled = archive.read("pytorch_model/data.pkl")
            entries = [name for name in archive.namelist() if "/data/" in name]
            storages = {name.rpartition("/")[2]: archive.read(name) for name in entries}
    generator = random.Random(1)
    complaints = []
    for _ in range(300):
        damaged = bytearray(pickled)
        for _ in range(generator.randint(1, 4)):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        if form == "zip":
            zip_file(tmp_path / "pytorch_model.bin", bytes(damaged), storages)
        else:
            (tmp_path / "pytorch_model.bin").write_bytes(bytes(damaged) + data[len(damaged) :])
        try:
            read_tensors(tmp_path)
        except FolderError as reason:
            complaints.append(str(reason))
    assert len(complaints) > 150
    assert not [complaint for complaint in complaints if "\n" in complaint]


def test_big_endian_numbers_are_refused(tmp_path):
    with pytest.raises(FolderError, match="must hold little-endian numbers; received b'big'"):
        read_tensors(written(tmp_path, state_pickle({"a": tensor("0", (6,), (1,))}), byteorder=b"big"))


def test_a_storage_must_have_the_length_that_the_pickle_says(tmp_path, golden):
    """Without a zip the lengths stand before the storages too."""
    data = bytearray((golden / "torch" / "legacy" / "pytorch_model.bin").read_bytes())
    place = data.rindex(struct.pack("<Q", 1000 * 16))
    data[place : place + 8] = struct.pack("<Q", 2**60)
    (tmp_path / "pytorch_model.bin").write_bytes(data)
    with pytest.raises(FolderError, match=r"storage \d+ must have 16000 numbers; received"):
        read_tensors(tmp_path)


def test_a_pickle_of_something_else_is_refused(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps({"a": 1}, 2) * 5)
    with pytest.raises(FolderError, match="must be a PyTorch file"):
        read_tensors(tmp_path)
    with pytest.raises(FolderError, match="must hold tensors by name; received a list"):
        read_tensors(written(tmp_path, pickle.dumps([], 2)))


def test_the_helper_writes_what_the_reader_reads(tmp_path):
    tensors = {"b": np.arange(6, dtype="<f8").reshape(2, 3), "a": np.array([1.5], "<f2")}
    write_torch(tmp_path / "pytorch_model.bin", tensors)
    found = read_tensors(tmp_path)
    assert list(found) == ["b", "a"]
    assert all(np.array_equal(found[name], tensors[name]) for name in tensors)

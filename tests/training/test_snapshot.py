"""A stopped training on disk: whole or refused, and only for the request that it was made for."""

import numpy as np
import pytest

from albert_edge.errors import AlbertEdgeError
from albert_edge.training.finetune import train
from albert_edge.training.snapshot import (
    Position,
    Snapshot,
    check_same_request,
    partial_path,
    read_snapshot,
    write_snapshot,
)

REQUEST = {"task": "text-classification", "learning_rate": 1e-3, "columns": {"text": 0}, "layers": None}


@pytest.fixture
def snapshot():
    tensors = {
        "model/a": np.arange(6, dtype=np.float32).reshape(2, 3),
        "optimizer/0": np.array(7, np.int64),
        "generator": np.array([2**40, 0, -1], np.int64),
    }
    position = Position(step=7, loss_sum=0.1 + 0.2, seconds=1.5, history=[{"epoch": 1, "loss": 1 / 3}], best_epoch=0)
    return Snapshot(REQUEST, b"\x00vocabulary\xff", position, tensors)


def test_what_is_written_is_read(tmp_path, snapshot):
    path = tmp_path / "out.partial"
    write_snapshot(path, snapshot)
    found = read_snapshot(path)
    assert (found.request, found.vocabulary, found.position) == (REQUEST, snapshot.vocabulary, snapshot.position)
    assert found.tensors.keys() == snapshot.tensors.keys()
    for name, values in snapshot.tensors.items():
        assert found.tensors[name].dtype == values.dtype
        assert found.tensors[name].shape == values.shape
        assert np.array_equal(found.tensors[name], values)


def test_transposed_tensors_keep_their_values(tmp_path, snapshot):
    """safetensors writes a buffer as it lies in memory, whatever the strides."""
    values = np.arange(6, dtype=np.float32).reshape(2, 3).T
    write_snapshot(tmp_path / "p", Snapshot(REQUEST, b"v", Position(), {"a": values}))
    assert np.array_equal(read_snapshot(tmp_path / "p").tensors["a"], values)


def test_nothing_was_stopped(tmp_path):
    assert read_snapshot(tmp_path / "out.partial") is None


@pytest.mark.parametrize("damage", [b"", b"\x00" * 100, "cut", "no metadata", "a folder"])
def test_a_damaged_file_is_refused(tmp_path, snapshot, damage):
    path = tmp_path / "out.partial"
    write_snapshot(path, snapshot)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-5])
    elif damage == "no metadata":
        path.write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    elif damage == "a folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(damage)
    with pytest.raises(AlbertEdgeError, match=r"must be whole .*\(--restart starts over\); received .*out\.partial"):
        read_snapshot(path)


def test_the_snapshot_lies_beside_the_output(tmp_path, monkeypatch):
    assert partial_path(tmp_path / "news") == tmp_path / "news.partial"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert partial_path(type(tmp_path)(".")) == tmp_path / "here.partial"


def test_another_request_is_refused_and_each_change_named(tmp_path):
    check_same_request(tmp_path / "p", REQUEST, dict(REQUEST))
    changed = {**REQUEST, "learning_rate": 2e-3, "layers": 4}
    with pytest.raises(AlbertEdgeError, match=r"received learning_rate 0\.002 for 0\.001, layers 4 for null$"):
        check_same_request(tmp_path / "p", REQUEST, changed)


def test_of_a_list_and_of_an_object_only_the_change_is_shown(tmp_path):
    stored = {"inputs": [{"file": f"{name}.txt", "sha256": name * 64} for name in "abc"], "columns": {"a": 0, "b": 1}}
    changed = {"inputs": [*stored["inputs"][:2], {"file": "c.txt", "sha256": "d" * 64}], "columns": {"a": 0, "b": 2}}
    with pytest.raises(AlbertEdgeError) as caught:
        check_same_request(tmp_path / "p", stored, changed)
    cut = [f'[{{"file": "c.txt", "sha256": "{letter * 10}...' for letter in "dc"]
    message = f'received inputs {cut[0]} for {cut[1]}, columns {{"b": 2}} for {{"b": 1}}'
    assert str(caught.value).endswith(message), caught.value
    turned = {**stored, "inputs": stored["inputs"][::-1]}
    with pytest.raises(AlbertEdgeError, match=r'received inputs \[\{"file": "c.txt", .* for \[\{"file": "a.txt"'):
        check_same_request(tmp_path / "p", stored, turned)


def test_a_folder_in_its_place_is_not_forgotten(tmp_path):
    (tmp_path / "out.partial").mkdir()
    with pytest.raises(AlbertEdgeError, match=r"the output must be writable; received '\S+out\.partial' \("):
        train("classify", "train.tsv", "dev.tsv", tmp_path / "out", size="tiny", restart=True)

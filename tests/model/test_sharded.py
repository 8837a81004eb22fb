"""Weights in several files: what the index says against what the files hold."""

import json

import numpy as np
import pytest
from torch_format import write_torch

from albert_edge.errors import FolderError
from albert_edge.model.checkpoint import read_tensors, tensors_to_bytes
from albert_edge.model.folder import read_checkpoint

ONE, TWO = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
INDEX = "model.safetensors.index.json"
ZERO, TEN = np.zeros(2, np.float32), np.full(3, 10, np.float32)


@pytest.fixture
def shards(tmp_path):
    """Two files, a tensor in each, and their index."""
    (tmp_path / ONE).write_bytes(tensors_to_bytes({"a": ZERO}))
    (tmp_path / TWO).write_bytes(tensors_to_bytes({"b": TEN}))
    write_index(tmp_path, {"a": ONE, "b": TWO})
    return tmp_path


def write_index(folder, places):
    (folder / INDEX).write_text(json.dumps({"metadata": {"total_size": 20}, "weight_map": places}))


def test_shards_are_read(shards):
    tensors = read_tensors(shards)
    assert {name: values.tolist() for name, values in tensors.items()} == {"a": [0, 0], "b": [10, 10, 10]}


def test_a_golden_model_in_shards_is_the_same_model(golden_folder, folder):
    whole = read_tensors(folder)
    (folder / "model.safetensors").unlink()
    names = sorted(whole)
    for file, part in ((ONE, names[::2]), (TWO, names[1::2])):
        (folder / file).write_bytes(tensors_to_bytes({name: whole[name] for name in part}))
    write_index(folder, {name: (ONE, TWO)[place % 2] for place, name in enumerate(names)})
    found = read_checkpoint(folder).tensors
    assert all(np.array_equal(found[name], whole[name]) for name in names)


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda f: (f / TWO).unlink(), f"must be in its folder; received none named '{TWO}'"),
        (lambda f: (f / TWO).write_bytes(b""), f"{TWO} must be a whole safetensors file"),
        (lambda f: (f / TWO).write_bytes(tensors_to_bytes({})), f"received '{TWO}' without 'b'"),
        (
            lambda f: (f / TWO).write_bytes(tensors_to_bytes({"b": TEN, "c": TEN})),
            f"received 'c' in '{TWO}', not listed",
        ),
        (lambda f: (f / TWO).write_bytes(tensors_to_bytes({"b": TEN, "a": ZERO})), "received 'a' twice"),
        (lambda f: write_index(f, {"a": TWO, "b": TWO}), f"received '{TWO}' without 'a'"),
        (lambda f: write_index(f, {"a": ONE, "b": "../" + TWO}), r"of its own folder; received '../"),
        (lambda f: write_index(f, {"a": ONE, "b": ".."}), "of its own folder"),
        (lambda f: write_index(f, {"a": ONE, "b": str(f.parent / TWO)}), "of its own folder"),
        (lambda f: write_index(f, {"a": ONE, "b": "x\\y"}), "of its own folder"),
        (lambda f: write_index(f, {"a": ONE, "b": 2}), "of its own folder; received 2 for 'b'"),
        (lambda f: write_index(f, {}), "must hold an object weight_map"),
        (lambda f: write_index(f, [ONE]), "must hold an object weight_map"),
        (lambda f: (f / INDEX).write_text("[]"), "must hold an object weight_map"),
        (lambda f: (f / INDEX).write_text("{"), "must be JSON"),
        (lambda f: (f / INDEX).write_text(f'{{"weight_map": {{"a": "{ONE}", "a": "{TWO}"}}}}'), "received 'a' twice"),
    ],
)
def test_damage_is_named(shards, damage, complaint):
    damage(shards)
    with pytest.raises(FolderError, match=complaint) as caught:
        read_tensors(shards)
    assert "\n" not in str(caught.value)


def test_pytorchs_own_files_in_shards(tmp_path):
    for file, tensors in (("pytorch_model-1.bin", {"a": ZERO}), ("pytorch_model-2.bin", {"b": TEN})):
        write_torch(tmp_path / file, tensors)
    places = {"a": "pytorch_model-1.bin", "b": "pytorch_model-2.bin"}
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": places}))
    assert read_tensors(tmp_path)["b"].tolist() == [10, 10, 10]
    (tmp_path / "pytorch_model-2.bin").unlink()
    with pytest.raises(FolderError, match=r"must be in its folder; received none named 'pytorch_model-2.bin'"):
        read_tensors(tmp_path)


def test_one_whole_file_counts_before_an_index(shards):
    (shards / "model.safetensors").write_bytes(tensors_to_bytes({"c": TEN}))
    assert list(read_tensors(shards)) == ["c"]

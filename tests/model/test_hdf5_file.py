"""`tf_model.h5`, written here under the names of transformers 4's `modeling_tf_albert.py`.

No release of transformers with TensorFlow runs beside this project's TensorFlow, so the names come from the source
(huggingface/transformers at 09768e60): the class's own name, then the layers' names joined by `/`; lists as `_._0`.
"""

import numpy as np
import pytest

from albert_edge.errors import FolderError
from albert_edge.model.checkpoint import read_tensors
from albert_edge.model.folder import read_checkpoint

h5py = pytest.importorskip("h5py")

BLOCK = "albert/encoder/albert_layer_groups_._0/albert_layers_._0"
NAMES = {
    "albert.embeddings.word_embeddings.weight": "albert/embeddings/word_embeddings/weight",
    "albert.embeddings.token_type_embeddings.weight": "albert/embeddings/token_type_embeddings/embeddings",
    "albert.embeddings.position_embeddings.weight": "albert/embeddings/position_embeddings/embeddings",
    "albert.embeddings.LayerNorm.weight": "albert/embeddings/LayerNorm/gamma",
    "albert.embeddings.LayerNorm.bias": "albert/embeddings/LayerNorm/beta",
    "albert.encoder.embedding_hidden_mapping_in.weight": "albert/encoder/embedding_hidden_mapping_in/kernel",
    "albert.encoder.embedding_hidden_mapping_in.bias": "albert/encoder/embedding_hidden_mapping_in/bias",
    "albert.pooler.weight": "albert/pooler/kernel",
    "albert.pooler.bias": "albert/pooler/bias",
    "classifier.weight": "classifier/kernel",
    "classifier.bias": "classifier/bias",
    "predictions.bias": "predictions/bias",
    "predictions.decoder.bias": "predictions/decoder/bias",
    "predictions.dense.weight": "predictions/dense/kernel",
    "predictions.dense.bias": "predictions/dense/bias",
    "predictions.LayerNorm.weight": "predictions/LayerNorm/gamma",
    "predictions.LayerNorm.bias": "predictions/LayerNorm/beta",
    "sop_classifier.classifier.weight": "sop_classifier/classifier/kernel",
    "sop_classifier.classifier.bias": "sop_classifier/classifier/bias",
}
for module in ("attention.query", "attention.key", "attention.value", "attention.dense", "ffn", "ffn_output"):
    for ours, theirs in (("weight", "kernel"), ("bias", "bias")):
        name = f"albert.encoder.albert_layer_groups.0.albert_layers.0.{module}.{ours}"
        NAMES[name] = f"{BLOCK}/{module.replace('.', '/')}/{theirs}"
for module in ("attention.LayerNorm", "full_layer_layer_norm"):
    for ours, theirs in (("weight", "gamma"), ("bias", "beta")):
        name = f"albert.encoder.albert_layer_groups.0.albert_layers.0.{module}.{ours}"
        NAMES[name] = f"{BLOCK}/{module.replace('.', '/')}/{theirs}"


def save_weights(path, tensors, model="tf_albert_for_sequence_classification"):
    """As Keras 2's `save_weights` lays an HDF5 file out: a group a top layer, a dataset a variable."""
    with h5py.File(path, "w") as file:
        by_layer = {}
        for name, values in tensors.items():
            keras = f"{model}/{NAMES[name]}:0"
            by_layer.setdefault(NAMES[name].split("/")[0], {})[keras] = (
                values.T if keras.endswith("kernel:0") else values
            )
        if "predictions" in by_layer:
            # The head holds the embedding layer, so Keras saves its weights a second time.
            by_layer["predictions"].update({k: v for k, v in by_layer["albert"].items() if "/embeddings/word" in k})
        file.attrs["layer_names"] = [layer.encode() for layer in by_layer]
        for layer, weights in by_layer.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = [name.encode() for name in weights]
            for name, values in weights.items():
                group[name] = values


@pytest.fixture
def h5_folder(folder):
    tensors = read_tensors(folder)
    (folder / "model.safetensors").unlink()
    save_weights(folder / "tf_model.h5", tensors)
    return folder


def test_a_classifier_is_the_same_model(golden_folder, h5_folder):
    expected, found = read_checkpoint(golden_folder), read_checkpoint(h5_folder)
    assert found.dropped == ()
    assert all(np.array_equal(found.tensors[name], values) for name, values in expected.tensors.items())


def test_pretraining_heads_and_a_table_stored_twice(golden, tmp_path):
    tensors = read_tensors(golden / "base_like" / "pretraining")
    tensors["predictions.decoder.bias"] = tensors["predictions.bias"]
    save_weights(tmp_path / "tf_model.h5", tensors, "tf_albert_for_pre_training_1")
    found = read_tensors(tmp_path)
    assert sorted(found) == sorted(tensors)
    assert all(np.array_equal(found[name], tensors[name]) for name in tensors)


def test_a_file_without_the_models_name(tmp_path):
    with h5py.File(tmp_path / "tf_model.h5", "w") as file:
        file["albert/albert/embeddings/word_embeddings/weight:0"] = np.ones((2, 3), "<f2")
    assert read_tensors(tmp_path)["albert.embeddings.word_embeddings.weight"].tolist() == [[1] * 3] * 2


def put(path, name, values):
    with h5py.File(path / "tf_model.h5", "a") as file:
        if name in file:
            del file[name]
        if isinstance(values, dict):
            file.create_dataset(name, **values)
        else:
            file[name] = values


POOLER = "albert/tf_albert_for_sequence_classification/albert/pooler/kernel:0"


@pytest.mark.parametrize(
    ("name", "values", "complaint"),
    [
        (POOLER, np.full((48, 48), np.nan, "<f4"), "albert.pooler.weight must hold finite numbers"),
        (POOLER, np.ones((48, 48), "<i4"), "albert.pooler.weight must be of a floating type; received int32"),
        (POOLER, np.ones((48, 47), "<f4"), r"must have the shape \[48, 48\]; received \[47, 48\]"),
        (POOLER, {"shape": (2**20, 2**20), "dtype": "<f4", "chunks": (64, 64)}, "must be stored whole in the file"),
        ("more/tf_albert_model/albert/gate/kernel:0", np.ones((2, 2), "<f4"), "the unknown 'albert.gate.weight'"),
        ("more/optimizer/momentum:0", np.ones(2, "<f4"), "the unknown 'optimizer/momentum:0'"),
        ("more/x/albert/pooler/kernel:0", np.ones((48, 48), "<f4"), "received two of 'albert.pooler.weight'"),
        (POOLER, h5py.ExternalLink("/elsewhere.h5", "/x"), "without 'albert.pooler.weight'"),
    ],
)
def test_what_does_not_fit_is_named(h5_folder, name, values, complaint):
    put(h5_folder, name, values)
    with pytest.raises(FolderError, match=complaint):
        read_checkpoint(h5_folder)


@pytest.mark.parametrize("keep", [0, 100, 0.5])
def test_a_damaged_file_is_one_line(h5_folder, keep):
    path = h5_folder / "tf_model.h5"
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data) if keep < 1 else keep)])
    with pytest.raises(FolderError, match=r"tf_model.h5 must") as caught:
        read_checkpoint(h5_folder)
    assert "\n" not in str(caught.value)

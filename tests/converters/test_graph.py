"""The deployed graph against Hugging Face's recorded outputs, and against Keras where nothing is recorded."""

from pathlib import Path

import numpy as np
import pytest

import albert_edge
from albert_edge.config import AlbertConfig
from albert_edge.model.folder import read_checkpoint, write_folder
from albert_edge.model.initial import initial_tensors
from albert_edge.model.predictor import KerasPredictor
from albert_edge.runtime.predictor import load
from albert_edge.text.packing import Packed
from converters.samples import sample_inputs

GOLDEN = ("base_like", "erf_two_labels")
LAYOUTS = ({"layout": "looped"}, {"layout": "unrolled", "length": 24})


def unpadded(expected) -> list[Packed]:
    lengths = expected["attention_mask"].sum(axis=1)
    return [
        Packed(ids[:length].astype(np.int32), types[:length].astype(np.int32))
        for ids, types, length in zip(expected["input_ids"], expected["token_type_ids"], lengths, strict=True)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "layout", [{"layout": "looped"}, {"layout": "unrolled", "length": 24}], ids=lambda x: x["layout"]
)
@pytest.mark.parametrize("name", GOLDEN)
def test_float32_is_within_1e_4_of_hugging_face(golden: Path, tmp_path: Path, name: str, layout: dict):
    folder, path = golden / name / "sequence_classification", tmp_path / "model.tflite"
    albert_edge.convert(folder, path, scheme="float32", **layout)
    expected = np.load(folder / "expected.npz")
    with load(path) as predictor:
        logits = np.stack([predictor.logits(packed) for packed in unpadded(expected)])
    np.testing.assert_allclose(logits, expected["logits"], atol=1e-4, rtol=0)


@pytest.fixture(scope="module")
def grouped_folder(golden_folder: Path, tmp_path_factory) -> Path:
    """Five layers dealt to two groups of two inner blocks each: nothing that one loop could do."""
    tokenizer = read_checkpoint(golden_folder).tokenizer
    config = AlbertConfig(
        vocab_size=1000,
        embedding_size=16,
        hidden_size=32,
        num_hidden_layers=5,
        num_hidden_groups=2,
        inner_group_num=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        hidden_act="relu",
        initializer_range=0.3,
        labels=("no", "yes", "perhaps"),
    )
    folder = tmp_path_factory.mktemp("grouped") / "model"
    write_folder(folder, config, initial_tensors(config, "text-classification", seed=3), tokenizer)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_depth_is_a_number_of_layers(grouped_folder: Path, grouped_artifact: Path, depth: int):
    """The loops stop after `max_depth` layers, across the border between two groups: as Keras does by hand."""
    keras = KerasPredictor(grouped_folder)
    with load(grouped_artifact) as predictor:
        for packed in sample_inputs(keras.config, keras.tokenizer, 64)[:4]:
            expected = logits_of_layer(keras.model, packed, depth)
            np.testing.assert_allclose(predictor.logits(packed, max_depth=depth), expected, atol=1e-4, rtol=0)


@pytest.fixture(scope="module")
def grouped_artifact(grouped_folder: Path, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("grouped") / "model.tflite"
    albert_edge.convert(grouped_folder, path, scheme="float32")
    return path


def logits_of_layer(model, packed: Packed, depth: int) -> np.ndarray:
    """What the pooler and the classifier make of the hidden states behind layer `depth`."""
    batch = (
        packed.input_ids[np.newaxis],
        np.ones((1, len(packed.input_ids)), np.int32),
        packed.token_type_ids[np.newaxis],
    )
    hidden = model(*batch).hidden_states[depth][:, 0]
    weights = {variable.name: variable.numpy() for variable in model.albert.pooler.variables}
    kernel, bias = (next(value for name, value in weights.items() if part in name) for part in ("kernel", "bias"))
    return model.classifier(np.tanh(hidden @ kernel + bias)).numpy()[0]


@pytest.mark.slow
@pytest.mark.parametrize("depth", [None, 0, -1, 6, 99, 2**40])
def test_a_depth_that_does_not_exist_means_all_layers(grouped_artifact: Path, depth):
    with load(grouped_artifact) as predictor:
        packed = predictor.pack("a few words of text")
        np.testing.assert_array_equal(predictor.logits(packed, max_depth=depth), predictor.logits(packed, max_depth=5))


@pytest.mark.slow
def test_every_matrix_of_a_group_is_multiplied_in_one_place(grouped_artifact: Path):
    facts = albert_edge.inspect(grouped_artifact)
    assert facts["weight_copies"] == 1
    # Two groups of two blocks with six products each, then the embedding's mapping, the pooler and the classifier.
    products = [item["count"] for item in facts["operators"] if item["name"] == "FULLY_CONNECTED"]
    assert sum(products) == 2 * 2 * 6 + 3
    assert [item["count"] for item in facts["operators"] if item["name"] == "WHILE"] == [2]

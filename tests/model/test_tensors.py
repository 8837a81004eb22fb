"""The table of tensors against the files that Hugging Face's classes wrote, and the initial values."""

import json
import struct

import numpy as np
import pytest

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.model.initial import initial_tensors
from albert_edge.model.tensors import HEADS, WORD_EMBEDDINGS, head_of_task, head_tensor_names, tensor_table

CONFIG = AlbertConfig(
    vocab_size=300,
    embedding_size=32,
    hidden_size=64,
    num_attention_heads=4,
    intermediate_size=128,
    num_hidden_groups=2,
    inner_group_num=3,
    initializer_range=0.05,
    labels=("x", "y", "z"),
)


def shapes_in_file(path):
    """Name -> shape, read from the file's header by hand."""
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    return {name: tuple(facts["shape"]) for name, facts in header.items() if name != "__metadata__"}


def test_the_classifiers_table_is_hugging_faces_file(golden):
    folder = golden / "base_like" / "sequence_classification"
    table = tensor_table(AlbertConfig.load(folder), "text-classification")
    assert {name: spec.shape for name, spec in table.items()} == shapes_in_file(folder / "model.safetensors")


@pytest.mark.parametrize(
    ("head", "task"),
    [
        ("token_classification", "token-classification"),
        ("question_answering", "question-answering"),
        ("masked_lm", "fill-mask"),
        ("pretraining", "pretraining"),
    ],
)
def test_every_heads_table_is_hugging_faces_file(golden, head, task):
    for checkpoint in ("base_like", "erf_two_labels"):
        folder = golden / checkpoint / head
        config = AlbertConfig.load(folder)
        assert head_of_task(task).architecture == config.architectures[0]
        table = tensor_table(config, task)
        assert {name: spec.shape for name, spec in table.items()} == shapes_in_file(folder / "model.safetensors")


def test_tasks_and_classes_are_unique_and_unknown_ones_refused():
    assert len({head.task for head in HEADS}) == len(HEADS)
    # Two tasks may be one class: what tells them apart is in the configuration's settings.
    shared = [head.task for head in HEADS if head.architecture == "AlbertForSequenceClassification"]
    assert shared == ["text-classification", "sentence-order"]
    assert len({head.architecture for head in HEADS}) == len(HEADS) - 1
    with pytest.raises(ConfigError, match=r"task must be one of text-classification, .*; received 'ner'"):
        tensor_table(CONFIG, "ner")


def test_all_heads_names_are_known():
    names = head_tensor_names(CONFIG)
    assert {
        "classifier.weight",
        "qa_outputs.bias",
        "predictions.decoder.weight",
        "sop_classifier.classifier.bias",
    } <= names
    assert {"albert.pooler.weight", "predictions.LayerNorm.weight", "predictions.bias"} <= names
    assert WORD_EMBEDDINGS not in names


def test_initial_values_are_drawn_as_transformers_does():
    tensors = initial_tensors(CONFIG, "text-classification", seed=1)
    for name, spec in tensor_table(CONFIG, "text-classification").items():
        values = tensors[name]
        assert values.shape == spec.shape
        assert values.dtype == np.float32
        if spec.kind == "scale":
            assert (values == 1).all(), name
        elif spec.kind in ("bias", "shift"):
            assert (values == 0).all(), name
        elif values.size > 5000:
            assert values.std() == pytest.approx(0.05, rel=0.05), name
            assert abs(values.mean()) < 0.002, name
            # Normal, not truncated at two deviations: 4.6 % lie outside.
            assert 0.03 < (np.abs(values) > 0.1).mean() < 0.06, name
    assert (tensors[WORD_EMBEDDINGS][CONFIG.pad_token_id] == 0).all()
    assert (tensors[WORD_EMBEDDINGS][CONFIG.pad_token_id + 1] != 0).all()


def test_without_a_padding_id_no_embedding_is_zero():
    tensors = initial_tensors(CONFIG.replace(pad_token_id=None), "text-classification", seed=1)
    assert (tensors[WORD_EMBEDDINGS] != 0).all()


def test_a_seed_fixes_every_value():
    first, again, other = (initial_tensors(CONFIG, "text-classification", seed) for seed in (7, 7, 8))
    for name, spec in tensor_table(CONFIG, "text-classification").items():
        np.testing.assert_array_equal(first[name], again[name])
        if spec.kind in ("kernel", "embedding"):
            assert (first[name] != other[name]).any(), name


def test_tensors_of_one_shape_differ():
    tensors = initial_tensors(CONFIG, "text-classification", seed=1)
    prefix = "albert.encoder.albert_layer_groups.0.albert_layers.0.attention"
    assert (tensors[f"{prefix}.query.weight"] != tensors[f"{prefix}.key.weight"]).any()

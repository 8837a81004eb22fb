"""Trainings with `qat`, from the first step to the file: rounded once, for good."""

import json

import numpy as np
import pytest

import albert_edge
from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.model.folder import read_tensors
from albert_edge.model.tensors import WORD_EMBEDDINGS, block_prefix, tensor_table
from albert_edge.text.tables import Columns
from albert_edge.training.request import Request, Source
from albert_edge.training.settings import TrainingSettings

BLOCK = block_prefix(0, 0)


def test_a_frozen_encoder_is_not_rounded():
    settings = TrainingSettings.from_dict({"qat": "int8", "freeze_encoder": True}, from_checkpoint=True)
    with pytest.raises(ConfigError, match="qat needs an encoder that learns; received int8 beside freeze_encoder"):
        Request("text-classification", "train", "dev", Columns(), Columns(), Source(from_="model"), settings)


def test_the_kinds_are_two():
    with pytest.raises(ConfigError, match="qat must be one of int8, int4; received 'int2'"):
        TrainingSettings.from_dict({"qat": "int2"}, from_checkpoint=True)


@pytest.fixture(scope="module")
def retrained(trained_folder, separable, tmp_path_factory):
    """Kind -> report and folder of a short training with `qat`."""
    results = {}

    def training(kind):
        if kind not in results:
            out = tmp_path_factory.mktemp("qat") / "model"
            settings = {"qat": kind, "epochs": 2, "batch_size": 16, "learning_rate": 3e-4}
            files = separable / "train.tsv", separable / "dev.tsv"
            results[kind] = albert_edge.train("text-classification", *files, out, from_=trained_folder, **settings), out
        return results[kind]

    return training


def rounded_names(folder, least):
    """Kernels of at least so many weights, and the table."""
    table = tensor_table(AlbertConfig.load(folder), "text-classification")
    kernels = {name for name, spec in table.items() if spec.kind == "kernel" and np.prod(spec.shape) >= least}
    return kernels, {WORD_EMBEDDINGS}


def levels_of(values, largest):
    scales = np.abs(values).max(axis=1, keepdims=True) / largest
    return values / np.where(scales == 0, 1, scales)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "largest", "least"), [("int4", 7, 8192), ("int8", 127, 0)])
def test_the_folder_holds_levels(retrained, trained_folder, kind, largest, least):
    _, out = retrained(kind)
    tensors, before = read_tensors(out), read_tensors(trained_folder)
    kernels, table = rounded_names(out, least)
    assert len(kernels) == (8 if kind == "int4" else 9)
    for name, values in tensors.items():
        bits = largest if name in kernels else 127
        if name in kernels | table:
            levels = levels_of(values, bits)
            np.testing.assert_allclose(levels, np.rint(levels), atol=2e-5 * bits)
            assert len(np.unique(np.rint(levels))) > largest
        assert not np.array_equal(values, before[name]), name


@pytest.mark.slow
def test_training_with_4_bits_keeps_the_accuracy(retrained, trained_folder, separable):
    report, out = retrained("int4")
    dev = separable / "dev.tsv"
    before, after = (albert_edge.evaluate(folder, dev)["accuracy"] for folder in (trained_folder, out))
    assert before >= 0.95
    # The folder's weights are the rounded ones, and int4 rounds nothing else: Keras gives the training's own score.
    assert report["dev"]["accuracy"] == after >= before - 0.05
    expected = {"kind": "int4", "weight_bits": 4, "table_bits": 8, "activation_bits": None, "float_steps": 0}
    assert report["qat"] == expected


@pytest.mark.slow
def test_int8_writes_its_ranges(retrained):
    _, out = retrained("int8")
    ranges = json.loads((out / "config.json").read_text(encoding="utf-8"))["albert_edge"]["activation_ranges"]
    assert len(ranges) == 18
    assert all(least <= 0 < largest for least, largest in ranges.values())
    assert ranges["0.0.probabilities"][0] == 0
    assert 0.3 < ranges["0.0.probabilities"][1] <= 1
    assert ranges["head_input"][1] <= 1


@pytest.mark.slow
def test_a_file_stores_the_very_levels(retrained, tmp_path):
    """Products of the file's int4 constants with their scales are the folder's weights, bit for bit."""
    from albert_edge.artifact import read_artifact
    from converters.flatbuffer import read_tables, schema
    from converters.word_table import unpacked_int4

    _, out = retrained("int4")
    albert_edge.convert(out, tmp_path / "int4.tflite", scheme="int4")
    tables, found = read_tables(bytes(read_artifact(tmp_path / "int4.tflite").model)), []
    for tensor in (tensor for graph in tables.subgraphs for tensor in graph.tensors):
        data = tables.buffers[tensor.buffer].data
        if tensor.type == schema.TensorType.INT4 and data is not None:
            levels = unpacked_int4(data, int(np.prod(tensor.shape))).reshape(tensor.shape)
            found.append(levels * np.asarray(tensor.quantization.scale, np.float32)[:, None])
    weights, (kernels, _) = read_tensors(out), rounded_names(out, 8192)
    # The scores' factor lies in the query's weights: 1 / sqrt(64), a power of two.
    expected = [weights[name] / 8 if ".query." in name else weights[name] for name in sorted(kernels)]
    assert len(found) == len(expected)
    for values in expected:
        assert any(np.array_equal(values, stored) for stored in found)


@pytest.mark.slow
def test_rounding_keeps_zeros_and_follows_a_teacher_at_every_depth(trained_folder, separable, tmp_path):
    """Half of the shared block's feed-forward weights are zero before, and after."""
    from albert_edge.model.folder import read_checkpoint, write_folder

    found, name = read_checkpoint(trained_folder), f"{BLOCK}.ffn.weight"
    zeros = np.random.default_rng(4).random(found.tensors[name].shape) < 0.5
    pruned = {**found.tensors, name: np.where(zeros, np.float32(0), found.tensors[name])}
    write_folder(tmp_path / "pruned", found.config, pruned, found.tokenizer, task="text-classification")
    files, out = (separable / "train.tsv", separable / "dev.tsv"), tmp_path / "out"
    settings = {"qat": "int8", "keep_zeros": True, "teacher": str(trained_folder), "multi_exit": True, "epochs": 1}
    report = albert_edge.train("text-classification", *files, out, from_=tmp_path / "pruned", **settings)
    weights, config = read_tensors(out)[name], AlbertConfig.load(out)
    assert (weights[zeros] == 0).all()
    assert (weights[~zeros] != 0).mean() > 0.95
    assert config.settings.multi_exit
    assert config.settings.activation_ranges is not None
    assert report["qat"]["activation_bits"] == 8
    assert report["dev"]["accuracy"] >= 0.9


@pytest.mark.slow
def test_ranges_end_with_the_next_training(retrained, separable, tmp_path):
    _, folder = retrained("int8")
    files = separable / "train.tsv", separable / "dev.tsv"
    albert_edge.train("text-classification", *files, tmp_path / "next", from_=folder, epochs=1, freeze_encoder=True)
    assert AlbertConfig.load(folder).settings.activation_ranges is not None
    assert AlbertConfig.load(tmp_path / "next").settings.activation_ranges is None

"""Which products an int8 file computes in int8, and that their weights are on the levels that were chosen for them."""

from pathlib import Path

import numpy as np
import pytest

import albert_edge
from albert_edge.config import SMALL_PRODUCT
from albert_edge.errors import CheckFailedError
from albert_edge.model.folder import read_checkpoint, write_folder
from converters import building
from converters.built import BuildRequest
from converters.combination import read_heads
from converters.flatbuffer import _int8_products, read_tables, with_small_products_in_float32
from converters.layout import Layout
from converters.schemes import plan_of
from converters.targets import parse_targets

pytestmark = pytest.mark.slow

TABLE = (1000, 16)


@pytest.fixture(scope="module")
def trained(golden: Path, tmp_path_factory) -> Path:
    """A model wide enough for int8 products, the scales and shifts of its LayerNorms as training makes them."""
    folder = tmp_path_factory.mktemp("trained")
    vocabulary = golden / "albert_spm" / "30k-clean.model"
    albert_edge.create(folder / "first", size="tiny", vocab=vocabulary, labels=["a", "b", "c"])
    found, generator = read_checkpoint(folder / "first"), np.random.default_rng(3)
    tensors = {
        name: values + generator.uniform(-0.5, 0.5, values.shape).astype(np.float32) if "orm." in name else values
        for name, values in found.tensors.items()
    }
    write_folder(folder / "model", found.config, tensors, found.tokenizer, task=found.task)
    return folder / "model"


def model_of(folder: Path, layout: Layout) -> bytes:
    """Its dynamic-range flatbuffer, built in this process."""
    heads = read_heads(folder, None, (), {})
    request = BuildRequest(heads, layout, (plan_of("dynamic-range"),), parse_targets(["litert"]))
    return next(building.builds(request)).model


def dequantized(model: bytes) -> list[np.ndarray]:
    """The weights of each int8 product."""
    tables = read_tables(model)
    found = []
    for graph, operator in _int8_products(tables):
        tensor = graph.tensors[operator.inputs[1]]
        levels = tables.buffers[tensor.buffer].data.view(np.int8).reshape(tuple(tensor.shape))
        found.append(levels * np.asarray(tensor.quantization.scale, np.float32).reshape(-1, 1))
    return found


@pytest.mark.parametrize("layout", [Layout(), Layout("unrolled", 16)], ids=lambda layout: layout.kind)
def test_the_converter_keeps_the_levels(trained: Path, monkeypatch, layout: Layout):
    """It would lose them by multiplying LayerNorm's scale, or the scores' factor, into the weights."""
    rounded = {}

    def recorded(*arguments):
        rounded.update(make(*arguments))
        return rounded

    make = building.rounded_tensors
    monkeypatch.setattr(building, "rounded_tensors", recorded)
    products = dequantized(model_of(trained, layout))
    # Six of the block, the mapping and the pooler; the classifier is small.
    assert len(products) == 8 if layout.kind == "looped" else len(products) > 8
    factor = np.float32(64**-0.5)
    candidates = [values * each for values in rounded.values() if values.ndim == 2 for each in (1, factor)]
    for product in products:
        assert product.size >= SMALL_PRODUCT
        same = [values for values in candidates if values.shape == product.shape]
        assert min(np.abs(values - product).max() for values in same) < 1e-5 * np.abs(product).max()


def test_the_same_model_gives_the_same_bytes(trained: Path, tmp_path: Path):
    for name in ("first.tflite", "second.tflite"):
        albert_edge.convert(trained, tmp_path / name)
    assert (tmp_path / "first.tflite").read_bytes() == (tmp_path / "second.tflite").read_bytes()


def test_weights_of_another_model_are_refused(golden: Path, monkeypatch):
    folder = golden / "base_like" / "question_answering"
    monkeypatch.setattr(building, "with_small_products_in_float32", lambda model, *_: model)
    # Its products are small ones, which would not be int8.
    monkeypatch.setattr(building, "check_stored", lambda *_: None)
    model = model_of(folder, Layout())
    assert len(dequantized(model)) == 6
    tensors = read_checkpoint(folder).tensors
    factor = np.float32(12**-0.5)
    matrices = [
        values * (factor if ".query." in name else np.float32(1))
        for name, values in tensors.items()
        if values.ndim == 2
    ]
    assert dequantized(with_small_products_in_float32(model, matrices, TABLE)) == []
    with pytest.raises(CheckFailedError, match="a product's weights must be the model's; received others of"):
        with_small_products_in_float32(model, [-values for values in matrices], TABLE)

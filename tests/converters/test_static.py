"""Full-integer files: close to the model in both layouts on all runtimes, integers read back, damage and gaps found."""

import random
from pathlib import Path
from string import ascii_lowercase
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import albert_edge
from albert_edge.artifact import read_artifact
from albert_edge.errors import CheckFailedError, ConfigError
from albert_edge.model.folder import read_checkpoint, write_folder
from albert_edge.runtime.interpreter import open_session
from albert_edge.runtime.running import run_packed
from albert_edge.text.packing import Packed
from converters.flatbuffer import read_tables, schema
from converters.static import check_integer
from converters.targets import installed_targets

pytestmark = pytest.mark.slow

TOLERANCES = {"int8": 0.1, "int16x8": 0.05}
"""Of the logits that transformers has recorded: root-mean-square of the error over their standard deviation. Random
weights, random ids; answers of another model are at 1.4."""

CONVERSIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "int8": ("int8", {"integer_outputs": True}),
    "int8 unrolled": ("int8", {"layout": "unrolled", "length": 24}),
    "int16x8": ("int16x8", {"range_method": "percentile"}),
}
PRODUCTS = 11
"""Of the mapping, the block's six with a matrix and its two of attention, pooler and classifier."""


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 lines of random words: pieces from all over the vocabulary."""
    generator = random.Random(1)
    path = tmp_path_factory.mktemp("texts") / "texts.txt"
    words = ["".join(generator.choices(ascii_lowercase, k=generator.randint(1, 9))) for _ in range(400)]
    lines = [" ".join(generator.choices(words, k=generator.randint(1, 9))) for _ in range(24)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def converted(golden_folder: Path, texts: Path, tmp_path_factory) -> dict[str, tuple[Path, dict[str, Any]]]:
    """By `CONVERSIONS`: the file and the report."""
    folder, targets = tmp_path_factory.mktemp("converted"), [target.label for target in installed_targets()]
    made = {}
    for name, (scheme, options) in CONVERSIONS.items():
        path = folder / f"{name}.tflite"
        report = albert_edge.convert(golden_folder, path, scheme=scheme, calibrate=texts, targets=targets, **options)
        made[name] = path, report
    return made


def _logits(path: Path, expected: Any, runtime: str) -> np.ndarray:
    """What the file's graph gives for the recorded inputs, before anything reads it: [texts, labels]."""
    names = ("input_ids", "token_type_ids", "attention_mask")
    found = []
    with open_session(path, runtime=runtime) as session:
        for number, length in enumerate(expected["attention_mask"].sum(axis=1)):
            rows = {name: expected[name][number].astype(np.int32) for name in names}
            if "max_depth" in session.inputs:
                rows = {name: values[:length] for name, values in rows.items()}
            arrays = {name: values[np.newaxis] for name, values in rows.items()}
            inputs = {**arrays, "max_depth": np.array([3], np.int32)}
            found.append(session.run({name: inputs[name] for name in session.inputs})["logits"][0])
    return np.stack(found)


def _error(logits: np.ndarray, expected: Any) -> float:
    exact = expected["logits"].astype(np.float64)
    return float(np.sqrt(np.mean((logits - exact) ** 2)) / exact.std())


@pytest.fixture(scope="module")
def expected(golden_folder: Path) -> Any:
    return np.load(golden_folder / "expected.npz")


@pytest.mark.parametrize("name", CONVERSIONS)
def test_every_runtime_answers_as_the_model(converted, expected, name: str):
    path, report = converted[name]
    scheme, options = CONVERSIONS[name]
    assert [each["target"] for each in report["verified"]] == [target.label for target in installed_targets()]
    outputs = read_artifact(path).manifest.quantized_outputs
    assert set(outputs) == ({"logits"} if "integer_outputs" in options else set())
    for target in installed_targets():
        values = _logits(path, expected, target.runtime)
        assert values.dtype == (np.int8 if outputs else np.float32)
        for each in outputs.values():
            values = each.scale * (values.astype(np.float64) - each.zero_point)
        assert _error(values, expected) < TOLERANCES[scheme]
    scales = report["activation_scales"]
    assert (scales["ranges"], scales["texts"]) == (options.get("range_method", "mse"), 24)
    errors = {name: figures["relative_error"] for name, figures in scales["measured"].items()}
    assert scales["used"] == (min(errors, key=errors.__getitem__) if "layout" in options else "shared")


def test_masks_are_filled_as_transformers_fills_them(golden: Path, texts: Path, tmp_path: Path):
    """The words' product takes its table's rows in int8 and the vector of a mask in float32, on each runtime."""
    folder, path = golden / "base_like" / "masked_lm", tmp_path / "fill.tflite"
    targets = [target.label for target in installed_targets()]
    albert_edge.convert(folder, path, scheme="int8", calibrate=texts, targets=targets)
    recorded, artifact = np.load(folder / "expected.npz"), read_artifact(path)
    ids, types = (recorded[name][0].astype(np.int32) for name in ("input_ids", "token_type_ids"))
    places = np.array([3, 11, 20], np.int32)
    for target in installed_targets():
        with open_session(artifact, runtime=target.runtime) as session:
            received = run_packed(session, artifact.manifest, Packed(ids, types, places))["fill-mask"]["logits"]
        exact = recorded["logits"][0, places]
        assert np.sqrt(np.mean((received - exact) ** 2)) / exact.std() < TOLERANCES["int8"]
        assert (received.argmax(axis=1) == exact.argmax(axis=1)).all()


def test_a_masked_tokens_bias_stands_in_no_range(converted):
    """-1000, beside scores of a few units: an integer tensor is never so wide."""
    for path, _ in converted.values():
        scales = [
            float(tensor.quantization.scale[0])
            for graph in read_tables(read_artifact(path).model).subgraphs
            for tensor in graph.tensors
            if b"scores" in (tensor.name or b"") and tensor.quantization and tensor.quantization.scale is not None
        ]
        assert scales
        assert max(scales) < 1


def test_products_of_16_bits_sum_in_32(converted):
    """In 64 bits they take five times as long; 48 columns can't overflow 32."""
    tables = read_tables(read_artifact(converted["int16x8"][0]).model)
    products = [(graph, each) for graph in tables.subgraphs for each in graph.operators if _is_product(tables, each)]
    assert {graph.tensors[each.inputs[2]].type for graph, each in products} == {schema.TensorType.INT32}


def test_a_product_left_float_is_found(converted):
    tables = read_tables(read_artifact(converted["int8"][0]).model)
    check_integer(tables, "int8", PRODUCTS)
    body = next(graph for graph in tables.subgraphs for tensor in graph.tensors if b"scores" in (tensor.name or b""))
    product = next(each for each in body.operators if _is_product(tables, each))
    body.tensors[product.outputs[0]].type = schema.TensorType.FLOAT32
    with pytest.raises(CheckFailedError, match="all 11 products must be of int8; received 10 that are"):
        check_integer(tables, "int8", PRODUCTS)


def _is_product(tables: Any, operator: Any) -> bool:
    return tables.operatorCodes[operator.opcodeIndex].builtinCode == schema.BuiltinOperator.FULLY_CONNECTED


# === Ranges that training has left in the folder ===


@pytest.fixture(scope="module")
def ranges(golden_folder: Path) -> dict[str, tuple[float, float]]:
    """From least to greatest value on random ids, all layers together, as `train --qat int8` keeps them."""
    from converters.calibration.histogram import pooled
    from converters.calibration.ranges import full_range
    from converters.calibration.recording import record
    from converters.calibration.running import PointNetwork
    from converters.calibration.texts import random_texts
    from converters.graph.heads import graph_heads

    found = read_checkpoint(golden_folder)
    network = PointNetwork(found.config, found.tensors, graph_heads({found.task: found.config}))
    seen, _ = record(network, random_texts(found.config)[:8])
    return {point: tuple(full_range(pooled(depths.values()))) for point, depths in seen.items()}


def _with_ranges(folder: Path, out: Path, ranges: dict[str, tuple[float, float]]) -> Path:
    found = read_checkpoint(folder)
    config = found.config.with_settings(activation_ranges=ranges)
    write_folder(out, config, found.tensors, found.tokenizer, task=found.task)
    return out


def test_a_folders_own_ranges_are_taken(golden_folder: Path, expected, ranges, tmp_path: Path):
    folder = _with_ranges(golden_folder, tmp_path / "model", ranges)
    report = albert_edge.convert(folder, tmp_path / "a.tflite", scheme="int8")
    # From least to greatest value, steps are about twice as wide as those of the least error.
    assert _error(_logits(tmp_path / "a.tflite", expected, "ai_edge_litert"), expected) < 2 * TOLERANCES["int8"]
    assert report["activation_scales"] == {
        "asked": "auto",
        "used": "shared",
        "ranges": "training",
        "texts": 0,
        "measured": {},
    }
    scales = {
        bytes(tensor.name).split(b"/")[1].decode(): float(tensor.quantization.scale[0])
        for graph in read_tables(read_artifact(tmp_path / "a.tflite").model).subgraphs
        for tensor in graph.tensors
        if (tensor.name or b"").startswith(b"integer/") and tensor.type == schema.TensorType.INT8
    }
    low, high = ranges["0.0.ffn_inner"]
    assert scales["0.0.ffn_inner"] == pytest.approx((high - low) / 255, rel=1e-5)


def test_a_range_that_is_missing_is_named(golden_folder: Path, ranges, tmp_path: Path):
    left = {point: limits for point, limits in ranges.items() if point != "0.0.context"}
    folder = _with_ranges(golden_folder, tmp_path / "model", left)
    with pytest.raises(ConfigError, match=r"^every activation point needs a range; received none of 0\.0\.context$"):
        albert_edge.convert(folder, tmp_path / "a.tflite", scheme="int8")
    assert not (tmp_path / "a.tflite").exists()


def test_a_simulated_loss_by_hand():
    from converters.calibration.choice import _Loss
    from converters.calibration.running import Seen

    exact, received = np.array([[0.0, 2.0, 4.0]], np.float32), np.array([[0.0, 2.0, 5.0]], np.float32)
    points = [[Seen("pooler_input", -1, np.array(values, np.float32))] for values in ([3.0, 4.0], [3.0, 5.0])]
    network: Any = SimpleNamespace(run=lambda _: ({"logits": received}, points[1]))
    loss, packed = _Loss(network), Packed(np.zeros(1, np.int32), np.zeros(1, np.int32))
    for _ in range(2):
        loss.add(packed, {"logits": exact}, points[0])
    figures = loss.figures()
    # An error of 1 in one of three values, whose squared deviations from their mean are 4, 0 and 4.
    assert figures.relative_error == pytest.approx((1 / 8) ** 0.5)
    assert figures.sqnr_db == {"pooler_input": pytest.approx(10 * np.log10(25))}

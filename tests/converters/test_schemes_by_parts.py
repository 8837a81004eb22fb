"""int4 and mixed files: what they store is what their plan says, they answer as Keras does, and damage is noticed."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import albert_edge
from albert_edge.artifact import Artifact, read_artifact
from albert_edge.artifact.inspection import _report
from albert_edge.errors import AlbertEdgeError, ArtifactError, CheckFailedError
from albert_edge.model.tensors import WORD_EMBEDDINGS
from albert_edge.runtime.interpreter import open_session
from converters import building
from converters.built import BuildRequest, Built
from converters.combination import read_heads
from converters.flatbuffer import read_tables, schema
from converters.graph.network import stored_values
from converters.layout import Layout
from converters.parts import PARTS
from converters.pipeline import artifact_of
from converters.reference import reference_outputs
from converters.samples import sample_inputs
from converters.schemes import Plan, plan_of
from converters.stored import check_stored, matrix_of
from converters.targets import parse_target, parse_targets
from converters.verification import verified_on
from converters.weights import with_products_in

pytestmark = pytest.mark.slow

MIXED = {"embedding": "float16", "query": "float16", "key": "int8", "ffn_in": "int8", "ffn_out": "int4"}
PLANS = {
    "int4": plan_of("int4"),
    "int4 with a table of int4": plan_of("int4", {"embedding": "int4"}),
    "mixed": plan_of("mixed", MIXED),
    "float32 by parts": plan_of("mixed", {"query": "float32"}),
}


@pytest.fixture(scope="module")
def heads(trained_folder: Path):
    return read_heads(trained_folder, None, (), {})


def built(heads, plans, layout: Layout | None = None) -> list[Built]:
    return list(building.builds(BuildRequest(heads, layout or Layout(), tuple(plans), parse_targets(["litert"]))))


@pytest.fixture(scope="module")
def models(heads) -> dict[str, Built]:
    return dict(zip(PLANS, built(heads, PLANS.values())))


def stored_types(model: bytes) -> dict[tuple[int, ...], set[int]]:
    """Shape -> the types of the constant matrices of that shape, but for small ones."""
    tables = read_tables(model)
    found: dict[tuple[int, ...], set[int]] = {}
    for graph in tables.subgraphs:
        for tensor in graph.tensors:
            data = tables.buffers[tensor.buffer].data
            if data is not None and len(tensor.shape) == 2 and min(tensor.shape) > 8:
                found.setdefault(tuple(map(int, tensor.shape)), set()).add(tensor.type)
    return found


def test_the_types_in_the_file_are_the_plans(heads, models: dict[str, Built]):
    kinds = schema.TensorType
    square, ffn_in, ffn_out = (128, 128), (512, 128), (128, 512)
    table = heads[0].tensors[WORD_EMBEDDINGS].shape
    four = stored_types(models["int4"].model)
    assert four[square] == four[ffn_in] - {kinds.FLOAT32} == four[ffn_out] == {kinds.INT4}
    assert four[table] == {kinds.INT8}
    assert stored_types(models["int4 with a table of int4"].model)[table] == {kinds.INT4}
    mixed = stored_types(models["mixed"].model)
    assert mixed[table] == {kinds.FLOAT16}
    assert mixed[square] == {kinds.FLOAT16, kinds.INT8, kinds.FLOAT32}
    assert mixed[ffn_out] == {kinds.INT4}
    assert set.union(*stored_types(models["float32 by parts"].model).values()) == {kinds.FLOAT32}


def test_bytes_and_copies(heads, models: dict[str, Built]):
    """Half a byte a weight of the products, and each once in memory."""
    files = {name: artifact_of(heads, models[name], PLANS[name], None) for name in PLANS}
    weights = 6 * 128 * 128 + 2 * 128 * 512
    saved = len(files["float32 by parts"].model) - len(files["int4"].model)
    table = heads[0].tensors[WORD_EMBEDDINGS].size
    assert saved == pytest.approx(3.5 * weights + 3 * table, rel=0.05)
    for name, file in files.items():
        assert _inspected(file)["weight_copies"] == 1, name


def _inspected(artifact: Artifact) -> dict:
    return _report(artifact.model, b"", artifact.facts, artifact)


@pytest.mark.parametrize("name", PLANS)
def test_answers_are_the_models(heads, models: dict[str, Built], name: str):
    plan, trunk = PLANS[name], heads[0]
    samples = sample_inputs(trunk.config, trunk.tokenizer, 64)
    reference = {trunk.task: reference_outputs(trunk, samples)}
    artifact = artifact_of(heads, models[name], plan, None)
    compared = verified_on(parse_target("litert"), artifact, samples, reference, plan)
    # A trained model is far within its scheme's tolerance, which random weights need.
    assert compared.worst()["relative_error"] < 0.5 * plan.tolerance.relative
    assert compared.worst()["top1_agreement"] >= 0.9


def test_the_unrolled_layout_stores_each_matrix_once(heads, models: dict[str, Built]):
    (unrolled,) = built(heads, [PLANS["int4"]], Layout("unrolled", 16))
    assert len(unrolled.model) < 1.2 * len(models["int4"].model)
    assert stored_types(unrolled.model)[128, 512] == {schema.TensorType.INT4}


def test_fill_mask_multiplies_by_the_table_that_it_looks_up_in(golden: Path):
    heads = read_heads(golden / "base_like" / "masked_lm", None, (), {})
    plans = [plan_of("mixed", {"embedding": precision}) for precision in ("int8", "int4", "float16")]
    trunk = heads[0]
    samples = sample_inputs(trunk.config, trunk.tokenizer, 64)
    reference = {trunk.task: reference_outputs(trunk, samples)}
    for plan, each in zip(plans, built(heads, plans)):
        artifact = artifact_of(heads, each, plan, None)
        verified_on(parse_target("litert"), artifact, samples, reference, plan)
        shape = trunk.tensors[WORD_EMBEDDINGS].shape
        assert len(stored_types(each.model)[shape]) == 1


# === Weights that must not move ===


@pytest.mark.parametrize(("precision", "levels"), [("int8", 127), ("int4", 7)])
def test_weights_on_the_grid_come_through(heads, precision: str, levels: int):
    """As a model after quantization-aware training has them: the file holds the very values."""
    trunk = heads[0]
    name = "albert.encoder.albert_layer_groups.0.albert_layers.0.ffn.weight"
    generator = np.random.default_rng(2)
    integers = generator.integers(-levels, levels + 1, trunk.tensors[name].shape).astype(np.float32)
    integers[:, 3] = levels
    exact = integers * generator.uniform(1e-3, 1e-2, (len(integers), 1)).astype(np.float32)
    changed = dataclasses.replace(trunk, tensors={**trunk.tensors, name: exact})
    (model,) = built((changed,), [plan_of("mixed", {"ffn_in": precision})])
    tables = read_tables(model.model)
    kind = schema.TensorType.INT4 if precision == "int4" else schema.TensorType.INT8
    (tensor,) = [each for graph in tables.subgraphs for each in graph.tensors if each.type == kind]
    np.testing.assert_allclose(matrix_of(tensor, tables.buffers[tensor.buffer].data), exact, rtol=1e-5)


# === Damage ===


def test_a_part_that_is_not_stored_as_planned_is_noticed(heads, models: dict[str, Built]):
    trunk = heads[0]
    matrices = {name: each for name, each in stored_values(trunk.config, trunk.tensors).items() if each.ndim == 2}
    wrong = Plan("int4", dict.fromkeys(PARTS, "int8"))
    scaled = {**matrices, WORD_EMBEDDINGS: trunk.tensors[WORD_EMBEDDINGS]}
    largest = np.abs(scaled[WORD_EMBEDDINGS]).max(axis=1, keepdims=True)
    # The padding's row is zeros.
    scaled[WORD_EMBEDDINGS] = scaled[WORD_EMBEDDINGS] / np.where(largest == 0, np.float32(1), largest)
    check_stored(models["int4"].model, scaled, WORD_EMBEDDINGS, PLANS["int4"])
    with pytest.raises(CheckFailedError, match="must be stored as int8; received int4"):
        check_stored(models["int4"].model, scaled, WORD_EMBEDDINGS, wrong)
    others = {name: -values for name, values in scaled.items()}
    with pytest.raises(CheckFailedError, match="every matrix of the model must be stored; received none like"):
        check_stored(models["int4"].model, others, WORD_EMBEDDINGS, PLANS["int4"])


@pytest.mark.parametrize(
    ("parts", "rule"),
    [
        (dict.fromkeys(PARTS, "int8"), "the products must be stored as their parts are, int8; received"),
        ({**PLANS["int4"].parts, "embedding": "int4"}, "the table of words must be stored as int4, its part's"),
    ],
)
def test_a_manifest_that_says_otherwise_is_refused(heads, models: dict[str, Built], parts: dict, rule: str):
    with pytest.raises(ArtifactError, match=rule):
        artifact_of(heads, models["int4"], Plan("int4", parts), None)


def test_a_product_with_other_weights_is_refused(models: dict[str, Built]):
    with pytest.raises(CheckFailedError, match="a product's weights must be the model's; received others of"):
        with_products_in(models["float32 by parts"].model, {}, WORD_EMBEDDINGS, {}, {})


def test_the_old_operator_version_would_answer_garbage(models: dict[str, Built]):
    """Why the products get version 12: as the quantizer leaves them, tflite-runtime 2.14 would load the file."""
    codes = read_tables(models["int4"].model).operatorCodes
    versions = {code.version for code in codes if code.builtinCode == schema.BuiltinOperator.FULLY_CONNECTED}
    assert 12 in versions
    with pytest.raises(AlbertEdgeError):
        open_session(models["int4"].model, runtime="tflite_runtime")


# === Through the public function ===


def test_convert_takes_parts_and_the_same_model_gives_the_same_bytes(trained_folder: Path, tmp_path: Path):
    for name in ("first.tflite", "second.tflite"):
        report = albert_edge.convert(trained_folder, tmp_path / name, scheme="int4", parts={"ffn_out": "int8"})
    assert (tmp_path / "first.tflite").read_bytes() == (tmp_path / "second.tflite").read_bytes()
    manifest = read_artifact(tmp_path / "first.tflite").manifest
    assert (manifest.scheme, manifest.parts["ffn_out"], manifest.parts["ffn_in"]) == ("int4", "int8", "int4")
    assert report["verified"][0]["relative_tolerance"] == 0.7
    assert albert_edge.verify(tmp_path / "first.tflite", trained_folder)["failures"] == []

"""Full-integer files: close to the float model in both layouts on all runtimes, and refused where they are not."""

from pathlib import Path

import pytest

import albert_edge
from albert_edge.artifact import read_artifact
from albert_edge.errors import AlbertEdgeError, CheckFailedError
from converters.flatbuffer import read_tables
from converters.static import check_integer
from converters.targets import installed_targets

pytestmark = pytest.mark.slow

TOLERANCES = {"int8": 0.15, "int16x8": 0.05}
"""Of the logits, relative: a tiny trained model on random ids."""

UNROLLED = {"layout": "unrolled", "length": 24}


@pytest.fixture(scope="module")
def train(separable: Path) -> Path:
    return separable / "train.tsv"


@pytest.mark.parametrize(("scheme", "options"), [("int8", {}), ("int8", UNROLLED), ("int16x8", UNROLLED)])
def test_every_runtime_answers_as_the_model(trained_folder: Path, train: Path, tmp_path: Path, scheme, options):
    targets = [target.label for target in installed_targets()]
    report = albert_edge.convert(
        trained_folder, tmp_path / "a.tflite", scheme=scheme, calibrate=train, targets=targets, **options
    )
    assert [each["target"] for each in report["verified"]] == targets
    assert max(each["relative_error"] for each in report["verified"]) < TOLERANCES[scheme]
    scales = report["activation_scales"]
    errors = {name: figures["relative_error"] for name, figures in scales["measured"].items()}
    assert scales["used"] == (min(errors, key=errors.__getitem__) if options else "shared")
    # The bias of a masked token, -1000, stands in no range: an integer tensor is never so wide.
    for graph in read_tables(read_artifact(tmp_path / "a.tflite").model).subgraphs:
        for tensor in graph.tensors:
            if b"scores" in (tensor.name or b"") and tensor.quantization and tensor.quantization.scale is not None:
                assert float(tensor.quantization.scale[0]) < 1


def test_integer_outputs_are_read_back(trained_folder: Path, train: Path, tmp_path: Path):
    plain, integer = tmp_path / "plain.tflite", tmp_path / "integer.tflite"
    albert_edge.convert(trained_folder, plain, scheme="int8", calibrate=train)
    albert_edge.convert(trained_folder, integer, scheme="int8", calibrate=train, integer_outputs=True)
    assert set(read_artifact(integer).manifest.quantized_outputs) == {"logits"}
    text = "the rain was late today"
    answers = [albert_edge.load(path).predict(text).scores for path in (plain, integer)]
    assert answers[0] == pytest.approx(answers[1], abs=1e-3)


def test_a_product_left_float_and_missing_texts_are_found(trained_folder: Path, train: Path, tmp_path: Path):
    path = tmp_path / "a.tflite"
    with pytest.raises(AlbertEdgeError, match="full integer needs texts"):
        albert_edge.convert(trained_folder, path, scheme="int8")
    damaged = tmp_path / "damaged.tsv"
    damaged.write_bytes(b"text\tlabel\n\xff\xfe")
    with pytest.raises(AlbertEdgeError):
        albert_edge.convert(trained_folder, path, scheme="int8", calibrate=damaged)
    albert_edge.convert(trained_folder, path, scheme="float32")
    tables = read_tables(read_artifact(path).model)
    with pytest.raises(CheckFailedError, match="all 11 products must be of int8; received 0 that are"):
        check_integer(tables, "int8", 11)

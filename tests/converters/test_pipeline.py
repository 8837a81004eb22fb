"""`convert` and `verify`: what they write, what they refuse, and that damage trips each check."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import albert_edge
from albert_edge.cli import cli
from albert_edge.cli.convert import _scales_line
from albert_edge.errors import AlbertEdgeError, CheckFailedError, ConfigError
from albert_edge.model.folder import read_checkpoint, write_folder
from converters import pipeline
from converters.built import BuildRequest
from converters.combination import read_heads
from converters.layout import Layout
from converters.schemes import plan_of
from converters.targets import parse_targets

SCHEMES = ("float32", "float16", "dynamic-range")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_same_model_gives_the_same_bytes(golden_folder: Path, tmp_path: Path, scheme: str):
    paths = [tmp_path / name for name in ("first.tflite", "second.tflite")]
    for path in paths:
        albert_edge.convert(golden_folder, path, scheme=scheme)
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.slow
def test_each_scheme_stores_what_it_says(golden_folder: Path, tmp_path: Path):
    """At the width of `tiny`: the golden model's products are so small that they stay float32."""
    model, sizes = tmp_path / "model", {}
    albert_edge.create(model, size="tiny", vocab=golden_folder, labels=["a", "b"])
    for scheme in SCHEMES:
        report = albert_edge.convert(model, tmp_path / scheme, scheme=scheme)
        assert report["scheme"] == scheme
        assert report["weight_copies"] == 1
        assert not [item for item in report["operators"] if item["name"].startswith(("CUSTOM", "Flex"))]
        sizes[scheme] = report["unique_weight_bytes"]
    assert sizes["float16"] < 0.55 * sizes["float32"]
    # The positions' table is sliced rather than looked up or multiplied, and stays float32.
    positions = 512 * 128 * 4
    assert sizes["dynamic-range"] - positions < 0.27 * (sizes["float32"] - positions)


@pytest.mark.slow
def test_the_unrolled_layout_multiplies_each_matrix_once_a_layer(golden_folder: Path, tmp_path: Path):
    report = albert_edge.convert(golden_folder, tmp_path / "out.tflite", layout="unrolled", length=16)
    assert report["weight_copies"] == 3
    assert report["lengths"] == {"min": 16, "max": 16}


@pytest.mark.slow
def test_a_wrong_weight_is_noticed_and_nothing_is_written(golden_folder: Path, tmp_path: Path, monkeypatch):
    """The file is made from other weights than the model that it is compared with."""
    honest = pipeline.build_apart

    def damaged(request, samples):
        first = request.checkpoints[0]
        name = "albert.encoder.albert_layer_groups.0.albert_layers.0.ffn_output.weight"
        wrong = dataclasses.replace(first, tensors={**first.tensors, name: -first.tensors[name]})
        built, _ = honest(dataclasses.replace(request, checkpoints=(wrong,)))
        return built, honest(request, samples)[1]

    monkeypatch.setattr(pipeline, "build_apart", damaged)
    with pytest.raises(CheckFailedError, match=r"must be within a relative error of .*; received"):
        albert_edge.convert(golden_folder, tmp_path / "out.tflite")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_an_operator_that_needs_flex_is_refused(golden_folder: Path, monkeypatch):
    from albert_edge.model.keras import tf
    from converters.building import builds
    from converters.graph.network import Network

    monkeypatch.setattr(Network, "activation", lambda self, x: tf.math.igamma(x, x))
    request = BuildRequest(
        read_heads(golden_folder, None, (), {}), Layout(), (plan_of("float32"),), parse_targets(["litert"])
    )
    with pytest.raises(CheckFailedError, match="every operator must be one of TFLite's own"):
        list(builds(request))


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"scheme": "int3"}, "the scheme must be one of float32, float16, dynamic-range, .*mixed; received 'int3'"),
        ({"scheme": "mixed"}, "the scheme mixed needs parts with their precisions"),
        ({"parts": {"ffn": "int4"}}, "a part must be one of embedding, .*; received 'ffn'"),
        ({"parts": {"ffn_in": "int2"}}, "the precision of ffn_in must be one of .*; received 'int2'"),
        ({"scheme": "int8", "parts": {"ffn_in": "int4"}}, "parts belong to a scheme that stores weights only"),
        ({"scheme": "int4", "targets": ["tflite-runtime"]}, "must compute with one scale a row .* tflite-runtime=="),
        ({"integer_outputs": True}, "integer_outputs belongs to int8 and int16x8; received it for dynamic-range"),
        ({"activation_scales": "some"}, "activation_scales must be one of auto, shared, per-depth; received 'some'"),
        ({"scheme": "int8", "activation_scales": "per-depth"}, "per-depth needs the unrolled layout; received looped"),
        (
            {"range_method": "percentile"},
            "range_method percentile belongs to int8 and int16x8; received it for dynamic",
        ),
        ({"scheme": "int8", "range_method": "max"}, "range_method must be one of mse, percentile; received 'max'"),
        ({"layout": "rolled"}, "the layout must be one of looped, unrolled; received 'rolled'"),
        ({"layout": "unrolled"}, "a length belongs to the unrolled layout"),
        ({"length": 16}, "a length belongs to the unrolled layout"),
        ({"layout": "unrolled", "length": 65}, "from 1 to the model's 64 positions; received 65"),
        ({"targets": ()}, "at least one target"),
    ],
)
def test_options_that_do_not_exist_are_refused(golden_folder: Path, tmp_path: Path, options: dict, rule: str):
    with pytest.raises(ConfigError, match=rule):
        albert_edge.convert(golden_folder, tmp_path / "out.tflite", **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"scheme": "float32", "calibrate": "none.tsv"}, r"none\.tsv"),
        ({"scheme": "int4", "calibrate": "empty.txt"}, r"empty\.txt: a data file must have texts; received none"),
        ({"exit": "entropy", "exit_data": "none.tsv"}, r"none\.tsv"),
        ({"exit": "entropy", "exit_data": "other.tsv"}, r"other\.tsv:2: "),
        ({"exit": "entropy", "exit_data": "other.tsv", "exit_max_drop": float("nan")}, "at least 0; received nan"),
        ({"exit_max_drop": 1.0}, "exit_max_drop needs exit_data to be measured on; received 1.0 alone"),
    ],
)
def test_files_of_texts_are_read_in_front_of_the_build(
    golden_folder: Path, tmp_path: Path, monkeypatch, options: dict, rule: str
):
    """A build takes minutes, and a scheme that has no use for a file would not notice that it isn't there."""
    (tmp_path / "empty.txt").write_text("\n", encoding="utf-8")
    (tmp_path / "other.tsv").write_text("text\tlabel\none\tno label of this model\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pipeline, "build_apart", lambda *_: pytest.fail("built"))
    with pytest.raises(AlbertEdgeError, match=rule):
        albert_edge.convert(golden_folder, tmp_path / "out.tflite", **options)
    assert not (tmp_path / "out.tflite").exists()


@pytest.mark.parametrize("scheme", ["int8", "int16x8"])
def test_full_integer_without_texts_is_refused_in_front_of_the_build(
    golden_folder: Path, tmp_path: Path, monkeypatch, scheme: str
):
    monkeypatch.setattr(pipeline, "build_apart", lambda *_: pytest.fail("built"))
    out = tmp_path / "out.tflite"
    result = CliRunner().invoke(cli, ["convert", str(golden_folder), str(out), "--scheme", scheme])
    assert isinstance(result.exception, ConfigError)
    assert result.exception.exit_code == 2
    (line,) = str(result.exception).splitlines()
    assert "needs texts to measure activations on (--calibrate), or a model trained with --qat int8" in line
    assert not out.exists()


def test_columns_without_a_file_are_refused(golden_folder: Path, tmp_path: Path):
    arguments = ["convert", str(golden_folder), str(tmp_path / "out.tflite"), "--text-column", "sentence"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert "belong to --calibrate and --exit-data; received neither" in result.stderr


def test_the_command_says_which_ranges_were_taken():
    found = {"asked": "auto", "used": "shared", "ranges": "mse", "texts": 256, "measured": {}}
    line = "activations: int8, scales shared (asked for: auto), ranges by mse on 256 texts"
    assert _scales_line("int8", found) == line
    assert _scales_line("int16", {**found, "ranges": "training", "texts": 0}).endswith("ranges from training")


def test_outputs_that_can_not_be_written_are_refused_first(golden_folder: Path, tmp_path: Path):
    there = tmp_path / "there.tflite"
    there.write_bytes(b"precious")
    for out, rule in (
        (there, "--overwrite"),
        (tmp_path / "no" / "out.tflite", "writable"),
        (tmp_path, "must be a file"),
    ):
        with pytest.raises(AlbertEdgeError, match=rule):
            albert_edge.convert(golden_folder, out)
    assert there.read_bytes() == b"precious"


def run(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "albert_edge", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "120"})


@pytest.mark.slow
def test_the_command_line_converts_and_prints_json(golden_folder: Path, tmp_path: Path):
    out = tmp_path / "out.tflite"
    finished = run("convert", golden_folder, out, "--scheme", "float32", "--json")
    assert finished.returncode == 0, finished.stderr
    report = json.loads(finished.stdout)
    assert report["model_bytes"] < report["file_bytes"] == out.stat().st_size
    assert report["verified"][0]["target"].startswith("litert==")
    assert report["verified"][0]["max_abs_difference"] < 1e-4


def test_a_folder_that_is_none_is_one_line_and_exit_code_2(tmp_path: Path):
    finished = run("convert", tmp_path / "nothing", tmp_path / "out.tflite")
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.startswith("albert-edge: error: ")
    assert finished.stderr.count("\n") == 1


# === verify ===


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.txt"
    # Of many lengths, so that the answers differ: an error is measured against their spread.
    path.write_text(
        "Rivers.\n"
        "Ships leave the harbour when the wind turns, and nobody waits for those who come too late.\n"
        "A letter from her brother!\n"
        "Why did trade with the islands, which had grown for ten years, end within one summer and never come back?\n"
        "Rain, rain and more rain\n"
        "The 3rd of May, 1804: 12,500 people; 40 % of them children.\n"
    )
    return path


@pytest.mark.slow
@pytest.mark.parametrize("with_data", [True, False])
def test_verify_accepts_the_file_of_its_folder(artifact_path: Path, golden_folder: Path, texts: Path, with_data: bool):
    report = albert_edge.verify(artifact_path, golden_folder, texts if with_data else None)
    assert report["failures"] == []
    assert report["equal_token_ids"] == (1.0 if with_data else None)
    # Quantized, so not equal; measured 0.01 to 0.03 with these weights, whose logits are below 1.
    assert 0 < report["max_abs_difference"] < 0.05


@pytest.mark.slow
def test_verify_tells_another_models_file(artifact_path: Path, golden_folder: Path, texts: Path, tmp_path: Path):
    checkpoint = read_checkpoint(golden_folder)
    other = tmp_path / "other"
    tensors = {name: np.roll(values, 1, axis=-1) for name, values in checkpoint.tensors.items()}
    write_folder(other, checkpoint.config, tensors, checkpoint.tokenizer)
    result = CliRunner().invoke(cli, ["verify", str(artifact_path), "--reference", str(other), "--data", str(texts)])
    assert result.exit_code == 1
    assert "the logits of dynamic-range must be within a relative error of 0.25" in result.stderr


@pytest.mark.slow
def test_verify_tells_another_tokenizer(artifact_path: Path, golden_folder: Path, texts: Path, tmp_path: Path):
    from albert_edge.text.options import TokenizerOptions
    from albert_edge.text.tokenizer import SentencePieceTokenizer

    checkpoint = read_checkpoint(golden_folder)
    cased = SentencePieceTokenizer(checkpoint.tokenizer.model, TokenizerOptions(lower_case=False))
    other = tmp_path / "cased"
    write_folder(other, checkpoint.config, checkpoint.tensors, cased)
    report = albert_edge.verify(artifact_path, other, texts)
    assert report["equal_token_ids"] == 0
    assert "every text must have the reference's token ids; received 0.0000 of them" in report["failures"]


@pytest.mark.slow
def test_verify_refuses_other_labels(artifact_path: Path, golden: Path):
    with pytest.raises(AlbertEdgeError, match="the file must have its reference's labels"):
        albert_edge.verify(artifact_path, golden / "erf_two_labels" / "sequence_classification")

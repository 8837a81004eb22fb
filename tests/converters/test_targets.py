"""Names of targets, and that a runtime which can't run a file rightly is noticed."""

from pathlib import Path

import pytest

import albert_edge
from albert_edge.errors import CheckFailedError, ConfigError, RuntimeUnavailableError
from albert_edge.runtime.predictor import load
from converters import pipeline
from converters import targets as targets_module
from converters.targets import installed_targets, parse_target, parse_targets

NEEDS_OLD_RUNTIME = pytest.mark.skipif(
    "tflite-runtime" not in [target.name for target in installed_targets()],
    reason="needs tflite-runtime 2.14.0, which has no wheel for this Python",
)


def test_a_name_means_the_installed_version():
    target = parse_target("litert")
    assert target.label == f"litert=={target.version}"
    assert parse_target(target.label) == target
    assert parse_targets(["litert", target.label]) == (target,)


@pytest.mark.parametrize(
    ("text", "error", "rule"),
    [
        ("tensorrt", ConfigError, "a target must be one of litert, tflite-runtime"),
        ("", ConfigError, "a target must be one of"),
        ("litert==0.0.1", RuntimeUnavailableError, "needs the package ai-edge-litert==0.0.1"),
        ("tflite-runtime==2.5.0", ConfigError, "must be of version 2.14.0"),
    ],
)
def test_other_targets_are_refused(text: str, error: type, rule: str):
    with pytest.raises(error, match=rule):
        parse_target(text)


def test_no_target_is_refused():
    with pytest.raises(ConfigError, match="at least one target"):
        parse_targets([])


@NEEDS_OLD_RUNTIME
@pytest.mark.slow
def test_a_file_that_the_runtime_can_not_load_is_not_written(golden_folder: Path, tmp_path: Path, monkeypatch):
    """With one scale a row, as for newer runtimes, tflite-runtime 2.14 lacks the operator's version."""
    monkeypatch.setitem(
        targets_module._FAMILIES,
        "tflite-runtime",
        targets_module._Family("tflite-runtime", "tflite_runtime", per_channel=True, versions=("2.14.0",)),
    )
    # The conversion's own process would look the target up anew.
    monkeypatch.setattr(pipeline, "build_apart", _built_here)
    out = tmp_path / "model.tflite"
    with pytest.raises(CheckFailedError, match=r"must run on tflite-runtime==2\.14\.0; received: .*FULLY_CONNECTED"):
        albert_edge.convert(golden_folder, out, targets=["tflite-runtime"])
    assert list(tmp_path.iterdir()) == []


def _built_here(request, samples):
    from converters.building import builds
    from converters.reference import reference_outputs

    return list(builds(request)), {each.task: reference_outputs(each, samples) for each in request.checkpoints}


@NEEDS_OLD_RUNTIME
@pytest.mark.slow
def test_one_file_answers_alike_on_both_runtimes(artifact_path: Path):
    """Two quantized runtimes differ by up to 0.05 in a logit: their kernels round at other places."""
    with load(artifact_path, runtime="ai_edge_litert") as new, load(artifact_path, runtime="tflite_runtime") as old:
        for text in ("a short text", "another text, longer than the first one by some words"):
            packed = new.pack(text)
            assert abs(new.logits(packed) - old.logits(packed)).max() <= 0.05


@NEEDS_OLD_RUNTIME
@pytest.mark.slow
@pytest.mark.parametrize("runtime", ["ai_edge_litert", "tflite_runtime"])
def test_lengths_in_a_row_answer_as_fresh_predictors_do(artifact_path: Path, runtime: str):
    from converters.samples import sample_inputs

    with load(artifact_path, runtime=runtime) as predictor:
        samples = sample_inputs(predictor.artifact.config, predictor.artifact.tokenizer(), 64)[:4]
        assert [len(packed.input_ids) for packed in samples] == [8, 24, 16, 8]
        in_a_row = [predictor.logits(packed) for packed in samples]
    for packed, logits in zip(samples, in_a_row, strict=True):
        with load(artifact_path, runtime=runtime) as fresh:
            assert (fresh.logits(packed) == logits).all()


def test_a_board_stands_for_the_runtime_that_is_installed_there():
    assert parse_target("raspberry-pi-4") == parse_target("litert")

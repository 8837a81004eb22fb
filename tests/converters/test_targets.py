"""Names of targets, and that a runtime which can't run a file rightly is noticed."""

import dataclasses
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "artifact"))

from small_models import small_artifact

import albert_edge
from albert_edge.errors import CheckFailedError, ConfigError, RuntimeUnavailableError
from albert_edge.harness.devices.registry import Entry
from albert_edge.runtime.interpreter import open_session
from albert_edge.runtime.predictor import load
from albert_edge.runtime.running import run_packed
from converters import pipeline
from converters.samples import sample_inputs
from converters.schemes import plan_of
from converters.targets import Target, installed_targets, names, on_target, parse_target, parse_targets
from converters.targets.environments import is_made
from converters.targets.families import FAMILIES
from converters.verification import verified_on

NEEDS_OLD_RUNTIME = pytest.mark.skipif(
    "tflite-runtime" not in [target.name for target in installed_targets()],
    reason="needs tflite-runtime 2.14.0, which has no wheel for this Python",
)


def test_a_name_means_the_installed_version():
    target = parse_target("litert")
    assert target.label == f"litert=={target.version}"
    assert parse_target(target.label) == target
    assert parse_targets(["litert", target.label]) == (target,)


def test_other_versions_run_apart():
    assert parse_target("litert==0.0.1") == Target(
        "litert", "ai-edge-litert", "ai_edge_litert", "0.0.1", per_channel=False, apart=True
    )
    assert parse_target("litert==1.4.0").per_channel
    android = parse_target("android-2.16.1")
    assert (android.label, android.package, android.runtime) == ("android-2.16.1", "tensorflow-cpu", "tensorflow")
    assert android.apart
    assert not android.per_channel


def test_where_nothing_is_installed(monkeypatch):
    monkeypatch.setattr(names, "installed_version", lambda _: None)
    assert installed_targets() == ()
    assert parse_target("tflite-runtime") == parse_target("tflite-runtime==2.14.0")
    assert parse_target("tflite-runtime").apart
    with pytest.raises(RuntimeUnavailableError, match=r"target litert needs a version where .* isn't installed"):
        parse_target("litert")


def test_an_installed_version_that_is_not_taken_is_none(monkeypatch):
    monkeypatch.setattr(names, "installed_version", lambda _: "2.21.0")
    assert [target.name for target in installed_targets()] == ["litert"]
    assert parse_target("android").label == "android-2.16.1"
    assert parse_target("tflite-runtime").apart


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("tensorrt", "a target must be one of litert, tflite-runtime, android-2.16.1, raspberry-pi"),
        ("", "a target must be one of"),
        ("litert-2.3.0", "a target must be one of"),
        ("local", "a target must be one of"),
        ("tflite-runtime==2.5.0", "must be of version 2.14.0"),
        ("android-2.17.0", "must be of version 2.16.1"),
        ("litert==", r"a target's version must be one alone, as litert==2\.3\.0; received 'litert=='"),
        ("litert==2.*", "must be one alone"),
        ("litert==../../x", "must be one alone"),
        ("litert==2.1.0 numpy", "must be one alone"),
        ("my-phone", "a target's device must be of kind qemu or ssh; received adb"),
        ("any-pi", "the profile of a target's device must name its runtime, .* received android"),
    ],
)
def test_other_targets_are_refused(text: str, rule: str, monkeypatch):
    known = {
        "my-phone": Entry("my-phone", "adb", "android"),
        "any-pi": Entry("any-pi", "ssh", "android", {"host": "a"}),
    }
    monkeypatch.setattr(names, "read_entries", lambda: known)
    with pytest.raises(ConfigError, match=rule):
        parse_target(text)


def test_targets_cross_to_the_builds_process():
    """As fields, so that nothing is looked up there, devices least of all."""
    import json

    target = parse_target("litert==1.4.0")
    assert Target(**json.loads(json.dumps(dataclasses.asdict(target)))) == target


def test_no_target_is_refused():
    with pytest.raises(ConfigError, match="at least one target"):
        parse_targets([])


@NEEDS_OLD_RUNTIME
@pytest.mark.slow
def test_a_file_that_the_runtime_can_not_load_is_not_written(golden_folder: Path, tmp_path: Path, monkeypatch):
    """With one scale a row, as for newer runtimes, tflite-runtime 2.14 lacks the operator's version."""
    family = FAMILIES["tflite-runtime"]
    monkeypatch.setitem(FAMILIES, "tflite-runtime", dataclasses.replace(family, per_channel_since=(1,)))
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
    with load(artifact_path, runtime=runtime) as predictor:
        samples = sample_inputs(predictor.artifact.config, predictor.artifact.tokenizer(), 64)[:4]
        assert [len(packed.input_ids) for packed in samples] == [8, 24, 16, 8]
        in_a_row = [predictor.logits(packed) for packed in samples]
    for packed, logits in zip(samples, in_a_row, strict=True):
        with load(artifact_path, runtime=runtime) as fresh:
            assert (fresh.logits(packed) == logits).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["litert==2.1.6", "tflite-runtime==2.14.0", "android-2.16.1"])
def test_an_environment_answers_as_the_installed_runtime_does(name: str):
    """Lengths go up and down: Android's delegate would be wrong at the third."""
    target = dataclasses.replace(parse_target(name), apart=True)
    if not is_made(target):
        pytest.skip(f"needs the environment of {name}: run `albert-edge convert ... --target {name}` once")
    artifact = small_artifact("looped_float32")
    samples = sample_inputs(artifact.config, artifact.tokenizer(), artifact.manifest.lengths.maximum)
    task, plan = artifact.manifest.task, plan_of("float32")
    reference = {
        task: on_target(
            parse_target("litert"),
            artifact.model,
            lambda session: [run_packed(session, artifact.manifest, each)[task] for each in samples],
        )
    }
    compared = verified_on(target, artifact, samples, reference, plan)
    assert compared.worst()["max_abs_difference"] < 1e-4


@NEEDS_OLD_RUNTIME
@pytest.mark.slow
def test_silent_garbage_is_caught(golden_folder: Path):
    """ai-edge-quantizer's own dynamic int8: one scale a row under operator version 1.

    tflite-runtime 2.14 loads it without a word. That it answers is why loading is no evidence.
    """
    from ai_edge_quantizer import quantizer, recipe

    from converters.building import builds
    from converters.built import BuildRequest
    from converters.combination import read_heads
    from converters.layout import Layout
    from converters.reference import reference_outputs

    heads = read_heads(golden_folder, None, (), {})
    request = BuildRequest(heads, Layout("unrolled", 16), (plan_of("float32"),), parse_targets(["litert"]))
    (built,) = builds(request)
    tool = quantizer.Quantizer(bytearray(built.model), recipe.dynamic_wi8_afp32())
    model = bytes(tool.quantize().quantized_model)
    artifact = pipeline.artifact_of(heads, built, plan_of("float32"), None)
    quantized = dataclasses.replace(artifact, model=model)
    samples = sample_inputs(heads[0].config, heads[0].tokenizer, 16)
    reference = {heads[0].task: reference_outputs(heads[0], samples)}
    plan = plan_of("dynamic-range")
    # It loads and runs on both.
    for runtime in ("ai_edge_litert", "tflite_runtime"):
        with open_session(model, runtime=runtime) as session:
            assert run_packed(session, artifact.manifest, samples[0])[heads[0].task]["logits"].shape == (5,)
    right = verified_on(parse_target("litert"), quantized, samples, reference, plan)
    assert right.worst()["relative_error"] < 0.1
    with pytest.raises(CheckFailedError, match=r"on tflite-runtime==2\.14\.0 the logits .* must be within") as error:
        verified_on(parse_target("tflite-runtime"), quantized, samples, reference, plan)
    # Unrelated answers are at 1 and more.
    assert float(re.search(r"received (\d+\.\d+),", str(error.value))[1]) > 0.5
    assert str(error.value).endswith(
        "; its int8 matrices have one scale a row under FULLY_CONNECTED version 1, where that runtime takes one scale "
        "a matrix and answers wrongly without an error"
    )

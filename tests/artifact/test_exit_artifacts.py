"""Files whose loop may stop early, or with integer outputs: what a graph must have for what its manifest says."""

import dataclasses

import pytest
from small_models import EXIT_FILE, model_bytes, small_artifact

import albert_edge
from albert_edge.artifact import Exit, QuantizedOutput, artifact_bytes, read_artifact, write_artifact
from albert_edge.artifact.checks import check_graph
from albert_edge.artifact.facts import QuantizationFacts
from albert_edge.artifact.flatbuffer import read_model
from albert_edge.errors import ArtifactError


def with_tensor(artifact, output, **changes):
    """The arguments of `check_graph` with one output's tensor changed."""
    facts = read_model(artifact.model)
    graph, index = facts.subgraphs[0], facts.signatures[0].outputs[output]
    tensors = list(graph.tensors)
    tensors[index] = dataclasses.replace(tensors[index], **changes)
    graph = dataclasses.replace(graph, tensors=tuple(tensors))
    return artifact.manifest, dataclasses.replace(facts, subgraphs=(graph, *facts.subgraphs[1:])), artifact.model


# === The exit ===


def test_a_file_with_an_exit_is_written_and_read(tmp_path):
    path = tmp_path / "exit.tflite"
    calibration = {"metric": "accuracy", "full": 0.5}
    artifact = small_artifact(EXIT_FILE, exit=Exit("entropy", 0.25, calibration), parts={"head": "float32"})
    write_artifact(path, artifact)
    found = read_artifact(path)
    assert (found.manifest, artifact_bytes(found)) == (artifact.manifest, path.read_bytes())
    report = albert_edge.inspect(path)
    assert report["exit"] == {"kind": "entropy", "threshold": 0.25, "calibration": calibration}
    assert (report["parts"], report["weight_copies"]) == ({"head": "float32"}, 1)
    assert {"name": "exit_threshold", "dtype": "float32", "shape": [1]} in report["inputs"]
    assert {"name": "depth_used", "dtype": "int32", "shape": [1]} in report["outputs"]


def test_manifest_and_graph_have_an_exit_both_or_neither():
    with pytest.raises(ArtifactError, match=r"must have the inputs .*exit_threshold"):
        small_artifact(model=model_bytes("looped_float32"), exit=Exit("entropy"))
    with pytest.raises(ArtifactError, match="must have the inputs"):
        small_artifact(EXIT_FILE, exit=None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dtype": "float32"}, "must have the outputs logits of float32, depth_used of int32; received"),
        ({"shape": (1, 1)}, r"depth_used must have the shape \[1\]; received \[1, 1\]"),
        ({"shape": (-1,)}, r"depth_used must have the shape \[1\]; received \[-1\]"),
    ],
)
def test_depth_used_is_one_whole_number(changes, reason):
    artifact = small_artifact(EXIT_FILE)
    check_graph(*with_tensor(artifact, "depth_used"))
    with pytest.raises(ArtifactError, match=reason):
        check_graph(*with_tensor(artifact, "depth_used", **changes))


# === Integer outputs ===

STATED = QuantizedOutput("int8", 0.5, -3)
"""What the manifest below says of the logits."""
RIGHT = {"dtype": "int8", "quantization": QuantizationFacts(1, 1, 0, 0.5, -3)}


def of_integers():
    artifact = small_artifact()
    manifest = dataclasses.replace(artifact.manifest, quantized_outputs={"logits": STATED})
    return dataclasses.replace(artifact, manifest=manifest)


def test_integer_outputs_as_the_manifest_reads_them():
    check_graph(*with_tensor(of_integers(), "logits", **RIGHT))
    with pytest.raises(ArtifactError, match=r"must have the outputs logits of float32; received {'logits': 'int8'}"):
        check_graph(*with_tensor(small_artifact(), "logits", **RIGHT))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dtype": "float32"}, "must have the outputs logits of int8; received {'logits': 'float32'}"),
        ({"dtype": "int16"}, "must have the outputs logits of int8; received {'logits': 'int16'}"),
        ({"quantization": None}, "must have one scale and zero point, 0.5 and -3 .* received None"),
        ({"quantization": QuantizationFacts(1, 1, 0, 0.25, -3)}, "must have one scale and zero point, 0.5 and -3"),
        ({"quantization": QuantizationFacts(1, 1, 0, 0.5, 3)}, "must have one scale and zero point, 0.5 and -3"),
        ({"quantization": QuantizationFacts(5, 5, 1, 0.5, -3)}, "must have one scale and zero point, 0.5 and -3"),
    ],
)
def test_integer_outputs_that_are_others(changes, reason):
    with pytest.raises(ArtifactError, match=reason):
        check_graph(*with_tensor(of_integers(), "logits", **{**RIGHT, **changes}))


def test_scales_and_zero_points_are_read():
    """Of a per-tensor int8 matrix: those that the schema's own code reads."""
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    data = model_bytes("looped_dynamic_range")
    theirs = schema.ModelT.InitFromPackedBuf(data, 0)
    compared = 0
    for ours, graph in zip(read_model(data).subgraphs, theirs.subgraphs, strict=True):
        for tensor, other in zip(ours.tensors, graph.tensors, strict=True):
            if other.quantization is not None and other.quantization.scale is not None:
                assert tensor.quantization.scale == other.quantization.scale[0]
                assert tensor.quantization.zero_point == other.quantization.zeroPoint[0]
                compared += 1
    assert compared > 5

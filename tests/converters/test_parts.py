"""Which weights belong to which part, how a user names precisions, and the plans that come of it."""

import json
from pathlib import Path

import pytest

from albert_edge.errors import ConfigError
from albert_edge.model.folder import read_checkpoint
from converters.parts import PARTS, parse_parts, parts_of, read_parts
from converters.schemes import SCHEMES, TOLERANCES, plan_of
from converters.targets import Target

LITERT = Target("litert", "ai-edge-litert", "ai_edge_litert", "2.3.0", per_channel=True)
OLD = Target("tflite-runtime", "tflite-runtime", "tflite_runtime", "2.14.0", per_channel=False)


def test_every_matrix_of_a_model_has_its_part(golden: Path):
    """Tables of positions and segments, LayerNorm and biases have none."""
    found = {}
    for folder in ("sequence_classification", "question_answering", "masked_lm"):
        for name, values in read_checkpoint(golden / "base_like" / folder).tensors.items():
            found[name] = parts_of(name)
            small = values.ndim == 1 or "position_emb" in name or "token_type_emb" in name
            assert (found[name] is None) == small, name
            assert parts_of(f"classify.{name}") == found[name]
    assert set(found.values()) == {*PARTS, None}
    block = "albert.encoder.albert_layer_groups.0.albert_layers.0."
    assert found[f"{block}attention.dense.weight"] == "attention_output"
    assert (found[f"{block}ffn.weight"], found[f"{block}ffn_output.weight"]) == ("ffn_in", "ffn_out")
    assert parts_of("not_a_classifier.weight") is None


def test_parts_are_parsed_in_the_models_order():
    assert list(parse_parts(["ffn_in=int4", "embedding=float16"]).items()) == [
        ("embedding", "float16"),
        ("ffn_in", "int4"),
    ]


@pytest.mark.parametrize(
    ("texts", "rule"),
    [
        (["ffn_in"], "must be written PART=PRECISION; received 'ffn_in'"),
        (["ffn_in=int4", "ffn_in=int8"], "a part must be given once; received ffn_in again"),
        (["ffn=int4"], "a part must be one of .*; received 'ffn'"),
        (["ffn_in=int3"], "the precision of ffn_in must be one of .*; received 'int3'"),
    ],
)
def test_what_is_no_part_is_refused(texts: list[str], rule: str):
    with pytest.raises(ConfigError, match=rule):
        parse_parts(texts)


def test_a_file_of_parts(tmp_path: Path):
    path = tmp_path / "parts.json"
    path.write_text(json.dumps({"parts": {"query": "int8"}, "measured": {}}))
    assert read_parts(path) == {"query": "int8"}
    for text, rule in (
        ("{", "must be JSON"),
        ("[1]", 'an object "parts"'),
        ('{"query": "int8"}', 'an object "parts"'),
        ('{"parts": {"query": 8}}', "parts.json: the precision of query must be one of"),
    ):
        path.write_text(text)
        with pytest.raises(ConfigError, match=rule):
            read_parts(path)
    with pytest.raises(ConfigError, match=r"nothing\.json"):
        read_parts(tmp_path / "nothing.json")


def test_a_plan_is_as_tolerant_as_its_roughest_part():
    plan = plan_of("float32", {"query": "int8", "key": "float16"})
    assert plan.tolerance == TOLERANCES["int8"]
    assert plan.described == "float32 with query=int8, key=float16"
    assert plan_of("int8").tolerance.relative > plan_of("dynamic-range").tolerance.relative
    assert {plan_of(name).scheme for name in SCHEMES if name != "mixed"} == set(SCHEMES) - {"mixed"}


@pytest.mark.parametrize(
    ("scheme", "parts"),
    [
        ("float32", {}),
        ("dynamic-range", {}),
        ("mixed", {"embedding": "int8", "query": "float16"}),
        ("int8", {}),
        ("int16x8", {}),
    ],
)
def test_plans_that_every_runtime_computes(scheme: str, parts: dict):
    plan_of(scheme, parts).check_targets([LITERT, OLD])


@pytest.mark.parametrize(
    ("scheme", "parts"),
    [("int4", {}), ("mixed", {"query": "int8"}), ("dynamic-range", {"query": "float32"})],
)
def test_plans_that_an_older_runtime_computes_wrongly_are_refused(scheme: str, parts: dict):
    plan_of(scheme, parts).check_targets([LITERT])
    with pytest.raises(ConfigError, match=r"must compute with one scale a row .*; received tflite-runtime==2\.14\.0"):
        plan_of(scheme, parts).check_targets([LITERT, OLD])

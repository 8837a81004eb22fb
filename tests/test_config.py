"""`AlbertConfig`: Hugging Face's fields, checked, and nothing lost on the way through JSON."""

import json
from pathlib import Path

import pytest

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError


@pytest.mark.parametrize("name", ["base_like", "erf_two_labels"])
def test_a_hugging_face_config_survives_a_round_trip(golden: Path, name: str):
    folder = golden / name / "sequence_classification"
    values = json.loads((folder / "config.json").read_text())
    config = AlbertConfig.load(folder)
    written = config.to_dict()
    assert {key: written[key] for key in values} == values
    assert AlbertConfig.from_dict(written) == config


def test_defaults_are_hugging_faces():
    config = AlbertConfig()
    assert (config.hidden_size, config.num_attention_heads, config.intermediate_size) == (4096, 64, 16384)
    assert config.attention_head_size == 64


def test_unknown_keys_are_kept():
    assert AlbertConfig.from_dict({"my_note": [1, 2]}).to_dict()["my_note"] == [1, 2]


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"hiden_size": 64}, "received 'hiden_size', did you mean 'hidden_size'"),
        ({"num_hidden_layer": 2}, "did you mean 'num_hidden_layers'"),
        ({"model_type": "bert"}, "model_type must be 'albert'; received 'bert'"),
        ({"hidden_size": 100, "num_attention_heads": 3}, "multiple of num_attention_heads; received 100 and 3"),
        ({"num_hidden_layers": 0}, "num_hidden_layers must be a positive integer; received 0"),
        ({"num_hidden_layers": True}, "num_hidden_layers must be a positive integer; received True"),
        ({"vocab_size": "many"}, "vocab_size must be a positive integer; received 'many'"),
        ({"num_hidden_layers": 2, "num_hidden_groups": 3}, "at most num_hidden_layers; received 3 and 2"),
        ({"hidden_act": "swish"}, "hidden_act must be one of gelu_new, gelu, relu; received 'swish'"),
        ({"hidden_dropout_prob": 1.0}, "hidden_dropout_prob must be in"),
        ({"layer_norm_eps": 0}, "layer_norm_eps must be in"),
        ({"position_embedding_type": "relative_key"}, "must be 'absolute'"),
        ({"problem_type": "ranking"}, "problem_type must be one of"),
        ({"pad_token_id": 30000}, "pad_token_id must be an id below vocab_size 30000; received 30000"),
        ({"id2label": {"0": "a", "2": "b"}}, "id2label must have the ids 0 to 1"),
        ({"id2label": {"0": "a", "1": "a"}}, "labels must be given and differ"),
        ({"id2label": ["a", "b"]}, "id2label must map ids to names"),
    ],
)
def test_what_is_not_a_model_is_refused(values: dict, rule: str):
    with pytest.raises(ConfigError, match=rule):
        AlbertConfig.from_dict(values)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe"])
def test_a_file_that_is_no_object_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(ConfigError, match=r"config.json must"):
        AlbertConfig.load(tmp_path)


def test_layers_are_dealt_to_groups_in_order():
    config = AlbertConfig(num_hidden_layers=5, num_hidden_groups=2)
    assert [config.group_of_layer(layer) for layer in range(5)] == [0, 0, 0, 1, 1]


def test_heads_that_pruning_left_keep_their_size():
    config = AlbertConfig(hidden_size=64, num_attention_heads=4).with_settings(attention_head_size=16)
    pruned = config.replace(num_attention_heads=3)
    assert (pruned.attention_head_size, pruned.attention_size) == (16, 48)
    assert AlbertConfig.from_dict(pruned.to_dict()) == pruned
    with pytest.raises(ConfigError, match="hidden_size must be a multiple of num_attention_heads; received 64 and 3"):
        pruned.with_settings(attention_head_size=None)

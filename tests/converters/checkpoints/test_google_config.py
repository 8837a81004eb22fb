"""`albert_config.json`: keys, activations and what has no counterpart."""

import json

import pytest

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from converters.checkpoints.google_config import from_google, read_google_config, to_google

# albert_base of google-research/albert, v2 (its config/base/albert_config.json).
BASE = {
    "attention_probs_dropout_prob": 0,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0,
    "embedding_size": 128,
    "hidden_size": 768,
    "initializer_range": 0.02,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "num_hidden_groups": 1,
    "net_structure_type": 0,
    "gap_size": 0,
    "num_memory_blocks": 0,
    "inner_group_num": 1,
    "down_scale_factor": 1,
    "type_vocab_size": 2,
    "vocab_size": 30000,
}


def test_the_published_base_model():
    config = from_google(BASE)
    assert config == AlbertConfig(
        hidden_size=768,
        num_attention_heads=12,
        intermediate_size=3072,
        hidden_dropout_prob=0,
        attention_probs_dropout_prob=0,
    )
    assert (config.hidden_act, config.layer_norm_eps) == ("gelu_new", 1e-12)


def test_the_keys_of_chinese_configurations_are_known():
    """Of brightmart/albert_zh, which took them over from BERT's."""
    more = {
        "directionality": "bidi",
        "pooler_type": "first_token_transform",
        "pooler_fc_size": 768,
        "ln_type": "postln",
    }
    assert from_google({**BASE, **more}) == from_google(BASE)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"net_structure_type": 1}, "net_structure_type must be 0; received 1"),
        ({"gap_size": 2}, "gap_size must be 0; received 2"),
        ({"num_memory_blocks": 1}, "num_memory_blocks must be 0"),
        ({"down_scale_factor": 2}, "down_scale_factor must be 1; received 2"),
        ({"ln_type": "preln"}, "ln_type must be 'postln'; received 'preln'"),
        ({"hidden_act": "tanh"}, "hidden_act must be one of gelu, relu; received 'tanh'"),
        ({"hidden_act": "gelu_new"}, "hidden_act must be one of gelu, relu"),
        ({"hiden_size": 768}, "must hold keys of google-research/albert; received 'hiden_size'"),
        ({"num_hidden_groups": 13}, "num_hidden_groups must be at most num_hidden_layers"),
        ({"hugging_face": []}, "hugging_face must be an object"),
        ({"hugging_face": {"id2label": {"1": "a"}}}, "id2label must have the ids"),
    ],
)
def test_what_has_no_counterpart_is_named(change, complaint):
    with pytest.raises(ConfigError, match=complaint):
        from_google({**BASE, **change})


def test_relu_is_relu():
    config = from_google({**BASE, "hidden_act": "relu"})
    assert config.hidden_act == "relu"
    assert json.loads(to_google(config))["hidden_act"] == "relu"


def test_a_configuration_survives(tmp_path):
    config = AlbertConfig(
        hidden_size=768,
        num_attention_heads=12,
        labels=("a", "b", "c"),
        problem_type="regression",
        classifier_dropout_prob=0.3,
        architectures=("AlbertForSequenceClassification",),
        extra={"albert_edge": {"max_length": 128}, "dtype": "float32"},
    )
    (tmp_path / "albert_config.json").write_bytes(to_google(config))
    assert read_google_config(tmp_path / "albert_config.json") == config
    # Everything that their program reads stands at the top, in its own terms.
    written = json.loads(to_google(config))
    assert set(BASE) == set(written) - {"hugging_face"}
    assert written["hidden_act"] == "gelu"

"""`DeviceSettings`: the rule of each field, and the way through `config.json`."""

import dataclasses
import re

import pytest

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.settings import DeviceSettings

OTHERS = {
    "task": "sentence-order",
    "max_length": 128,
    "stride": 32,
    "merge": "max",
    "label_threshold": 0.25,
    "tag_scheme": "bioes",
    "no_answer_threshold": -1.5,
    "max_answer_tokens": 7,
    "pooling": "cls",
    "normalize": False,
    "multi_exit": True,
    "attention_head_size": 16,
    "activation_ranges": {"pooler_input": [-1.5, 2.0]},
}


def test_every_field_has_an_example_here():
    assert list(OTHERS) == [field.name for field in dataclasses.fields(DeviceSettings)]


def test_only_what_differs_is_written():
    assert DeviceSettings().to_dict() == {}
    assert DeviceSettings(**OTHERS).to_dict() == OTHERS
    assert DeviceSettings.from_dict(OTHERS) == DeviceSettings(**OTHERS)


def test_they_travel_in_the_configuration():
    config = AlbertConfig().with_settings(**OTHERS)
    assert config.to_dict()["albert_edge"] == OTHERS
    assert AlbertConfig.from_dict(config.to_dict()).settings == DeviceSettings(**OTHERS)
    defaults = {name: getattr(DeviceSettings(), name) for name in OTHERS}
    assert "albert_edge" not in config.with_settings(**defaults).to_dict()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("task", "tag"),
        ("max_length", 3),
        ("max_length", True),
        ("stride", 0),
        ("merge", "sum"),
        ("label_threshold", 1.0),
        ("label_threshold", "0.5"),
        ("tag_scheme", "iob"),
        ("no_answer_threshold", float("nan")),
        ("max_answer_tokens", 0),
        ("pooling", "max"),
        ("normalize", 1),
        ("multi_exit", 1),
        ("attention_head_size", 0),
        ("activation_ranges", {"pooler_input": [0.5, 2.0]}),
    ],
)
def test_a_value_that_breaks_its_rule_is_refused(name, value):
    with pytest.raises(ConfigError, match=f"{name} must be .*; received {re.escape(repr(value))}"):
        DeviceSettings(**{name: value})


def test_a_key_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="received 'merges', did you mean 'merge'"):
        DeviceSettings.from_dict({"merges": "max"})
    with pytest.raises(ConfigError, match="albert_edge must be an object; received 3"):
        _ = AlbertConfig(extra={"albert_edge": 3})

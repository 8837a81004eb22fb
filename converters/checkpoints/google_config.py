"""google-research/albert's `albert_config.json` to and from `AlbertConfig`.

Their `gelu` is the tanh form, Hugging Face's `gelu_new`. Some keys are settings of experiments that never left their
authors' house: at the value that means nothing they are dropped, at any other they are refused. What Hugging Face's
configuration has beyond theirs (labels, special ids, this project's settings) is exported as one object under
`hugging_face`, which their reader stores unseen, and comes back from it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Mapping

from albert_edge.config import SHAPE_FIELDS, AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.files import read_json_object

_ACTIVATIONS = {"gelu": "gelu_new", "relu": "relu"}
"""Theirs -> Hugging Face's."""

_FIELDS = (*SHAPE_FIELDS, "hidden_dropout_prob", "attention_probs_dropout_prob", "initializer_range")
"""Keys that mean the same in both."""

_WITHOUT_EFFECT: Mapping[str, Any] = {
    "net_structure_type": 0,
    "gap_size": 0,
    "num_memory_blocks": 0,
    "down_scale_factor": 1,
    "layers_to_keep": [],
    "ln_type": "postln",
    "directionality": "bidi",
    "pooler_type": "first_token_transform",
}
"""Key -> the only value that is modeling.py's network."""
_WRITTEN = ("net_structure_type", "gap_size", "num_memory_blocks", "down_scale_factor")

_UNREAD = ("pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head")
"""BERT's Chinese configurations carry these; nothing reads them."""

_BEYOND = "hugging_face"

_EPSILON = 1e-12
"""`layer_norm` of `tf.contrib.layers` has it built in."""


def read_google_config(path: Path) -> AlbertConfig:
    """The configuration in the file `path`; raises `ConfigError` naming a key or a value without a counterpart."""
    return from_google(read_json_object(path, ConfigError))


def from_google(values: Mapping[str, Any]) -> AlbertConfig:
    """The configuration of an `albert_config.json`'s keys."""
    for key, value in values.items():
        if key in _WITHOUT_EFFECT and value != _WITHOUT_EFFECT[key]:
            raise ConfigError(f"{key} must be {_WITHOUT_EFFECT[key]!r}; received {value!r}")
        if key not in (*_FIELDS, *_WITHOUT_EFFECT, *_UNREAD, "hidden_act", _BEYOND):
            raise ConfigError(f"an albert_config.json must hold keys of google-research/albert; received {key!r}")
    activation = values.get("hidden_act", "gelu")
    if activation not in _ACTIVATIONS:
        raise ConfigError(f"hidden_act must be one of {', '.join(_ACTIVATIONS)}; received {activation!r}")
    beyond = values.get(_BEYOND, {})
    if not isinstance(beyond, Mapping):
        raise ConfigError(f"{_BEYOND} must be an object; received {beyond!r}")
    fields = {key: values[key] for key in _FIELDS if key in values}
    return AlbertConfig.from_dict({**beyond, **fields, "hidden_act": _ACTIVATIONS[activation]})


def to_google(config: AlbertConfig) -> bytes:
    """The `albert_config.json` of a configuration.

    Raises `ConfigError` for what modeling.py can't compute: GELU in its exact form, another epsilon of LayerNorm.
    """
    theirs = {ours: name for name, ours in _ACTIVATIONS.items()}
    if config.hidden_act not in theirs:
        raise ConfigError(
            f"hidden_act must be one of {', '.join(theirs)} for a TensorFlow 1 checkpoint, whose gelu is the tanh "
            f"form; received {config.hidden_act!r}"
        )
    if config.layer_norm_eps != _EPSILON:
        raise ConfigError(
            f"layer_norm_eps must be {_EPSILON} for a TensorFlow 1 checkpoint; received {config.layer_norm_eps}"
        )
    values = config.to_dict()
    beyond = {key: value for key, value in values.items() if key not in (*_FIELDS, "hidden_act")}
    written = {
        **{key: values[key] for key in _FIELDS},
        "hidden_act": theirs[config.hidden_act],
        **{key: _WITHOUT_EFFECT[key] for key in _WRITTEN},
        _BEYOND: beyond,
    }
    return (json.dumps(written, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()

"""The configuration of a SavedModel that carries no `albert_config.json`: from its variables' shapes and Keras's notes.

Shapes give every width and the number of heads. How often the shared block is applied and with which activation is in
no variable; Keras writes the encoder's settings (`get_config` of tensorflow/models' `AlbertEncoder`) as JSON into
`keras_metadata.pb`, before TensorFlow 2.5 into `saved_model.pb`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError, FolderError
from converters.checkpoints.naming import Shape
from converters.checkpoints.protos import keras_notes

_ACTIVATIONS = {"gelu": "gelu_new", "approximate_gelu": "gelu_new", "relu": "relu"}
"""tensorflow/models' name -> Hugging Face's: its gelu is the tanh form (`official/modeling/activations/gelu.py`)."""


def config_of_encoder(folder: Path, shapes: Mapping[str, Shape]) -> AlbertConfig:
    """The configuration of the encoder in the SavedModel `folder`; `shapes` are its variables' by plain name.

    Raises `ConfigError`, which names `--config`, if Keras's notes are missing.
    """
    settings = next(_encoder_settings(folder), None)
    if settings is None:
        raise ConfigError(
            "a SavedModel must hold albert_config.json or Keras's settings of its encoder, or else come with --config; "
            f"received {str(folder)!r} without them"
        )
    return AlbertConfig.from_dict(
        {
            **_widths(shapes),
            "num_hidden_layers": settings["num_layers"],
            "hidden_act": _activation(settings["activation"]),
            "hidden_dropout_prob": settings.get("dropout_rate", 0.0),
            "attention_probs_dropout_prob": settings.get("attention_dropout_rate", 0.0),
        }
    )


def _widths(shapes: Mapping[str, Shape]) -> dict[str, int]:
    try:
        vocab_size, embedding_size = shapes["word_embeddings/embeddings"]
        hidden_size, heads, _ = shapes["transformer/self_attention/query/kernel"]
        return {
            "vocab_size": vocab_size,
            "embedding_size": embedding_size,
            "hidden_size": hidden_size,
            "num_attention_heads": heads,
            "intermediate_size": shapes["transformer/intermediate/kernel"][1],
            "max_position_embeddings": shapes["position_embedding/embeddings"][0],
            "type_vocab_size": shapes["type_embeddings/embeddings"][0],
        }
    except KeyError as reason:
        raise FolderError(
            f"a SavedModel must hold the variables of an ALBERT encoder; received none named {reason}"
        ) from reason
    except (ValueError, IndexError) as reason:
        raise FolderError(f"a SavedModel's variables must have the axes of an encoder's; received {reason}") from reason


def _activation(value: Any) -> str:
    name = value.get("config") if isinstance(value, Mapping) else value
    # A registered name has its package before it: Text>gelu.
    name = str(name).split(">")[-1]
    if name not in _ACTIVATIONS:
        raise ConfigError(f"an encoder's activation must be one of {', '.join(_ACTIVATIONS)}; received {value!r}")
    return _ACTIVATIONS[name]


def _encoder_settings(folder: Path) -> Iterator[Mapping[str, Any]]:
    for note in keras_notes(folder):
        try:
            values = json.loads(note)
        except ValueError:
            # The notes of some objects are names, not JSON.
            continue
        found = _find_encoder(values)
        if found is not None:
            yield found


def _find_encoder(values: Any) -> Optional[Mapping[str, Any]]:
    if isinstance(values, Mapping):
        if {"num_layers", "num_attention_heads", "activation"} <= set(values):
            return values
        values = list(values.values())
    if isinstance(values, list):
        return next((found for value in values if (found := _find_encoder(value)) is not None), None)
    return None

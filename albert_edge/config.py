"""`AlbertConfig`: the shape of an ALBERT, with the field names and defaults of Hugging Face's `config.json`.

Follows `transformers.AlbertConfig` field by field. Keys that are not ALBERT's are kept in `extra` and written back
(`dtype`, `transformers_version`, a trainer's own notes); keys that look like a misspelt field are refused, since a
silently ignored `hiden_size` builds another model than the one that was asked for.
"""

from __future__ import annotations

import dataclasses
import difflib
from pathlib import Path
from typing import Any, Mapping, Optional

from albert_edge.errors import ConfigError
from albert_edge.files import PathLike, read_json_object
from albert_edge.settings import KEY as SETTINGS_KEY
from albert_edge.settings import DeviceSettings

ACTIVATIONS = ("gelu_new", "gelu", "relu")
"""`gelu_new` is the tanh form that ALBERT was trained with, `gelu` the exact one with erf."""

PROBLEM_TYPES = ("single_label_classification", "multi_label_classification", "regression")

CONFIG_FILE = "config.json"

SMALL_PRODUCT = 8192
"""Weights. A product of fewer is no share of a real model's size or time, and in float32 it loses nothing: a file with
weights of few bits leaves it so. A head is one: in int8, `qa_outputs` of ALBERT-base would save 5 kB of 12 MB."""


@dataclasses.dataclass(frozen=True)
class AlbertConfig:
    """A checked, immutable ALBERT configuration. The defaults are the paper's xxlarge, as in Hugging Face."""

    vocab_size: int = 30000
    embedding_size: int = 128
    """E of the paper: width of the factorized embedding tables."""
    hidden_size: int = 4096
    """H of the paper."""
    num_hidden_layers: int = 12
    """L of the paper: how often the shared block is applied. It costs no parameter."""
    num_hidden_groups: int = 1
    """Layers are dealt to this many groups of weights, in order."""
    num_attention_heads: int = 64
    intermediate_size: int = 16384
    inner_group_num: int = 1
    """Blocks, each with weights of its own, that one layer applies in a row."""
    hidden_act: str = "gelu_new"
    hidden_dropout_prob: float = 0.0
    attention_probs_dropout_prob: float = 0.0
    classifier_dropout_prob: float = 0.1
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    initializer_range: float = 0.02
    layer_norm_eps: float = 1e-12
    position_embedding_type: str = "absolute"
    pad_token_id: int = 0
    bos_token_id: int = 2
    eos_token_id: int = 3
    tie_word_embeddings: bool = True
    architectures: tuple[str, ...] = ()
    """Hugging Face class names of the heads in the folder, as `AlbertForSequenceClassification`."""
    labels: tuple[str, ...] = ("LABEL_0", "LABEL_1")
    """`id2label` in order of the ids."""
    problem_type: Optional[str] = None
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Keys that are not ALBERT's, kept as they were."""

    def __post_init__(self) -> None:
        for name in SHAPE_FIELDS:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigError(f"{name} must be a positive integer; received {value!r}")
        for name in _PROBABILITIES:
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not 0 <= value < 1:
                raise ConfigError(f"{name} must be in [0, 1); received {value!r}")
        for name in _TOKEN_IDS:
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or not 0 <= value < self.vocab_size):
                raise ConfigError(f"{name} must be an id below vocab_size {self.vocab_size}; received {value!r}")
        self._check_relations()

    def _check_relations(self) -> None:
        if self.hidden_act not in ACTIVATIONS:
            raise ConfigError(f"hidden_act must be one of {', '.join(ACTIVATIONS)}; received {self.hidden_act!r}")
        if self.position_embedding_type != "absolute":
            raise ConfigError(f"position_embedding_type must be 'absolute'; received {self.position_embedding_type!r}")
        if self.problem_type not in (None, *PROBLEM_TYPES):
            raise ConfigError(f"problem_type must be one of {', '.join(PROBLEM_TYPES)}; received {self.problem_type!r}")
        if not isinstance(self.layer_norm_eps, (int, float)) or not 0 < self.layer_norm_eps < 1:
            raise ConfigError(f"layer_norm_eps must be in (0, 1); received {self.layer_norm_eps!r}")
        if self.settings.attention_head_size is None and self.hidden_size % self.num_attention_heads:
            raise ConfigError(
                f"hidden_size must be a multiple of num_attention_heads; "
                f"received {self.hidden_size} and {self.num_attention_heads}"
            )
        if self.num_hidden_groups > self.num_hidden_layers:
            raise ConfigError(
                f"num_hidden_groups must be at most num_hidden_layers; "
                f"received {self.num_hidden_groups} and {self.num_hidden_layers}"
            )
        if not self.labels or len(set(self.labels)) != len(self.labels):
            raise ConfigError(f"labels must be given and differ from each other; received {list(self.labels)}")

    @property
    def attention_head_size(self) -> int:
        """Columns of one attention head: hidden_size / num_attention_heads, but where pruning has taken heads away."""
        return self.settings.attention_head_size or self.hidden_size // self.num_attention_heads

    @property
    def attention_size(self) -> int:
        """Columns of all heads together: of query, key and value."""
        return self.num_attention_heads * self.attention_head_size

    def group_of_layer(self, layer: int) -> int:
        """Which group's weights layer `layer` uses: `layer // (L / groups)`, as in the reference implementations."""
        return int(layer / (self.num_hidden_layers / self.num_hidden_groups))

    @property
    def settings(self) -> DeviceSettings:
        """What `config.json` says under `albert_edge`; raises `ConfigError` on a key or value that isn't one."""
        values = self.extra.get(SETTINGS_KEY, {})
        if not isinstance(values, Mapping):
            raise ConfigError(f"{SETTINGS_KEY} must be an object; received {values!r}")
        return DeviceSettings.from_dict(values)

    def with_settings(self, **changes: Any) -> AlbertConfig:
        """A copy with other values under `albert_edge`, checked."""
        values = dataclasses.replace(self.settings, **changes).to_dict()
        extra = {key: value for key, value in self.extra.items() if key != SETTINGS_KEY}
        return self.replace(extra={**extra, SETTINGS_KEY: values} if values else extra)

    def replace(self, **changes: Any) -> AlbertConfig:
        """A copy with other values, checked as a new one."""
        return dataclasses.replace(self, **changes)

    # === JSON ===

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> AlbertConfig:
        """Build from the keys of a `config.json`; raises `ConfigError` on a near-miss of a known key."""
        if values.get("model_type", "albert") != "albert":
            raise ConfigError(f"model_type must be 'albert'; received {values['model_type']!r}")
        known: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for key, value in values.items():
            if key in _FIELDS:
                known[key] = value
            elif key not in _DERIVED:
                _refuse_near_miss(key)
                extra[key] = value
        known["architectures"] = tuple(known.get("architectures") or ())
        known["labels"] = _labels(values)
        return cls(extra=extra, **known)

    def to_dict(self) -> dict[str, Any]:
        """The keys of Hugging Face's `config.json`."""
        values = {name: getattr(self, name) for name in _FIELDS}
        values["architectures"] = list(self.architectures)
        values["id2label"] = {str(index): label for index, label in enumerate(self.labels)}
        values["label2id"] = {label: index for index, label in enumerate(self.labels)}
        values["model_type"] = "albert"
        if self.problem_type is None:
            del values["problem_type"]
        return {**self.extra, **values}

    @classmethod
    def load(cls, folder: PathLike) -> AlbertConfig:
        """Read `folder/config.json`."""
        return cls.from_dict(read_json_object(Path(folder) / CONFIG_FILE, ConfigError))


SHAPE_FIELDS = (
    "vocab_size",
    "embedding_size",
    "hidden_size",
    "num_hidden_layers",
    "num_hidden_groups",
    "num_attention_heads",
    "intermediate_size",
    "inner_group_num",
    "max_position_embeddings",
    "type_vocab_size",
)
"""Those that the shapes of the encoder's tensors and its number of layers follow from."""
_PROBABILITIES = ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout_prob", "initializer_range")
_TOKEN_IDS = ("pad_token_id", "bos_token_id", "eos_token_id")
_FIELDS = tuple(field.name for field in dataclasses.fields(AlbertConfig) if field.name not in ("labels", "extra"))
_DERIVED = ("id2label", "label2id", "num_labels", "model_type")


def _refuse_near_miss(key: str) -> None:
    close = difflib.get_close_matches(key, (*_FIELDS, *_DERIVED), n=1, cutoff=0.85)
    if close:
        raise ConfigError(f"{CONFIG_FILE} must not hold misspelt keys; received {key!r}, did you mean {close[0]!r}?")


def _labels(values: Mapping[str, Any]) -> tuple[str, ...]:
    names = values.get("id2label")
    if names is None:
        return tuple(f"LABEL_{index}" for index in range(values.get("num_labels", 2)))
    try:
        by_id = {int(index): str(label) for index, label in names.items()}
    except (AttributeError, ValueError) as reason:
        raise ConfigError(f"id2label must map ids to names; received {names!r}") from reason
    if sorted(by_id) != list(range(len(by_id))):
        raise ConfigError(f"id2label must have the ids 0 to {len(by_id) - 1}; received {sorted(by_id)}")
    return tuple(by_id[index] for index in range(len(by_id)))

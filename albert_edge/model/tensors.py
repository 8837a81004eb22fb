"""The table of an ALBERT's tensors under Hugging Face's names, and of the heads that may sit on it.

Names, shapes and layouts are those of `transformers`' modeling_albert.py: the weight of a linear layer is
[outputs, inputs], the transpose of Keras's kernel. The table is plain data: initial values, the checks of a
checkpoint, the Keras variables and the deployed graph are all read off it.
"""

from __future__ import annotations

import dataclasses
from typing import Callable, Literal, Mapping, NamedTuple

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.tasks import TASK_NAMES, TASKS

Kind = Literal["embedding", "kernel", "bias", "scale", "shift"]
"""`kernel` and `bias` of a linear layer, `scale` and `shift` of a LayerNorm."""


class TensorSpec(NamedTuple):
    """One parameter: its name and shape in Hugging Face's layout, and what it is in its layer."""

    name: str
    shape: tuple[int, ...]
    kind: Kind


Specs = tuple[TensorSpec, ...]

WORD_EMBEDDINGS = "albert.embeddings.word_embeddings.weight"

DEFAULT_LABELS = ("LABEL_0", "LABEL_1")
"""What transformers names the labels of a model that was given none."""

BASE_PREFIX = "albert."
BASE_MODULES = ("embeddings.", "encoder.", "pooler.")
"""First parts of the names in an `AlbertModel` that was saved alone, without `BASE_PREFIX`."""

NOT_PARAMETERS = ("albert.embeddings.position_ids",)
"""Constants that older checkpoints carry: position ids are 0, 1, 2... by definition."""

SHARED_COPIES = {"predictions.decoder.weight": WORD_EMBEDDINGS, "predictions.decoder.bias": "predictions.bias"}
"""Second names of one tensor, which some checkpoints store twice."""


# === The encoder ===


def _linear(name: str, inputs: int, outputs: int) -> Specs:
    return TensorSpec(f"{name}.weight", (outputs, inputs), "kernel"), TensorSpec(f"{name}.bias", (outputs,), "bias")


def _norm(name: str, size: int) -> Specs:
    return TensorSpec(f"{name}.weight", (size,), "scale"), TensorSpec(f"{name}.bias", (size,), "shift")


def _embeddings(config: AlbertConfig) -> Specs:
    width = config.embedding_size
    rows = (
        ("word_embeddings", config.vocab_size),
        ("position_embeddings", config.max_position_embeddings),
        ("token_type_embeddings", config.type_vocab_size),
    )
    tables = (TensorSpec(f"albert.embeddings.{name}.weight", (count, width), "embedding") for name, count in rows)
    return (*tables, *_norm("albert.embeddings.LayerNorm", width))


def block_prefix(group: int, inner: int) -> str:
    """The start of the names of one block's tensors: block `inner` of the group `group`."""
    return f"albert.encoder.albert_layer_groups.{group}.albert_layers.{inner}"


def _block(config: AlbertConfig, prefix: str) -> Specs:
    hidden, heads, intermediate = config.hidden_size, config.attention_size, config.intermediate_size
    return (
        *_linear(f"{prefix}.attention.query", hidden, heads),
        *_linear(f"{prefix}.attention.key", hidden, heads),
        *_linear(f"{prefix}.attention.value", hidden, heads),
        *_linear(f"{prefix}.attention.dense", heads, hidden),
        *_norm(f"{prefix}.attention.LayerNorm", hidden),
        *_linear(f"{prefix}.ffn", hidden, intermediate),
        *_linear(f"{prefix}.ffn_output", intermediate, hidden),
        *_norm(f"{prefix}.full_layer_layer_norm", hidden),
    )


def encoder_tensors(config: AlbertConfig) -> Specs:
    """Embeddings and blocks, without the pooler: what every head stands on."""
    blocks = (
        spec
        for group in range(config.num_hidden_groups)
        for inner in range(config.inner_group_num)
        for spec in _block(config, block_prefix(group, inner))
    )
    mapping = _linear("albert.encoder.embedding_hidden_mapping_in", config.embedding_size, config.hidden_size)
    return (*_embeddings(config), *mapping, *blocks)


def pooler_tensors(config: AlbertConfig) -> Specs:
    """The linear layer of the pooler: tanh of it, at the first token, is the pooled vector."""
    return _linear("albert.pooler", config.hidden_size, config.hidden_size)


# === The heads ===


def _no_tensors(_: AlbertConfig) -> Specs:
    return ()


def _label_classifier(config: AlbertConfig) -> Specs:
    return _linear("classifier", config.hidden_size, len(config.labels))


def _choice_classifier(config: AlbertConfig) -> Specs:
    return _linear("classifier", config.hidden_size, 1)


def _spans(config: AlbertConfig) -> Specs:
    return _linear("qa_outputs", config.hidden_size, 2)


def _word_predictions(config: AlbertConfig) -> Specs:
    return (
        TensorSpec("predictions.bias", (config.vocab_size,), "bias"),
        *_linear("predictions.dense", config.hidden_size, config.embedding_size),
        *_norm("predictions.LayerNorm", config.embedding_size),
    )


def _pretraining(config: AlbertConfig) -> Specs:
    return (*_word_predictions(config), *_linear("sop_classifier.classifier", config.hidden_size, len(config.labels)))


Pooler = Literal["none", "kept", "used"]
"""Of a class: it has no pooler; it has one that the task's answers don't depend on; they do."""

PRETRAINING = "AlbertForPreTraining"


@dataclasses.dataclass(frozen=True)
class Head:
    """A task's head in one of Hugging Face's ALBERT classes."""

    task: str
    """Hugging Face's name of the task."""
    architecture: str
    """The class, as `architectures` in config.json names it."""
    pooler_use: Pooler
    tensors: Callable[[AlbertConfig], Specs]
    """What the head adds to the encoder and the pooler."""
    has_labels: bool = False
    """Whether its width is the number of labels."""
    inside: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    """Another class that has this head too -> where it has other names for the tensors: first part there -> here."""

    @property
    def pooler(self) -> bool:
        """Whether the class has a pooler."""
        return self.pooler_use != "none"

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes whose checkpoints have this head."""
        return (self.architecture, *self.inside)


HEADS = (
    Head("text-classification", "AlbertForSequenceClassification", "used", _label_classifier, has_labels=True),
    Head("token-classification", "AlbertForTokenClassification", "none", _label_classifier, has_labels=True),
    Head("multiple-choice", "AlbertForMultipleChoice", "used", _choice_classifier),
    Head("question-answering", "AlbertForQuestionAnswering", "none", _spans),
    Head("fill-mask", "AlbertForMaskedLM", "none", _word_predictions, inside={PRETRAINING: {}}),
    Head("pretraining", PRETRAINING, "used", _pretraining, has_labels=True),
    Head("feature-extraction", "AlbertModel", "kept", _no_tensors),
    Head(
        "sentence-order",
        "AlbertForSequenceClassification",
        "used",
        _label_classifier,
        has_labels=True,
        inside={PRETRAINING: {"sop_classifier.": ""}},
    ),
)
"""Every head whose tensors are recognised; heads.py says which of them can be built. Of two tasks with one class the
first is what the class alone means."""


def head_of_task(task: str) -> Head:
    """The head for a task's name, long or short; raises `ConfigError` for a name that isn't one."""
    name = next((known.name for known in TASKS if known.alias == task), task)
    for head in HEADS:
        if head.task == name:
            return head
    raise ConfigError(f"task must be one of {', '.join(head.task for head in HEADS)}; received {task!r}")


def task_of_folder(config: AlbertConfig) -> str:
    """The task that a folder's `config` says: `config.settings.task`, else that of its class.

    Raises `ConfigError`, which names `--task`, if the class is missing or has no task.
    """
    if config.settings.task is not None:
        return config.settings.task
    for architecture in config.architectures:
        if architecture in _TASK_OF_CLASS:
            return _TASK_OF_CLASS[architecture]
    raise ConfigError(
        f"a folder's config.json must name one of {', '.join(_TASK_OF_CLASS)} in architectures, or --task the task; "
        f"received {', '.join(config.architectures) or 'no class'}"
    )


_TASK_OF_CLASS = {
    **{head.architecture: head.task for head in reversed(HEADS) if head.task in TASK_NAMES},
    PRETRAINING: "sentence-order",
}


def config_for_task(config: AlbertConfig, task: str) -> AlbertConfig:
    """`config` with the class of `task`, and with the task itself where the class means another one."""
    head = head_of_task(task)
    # Pretraining is no task of this project, and the class alone says it.
    meant = (_TASK_OF_CLASS.get(head.architecture), "pretraining", "multiple-choice")
    stated = None if head.task in meant else head.task
    if head.task == "question-answering":
        # transformers makes the head as wide as there are labels, and then takes it apart into start and end.
        config = config.replace(labels=DEFAULT_LABELS)
    return config.replace(architectures=(head.architecture,)).with_settings(task=stated)


def tensor_table(config: AlbertConfig, task: str) -> dict[str, TensorSpec]:
    """Every parameter of the model with the head of `task`, by name, in the order of the forward pass."""
    head = head_of_task(task)
    pooler = pooler_tensors(config) if head.pooler else ()
    return {spec.name: spec for spec in (*encoder_tensors(config), *pooler, *head.tensors(config))}


def head_tensor_names(config: AlbertConfig) -> frozenset[str]:
    """The names of all heads' tensors, poolers and second names: what a checkpoint may hold beside its encoder."""
    names = {spec.name for head in HEADS for spec in head.tensors(config)}
    return frozenset((*names, *(spec.name for spec in pooler_tensors(config)), *SHARED_COPIES))

"""`TrainingSettings`: every choice of a training that changes the weights, frozen and checked.

The defaults follow fine-tuning as in Devlin et al. 2018, appendix A.3 and Lan et al. 2019, appendix A.4 where a
checkpoint is the start; those for a start from random weights are measured (docs/training.md has the figures).
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Iterable, Mapping, Optional

from albert_edge.errors import ConfigError
from albert_edge.rules import Check, Rules, check_rules, is_count, is_number, is_seed, refuse_unknown
from albert_edge.settings import POOLINGS
from albert_edge.training.recipes import LOSS, OWN_SETTINGS, RECIPES, Recipe, recipe_of

METRICS = tuple(
    dict.fromkeys([*(name for recipe in RECIPES.values() for names in recipe.scores.values() for name in names), LOSS])
)
"""What can decide which epoch was the best one; `recipes.py` says which task has which."""

CLASS_WEIGHTS = ("none", "balanced", "square-root")

QAT_KINDS = ("int8", "int4")
"""Of files that a training may prepare the model for."""


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """How a model is trained. The fields without a default have two, one a start: see `from_dict`."""

    epochs: Optional[int]
    """Passes over the training set, at most: `patience` may end them earlier. None: `epochs_for` its size."""
    learning_rate: float
    """The highest one, reached after the warm-up."""
    dropout: Optional[float]
    """Of embeddings, attention, hidden states and the classifier. None: what the checkpoint's config says."""
    word_dropout: float
    """Share of the pieces of a training text that are replaced by `[MASK]`, other ones in each epoch."""
    word_vectors: bool
    """The word embeddings start from counts of which pieces stand near each other in the training texts."""
    metric: str
    """What decides which epoch was the best one: one of the recipe's."""
    batch_size: int = 32
    """Texts a step."""
    warmup: float = 0.1
    """Share of all steps over which the learning rate rises to its highest; it then falls in a line to the end."""
    weight_decay: float = 0.01
    """Share of each weight that goes in a step at learning rate 1. Biases and LayerNorm keep theirs."""
    max_gradient_norm: float = 1.0
    """Gradients whose common Euclidean norm is larger are scaled down to it."""
    max_length: Optional[int] = None
    """Tokens of an input, special pieces included. None: the recipe's number."""
    patience: Optional[int] = None
    """Epochs without a better `metric` after which the training stops. None: a quarter of all, at least 3."""
    freeze_encoder: bool = False
    """Only the head learns: embeddings, blocks and a pooler that the checkpoint has stay bit for bit as they are."""
    multi_exit: bool = False
    """The loss is that of every layer's output through the one pooler and head, so that any depth may be the last."""
    teacher: Optional[str] = None
    """A trained model, a folder or `hf:owner/name@revision`, whose answers are learnt beside the targets."""
    teacher_weight: float = 0.5
    """Share of its answers in the loss; the targets have the rest."""
    temperature: float = 2.0
    """What its logits and the student's are divided by."""
    teacher_hidden: float = 0.0
    """Weight of its hidden states' loss, which is added."""
    teacher_attention: float = 0.0
    """Weight of its attention maps' loss, which is added."""
    sparsity: Optional[float] = None
    """Share of each matrix of the encoder that becomes zero while the model learns (additions/sparsity.py)."""
    keep_zeros: Optional[bool] = None
    """What is zero in the checkpoint's matrices stays zero. None: if more than 5 % of each are."""
    qat: Optional[str] = None
    """`int8` or `int4`: the model learns with the rounding of such a file. None: without any."""
    replay_share: Optional[float] = None
    """Share of an epoch's inputs that are old ones (replay.py). None: 0.2 with a replay."""
    keep_labels: Optional[bool] = None
    """A checkpoint's labels stay, in their places, and labels that the data bring come behind them. None: with a replay
    and with old dev data; else a head is new where the data have labels that it lacks."""
    dp_noise_multiplier: Optional[float] = None
    """Private training: standard deviation of the noise in the sum of gradients, over `dp_clip` (dp/plan.py)."""
    dp_epsilon: Optional[float] = None
    """Private training: the epsilon for which the noise is to be found."""
    dp_clip: Optional[float] = None
    """The largest norm of one row's gradient in a private training. None: 1."""
    dp_delta: Optional[float] = None
    """The probability that epsilon doesn't cover. None: a tenth of 1 over the number of rows."""
    seed: int = 1
    """Of initial weights, order of the texts, dropout. One seed, one result on one machine."""

    # === Of some tasks only; None for the others ===
    problem_type: Optional[str] = None
    """Of a classifier: one label a text, any number of labels, or numbers."""
    pair_objective: Optional[str] = None
    """What pairs of texts teach: `ranking` or `cosine` of embeddings, `sop` or `nsp` of an order."""
    label_smoothing: Optional[float] = None
    """Share of the target that is spread evenly over all labels."""
    class_weights: Optional[str] = None
    """`balanced`: a rare label counts more, as many times as it is rarer than the average one; `square-root`: as the
    square root of that."""
    stride: Optional[int] = None
    """Tokens from the start of one window of a long text to the next. None: half of a window's room."""
    mask_share: Optional[float] = None
    """Share of a text's pieces that are asked for."""
    pooling: Optional[str] = None
    """Of an embedding: see `DeviceSettings`."""
    normalize: Optional[bool] = None
    """Whether an embedding has length 1: see `DeviceSettings`."""

    def __post_init__(self) -> None:
        check_rules(self, _RULES)

    @classmethod
    def from_dict(
        cls, values: Mapping[str, Any], from_checkpoint: bool, task: str = "text-classification"
    ) -> TrainingSettings:
        """`values` over the defaults of a training of `task` that starts from a checkpoint, or from random weights.

        A value None counts as not given. Raises `ConfigError` for a name that isn't a setting of this task, and says
        which one it resembles.
        """
        recipe = recipe_of(task)
        names = [
            field.name
            for field in dataclasses.fields(cls)
            if field.name in recipe.own_settings or field.name not in OWN_SETTINGS
        ]
        given = {name: value for name, value in values.items() if value is not None}
        refuse_unknown(given, names, f"a setting of {task}")
        if "teacher" in given:
            given["teacher"] = str(given["teacher"])
        for name in OF_A_TEACHER:
            if name in given and "teacher" not in given:
                raise ConfigError(f"{name} may be given with a teacher only; received {given[name]!r} without one")
        merged = {**default_settings(recipe, from_checkpoint), **given}
        if "word_vectors" not in given and ("dp_noise_multiplier" in given or "dp_epsilon" in given):
            merged["word_vectors"] = False  # they count the words of the private texts
        return cls(**{"metric": _default_metric(recipe, merged), **merged})

    @property
    def private(self) -> bool:
        """Whether the training has to keep its rows to itself."""
        return self.dp_noise_multiplier is not None or self.dp_epsilon is not None

    def epochs_for(self, inputs: int, seen: int) -> int:
        """Passes over so many inputs: if none are chosen, as many as show the model `seen` of them, from 3 to 40."""
        return self.epochs or min(40, max(3, math.ceil(seen / inputs)))

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return dataclasses.asdict(self)


OF_A_TEACHER = ("teacher_weight", "temperature", "teacher_hidden", "teacher_attention")
"""Settings that mean something with a teacher only."""

FROM_SCRATCH: dict[str, Any] = {
    "epochs": None,
    "learning_rate": 1e-3,
    "dropout": 0.2,
    "word_dropout": 0.3,
    "word_vectors": True,
}
"""Defaults where the weights are random."""

FROM_CHECKPOINT: dict[str, Any] = {
    "epochs": 3,
    "learning_rate": 5e-5,
    "dropout": None,
    "word_dropout": 0.0,
    "word_vectors": False,
}
"""Defaults where the weights are a checkpoint's."""

_OWN: dict[str, Any] = {
    "label_smoothing": 0.0,
    "class_weights": "none",
    "mask_share": 0.15,
    "pooling": "mean",
    "normalize": True,
}
"""Defaults of the settings that only some tasks have; those that aren't here have None."""


def default_settings(recipe: Recipe, from_checkpoint: bool) -> dict[str, Any]:
    """The values that a training by `recipe` has if nothing is chosen, without those that are the fields' own."""
    own = {name: value for name, value in _OWN.items() if name in recipe.own_settings}
    kind = {} if recipe.kind_setting is None else {recipe.kind_setting: recipe.kinds[0]}
    start = {**FROM_CHECKPOINT, **recipe.checkpoint} if from_checkpoint else {**FROM_SCRATCH, **recipe.scratch}
    return {**own, **kind, **start}


def _default_metric(recipe: Recipe, values: Mapping[str, Any]) -> str:
    """The first metric of the kind that `values` choose; raises `ConfigError` for a metric that the kind hasn't."""
    metrics = recipe.metrics(values)
    if values.get("metric") not in (None, *metrics):
        raise ConfigError(f"metric must be one of {', '.join(metrics)}; received {values['metric']!r}")
    return metrics[0]


def _is_share(value: Any) -> bool:
    return is_number(value) and 0 <= value < 1


def _is_positive(value: Any) -> bool:
    return is_number(value) and value > 0


def _one_of(names: Iterable[Optional[str]]) -> tuple[str, Check]:
    allowed = tuple(str(name) for name in names)
    return f"one of {', '.join(allowed)}", lambda value: value is None or value in allowed


_COUNT = ("a positive integer", is_count)
_OPTIONAL_COUNT = ("a positive integer", lambda value: value is None or is_count(value))
_SHARE = ("in [0, 1)", _is_share)
_OPTIONAL_SHARE = ("in [0, 1)", lambda value: value is None or _is_share(value))
_FLAG = ("true or false", lambda value: isinstance(value, bool))
_NOT_NEGATIVE = ("a number that is not negative", lambda value: is_number(value) and value >= 0)
_POSITIVE = ("a positive number", _is_positive)

_RULES: Rules = {
    "epochs": _OPTIONAL_COUNT,
    "batch_size": _COUNT,
    "learning_rate": _POSITIVE,
    "warmup": _SHARE,
    "weight_decay": _NOT_NEGATIVE,
    "max_gradient_norm": _POSITIVE,
    "dropout": _OPTIONAL_SHARE,
    "word_dropout": _SHARE,
    "word_vectors": _FLAG,
    "max_length": ("an integer of at least 4", lambda value: value is None or (is_count(value) and value >= 4)),
    "metric": _one_of(METRICS),
    "patience": _OPTIONAL_COUNT,
    "freeze_encoder": _FLAG,
    "multi_exit": _FLAG,
    "teacher": ("a folder or hf:owner/name", lambda value: value is None or (isinstance(value, str) and value != "")),
    "teacher_weight": ("in [0, 1]", lambda value: is_number(value) and 0 <= value <= 1),
    "temperature": _POSITIVE,
    "teacher_hidden": _NOT_NEGATIVE,
    "teacher_attention": _NOT_NEGATIVE,
    "qat": _one_of(QAT_KINDS),
    "sparsity": ("in (0, 1)", lambda value: value is None or (_is_share(value) and value > 0)),
    "keep_zeros": ("true or false", lambda value: value is None or isinstance(value, bool)),
    "replay_share": ("in (0, 1)", lambda value: value is None or (_is_share(value) and value > 0)),
    "keep_labels": ("true or false", lambda value: value is None or isinstance(value, bool)),
    "dp_noise_multiplier": ("a number that is not negative", lambda value: value is None or _NOT_NEGATIVE[1](value)),
    "dp_epsilon": ("a positive number", lambda value: value is None or _is_positive(value)),
    "dp_clip": ("a positive number", lambda value: value is None or _is_positive(value)),
    "dp_delta": ("in (0, 1)", lambda value: value is None or (_is_share(value) and value > 0)),
    "seed": ("an integer from 0 to 2147483647", is_seed),
    "problem_type": _one_of(RECIPES["text-classification"].kinds),
    "pair_objective": _one_of((*RECIPES["feature-extraction"].kinds, *RECIPES["sentence-order"].kinds)),
    "label_smoothing": _OPTIONAL_SHARE,
    "class_weights": _one_of(CLASS_WEIGHTS),
    "stride": _OPTIONAL_COUNT,
    "mask_share": ("in (0, 1)", lambda value: value is None or (_is_share(value) and value > 0)),
    "pooling": _one_of(POOLINGS),
    "normalize": ("true or false", lambda value: value is None or isinstance(value, bool)),
}

"""What a private training may not do: whatever else learns from the rows than clipped gradients with noise.

Allowed, since they see nothing but weights that are private already: sparsity and kept zeros (magnitudes), early
stopping and the choice of the epoch on dev (another file, which isn't protected), `multi_exit` (each row's loss is
still its own), a frozen encoder, label smoothing, and dropout, of words too, which each row has for itself (step.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from albert_edge.errors import ConfigError
from albert_edge.training.dp.plan import NOISE_RANGE
from albert_edge.training.recipes import MULTI_LABEL, SINGLE_LABEL

if TYPE_CHECKING:
    from albert_edge.training.request import Source
    from albert_edge.training.settings import TrainingSettings

KINDS = (SINGLE_LABEL, MULTI_LABEL)
"""Of text-classification. A number's mean and deviation would come from all rows."""


def check_private(source: Source, settings: TrainingSettings) -> None:
    """Raise `ConfigError` for what would break the guarantee, or for settings of one without it."""
    given = [name for name in ("dp_clip", "dp_delta") if getattr(settings, name) is not None]
    if not settings.private:
        if given:
            raise ConfigError(f"{given[0]} needs dp_noise_multiplier or dp_epsilon; received neither")
        return
    if settings.dp_noise_multiplier is not None and settings.dp_epsilon is not None:
        raise ConfigError("a private training must have either dp_noise_multiplier or dp_epsilon; received both")
    noise, least = settings.dp_noise_multiplier, NOISE_RANGE[0]
    if noise is not None and 0 < noise < least:
        raise ConfigError(f"dp_noise_multiplier must be 0, for no guarantee, or at least {least}; received {noise}")
    if settings.problem_type not in KINDS:
        allowed = " or ".join(map(str, KINDS))
        raise ConfigError(f"a private training must have the problem_type {allowed}; received {settings.problem_type}")
    refused = [
        (source.trains_vocabulary, "a vocabulary (--vocab or --from)", "one that is trained on the private texts"),
        (settings.word_vectors, "no word_vectors, which count the private texts' words", "true"),
        (settings.class_weights != "none", "class_weights none", f"{settings.class_weights}, counted from the rows"),
        (settings.teacher is not None, "no teacher, who may have learnt the rows", str(settings.teacher)),
        (settings.qat is not None, "no qat, whose ranges are read off the private texts", str(settings.qat)),
    ]
    for broken, rule, received in refused:
        if broken:
            raise ConfigError(f"a private training must have {rule}; received {received}")

"""`Exit`: how a looped graph may stop before its last layer, as the manifest states it.

After each layer the graph applies the one pooler and classifier and looks at a confidence in [0, 1]; it stops once that
reaches the threshold that comes in as `exit_threshold`.

    entropy    1 - H(p) / log(labels) of the softmax; of several labels the mean of 1 - H(p, 1 - p) / log(2)
               (Xin et al. 2020, DeeBERT, arXiv:2004.12993, section 3.2: there the entropy itself is compared)
    patience   layers in a row with the same answer, the first of them counting 1, / num_hidden_layers: a threshold of
               k / num_hidden_layers stops at k equal answers
               (Zhou et al. 2020, PABEE, arXiv:2006.04152, section 3.1: there the first counts 0)

Leaves out the graph, which is `converters.graph.exits`, and finding a threshold, which is `converters.exits`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence

from albert_edge.errors import ConfigError
from albert_edge.rules import is_number

if TYPE_CHECKING:
    from albert_edge.artifact.heads import Head

EXIT_KINDS = ("entropy", "patience")
NEVER = 2.0
"""A threshold that no confidence reaches; any other above 1 means the same."""

_TASKS = ("text-classification", "sentence-order")


@dataclasses.dataclass(frozen=True)
class Exit:
    """Checked: raises `ConfigError` for what it can't be."""

    kind: str
    """One of `EXIT_KINDS`."""
    threshold: float = NEVER
    """What a request without one of its own runs with."""
    calibration: Optional[Mapping[str, Any]] = None
    """What the threshold was found on, as `converters.exits` reports it; None: it was given."""

    def __post_init__(self) -> None:
        if self.kind not in EXIT_KINDS:
            raise ConfigError(f"the exit must be one of {', '.join(EXIT_KINDS)}; received {self.kind!r}")
        check_threshold(self.threshold)
        if self.calibration is not None and not isinstance(self.calibration, Mapping):
            raise ConfigError(f"an exit's calibration must be null or an object; received {self.calibration!r}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Exit:
        """From `to_dict`'s keys, all of them; raises `ConfigError`."""
        if set(values) != {"kind", "threshold", "calibration"}:
            raise ConfigError(f"an exit must have the keys kind, threshold, calibration; received {sorted(values)}")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Keys `kind, threshold, calibration`."""
        calibration = None if self.calibration is None else dict(self.calibration)
        return {"kind": self.kind, "threshold": float(self.threshold), "calibration": calibration}


def check_threshold(value: object) -> None:
    """Raise `ConfigError` unless `value` is a finite number above 0."""
    if not is_number(value) or not value > 0:  # type: ignore[operator]
        raise ConfigError(f"exit_threshold must be a finite number above 0, above 1 for never; received {value!r}")


def refusal(heads: Sequence[Head], layout: str) -> Optional[str]:
    """Why a graph of these heads in that layout can't stop early; None if it can.

    It takes a loop, and one head whose answer is one of the whole text: two heads would rarely be sure at one depth,
    tags and spans have no one confidence, and a number has none at all.
    """
    from albert_edge.text.labels import REGRESSION, problem_type_of

    if layout != "looped":
        return f"an exit needs the looped layout; received {layout}"
    if len(heads) != 1 or heads[0].task not in _TASKS:
        tasks = ", ".join(head.task for head in heads)
        return f"an exit needs one head, of {' or '.join(_TASKS)}; received {tasks}"
    kind, labels = problem_type_of(heads[0].config), len(heads[0].config.labels)
    if heads[0].task == "text-classification" and kind == REGRESSION:
        return "an exit needs labels to be sure of; received a regression"
    if labels < 2 and not is_multi_label(heads[0]):
        return f"an exit needs two labels or more; received {labels}"
    return None


def is_multi_label(head: Head) -> bool:
    """Whether each label of a head is decided on by itself."""
    from albert_edge.text.labels import MULTI_LABEL, problem_type_of

    return head.task == "text-classification" and problem_type_of(head.config) == MULTI_LABEL

"""`PruningPlan`: what a pruning shall take away. Light: the command line reads its choices from here."""

from __future__ import annotations

import dataclasses
from typing import Optional

from albert_edge.errors import ConfigError
from albert_edge.rules import Rules, check_rules, is_number

IMPORTANCES = ("gradient", "activation")
"""How heads and units are judged, the default first: importance.py says what each is."""


@dataclasses.dataclass(frozen=True)
class PruningPlan:
    """What shall go; checked when it is made."""

    sparsity: Optional[float] = None
    """Share of each matrix that becomes zero."""
    heads: Optional[float] = None
    """Share of the attention heads that stays."""
    ffn: Optional[float] = None
    """Share of the feed-forward units that stays."""
    importance: str = "gradient"
    """What heads and units are judged by, one of `IMPORTANCES`."""

    def __post_init__(self) -> None:
        check_rules(self, _RULES)
        if self.sparsity is None and not self.structured:
            raise ConfigError("a pruning must have a sparsity, or a share of heads or of ffn that stays; received none")

    @property
    def structured(self) -> bool:
        """Whether heads or units go."""
        return self.heads is not None or self.ffn is not None


_STAYING = ("in (0, 1]", lambda value: value is None or (is_number(value) and 0 < value <= 1))

_RULES: Rules = {
    "sparsity": ("in (0, 1)", lambda value: value is None or (is_number(value) and 0 < value < 1)),
    "heads": _STAYING,
    "ffn": _STAYING,
    "importance": (f"one of {', '.join(IMPORTANCES)}", lambda value: value in IMPORTANCES),
}

"""`Layout`: which of the two forms of a graph is wanted; `converters.graph.layouts` writes them. No TensorFlow."""

from __future__ import annotations

import dataclasses
from typing import Optional

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError

LAYOUTS = ("looped", "unrolled")


@dataclasses.dataclass(frozen=True)
class Layout:
    """How the layers are laid out, and the lengths that the file takes."""

    kind: str = "looped"
    length: Optional[int] = None
    """Tokens, of the unrolled layout only."""

    def __post_init__(self) -> None:
        if self.kind not in LAYOUTS:
            raise ConfigError(f"the layout must be one of {', '.join(LAYOUTS)}; received {self.kind!r}")
        if (self.kind == "unrolled") != (self.length is not None):
            raise ConfigError(
                f"a length belongs to the unrolled layout, which needs one; received {self.kind} and {self.length}"
            )

    def lengths(self, config: AlbertConfig) -> tuple[int, int]:
        """The least and the greatest number of tokens; raises `ConfigError` if the model has fewer positions."""
        longest = config.max_position_embeddings
        if self.length is None:
            return 1, longest
        if not 1 <= self.length <= longest:
            raise ConfigError(f"the length must be from 1 to the model's {longest} positions; received {self.length}")
        return self.length, self.length

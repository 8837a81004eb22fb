"""What `optimize` tries for a model, in the order in which it tries them, and what it leaves out, said in words.

The schemes are those of `converters.schemes`, a new one without another line here. Each is tried as it is; `int4` also
with the table of words in 4 bits; a model that learnt to answer after every layer also with an exit, whose threshold
may cost what the scheme has left of the allowed drop. float32 comes first: the others' latency is told beside its own.
"""

from __future__ import annotations

import dataclasses
from typing import Mapping, Optional, Sequence

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from converters.schemes import SCHEMES

REFERENCE = "float32"
MIXED = "mixed"

_SMALL_TABLE = {"int4": {"embedding": "int4"}}
"""Scheme -> parts of a further candidate."""


@dataclasses.dataclass(frozen=True)
class Candidate:
    """One way to convert the model."""

    scheme: str
    parts: Optional[Mapping[str, str]] = None
    """Part -> precision, in place of the scheme's; of `mixed` found by measuring, and None before."""
    early_exit: bool = False

    @property
    def name(self) -> str:
        """What its row is called: `int4`, `int4 embedding=int4`, `int4 + exit`."""
        parts = "".join(f" {part}={precision}" for part, precision in self.shown_parts.items())
        return f"{self.scheme}{parts}{' + exit' if self.early_exit else ''}"

    @property
    def shown_parts(self) -> Mapping[str, str]:
        """Those that the name doesn't imply."""
        return {} if self.parts is None or self.scheme == MIXED else self.parts


def candidates(config: AlbertConfig, schemes: Sequence[str] = (), layout: str = "looped") -> list[Candidate]:
    """What is tried for a model of `config`: all schemes, or those of `schemes` and float32.

    Each candidate with an exit follows the same one without. Raises `ConfigError` for a scheme that isn't one.
    """
    for name in schemes:
        if name not in SCHEMES:
            raise ConfigError(f"schemes must be among {', '.join(SCHEMES)}; received {name!r}")
    found = []
    for name in sorted(SCHEMES, key=lambda name: name != REFERENCE):
        if not schemes or name in schemes or name == REFERENCE:
            found.append(Candidate(name))
            found += [Candidate(name, _SMALL_TABLE[name])] if name in _SMALL_TABLE else []
    if not _may_exit(config, layout):
        return found
    # Products of integers have ranges of answers behind the last layer: no exit.
    may_exit = [plain for plain in found if SCHEMES[plain.scheme].activations is None]
    return [
        each
        for plain in found
        for each in (plain, *([dataclasses.replace(plain, early_exit=True)] if plain in may_exit else []))
    ]


def not_tried(config: AlbertConfig, schemes: Sequence[str], layout: str) -> list[str]:
    """What could be smaller or faster and is no candidate, a line each."""
    lines = []
    left_out = [name for name in SCHEMES if schemes and name not in schemes and name != REFERENCE]
    if left_out:
        lines.append(f"the schemes {', '.join(left_out)}: not among --schemes")
    if not config.settings.multi_exit:
        lines.append("an exit before the last layer: the model was trained without --multi-exit")
    elif layout != "looped":
        lines.append(f"an exit before the last layer: the layout is {layout}")
    else:
        lines.append("an exit by patience: the exits here are by entropy")
    lines.append("fewer layers for every text: any looped file takes --max-depth, and `evaluate --max-depth` scores it")
    lines.append(f"the layout {'unrolled' if layout == 'looped' else 'looped'}")
    lines.append("other weights (pruned, distilled, quantized in training): each is a folder to run this on")
    return lines


def _may_exit(config: AlbertConfig, layout: str) -> bool:
    return config.settings.multi_exit and layout == "looped"

"""Sets of rules under which others publish latencies, by name.

`mlperf`: MLPerf Mobile's single stream, one query after another: at least 1,024 queries and at least 60 seconds, and
the figure is the 90th percentile of their latencies (MLCommons, "MLPerf Inference: Mobile", table of scenarios). Its
data sets and quality targets are left out, which are for other models: what comes out is no MLPerf result.
"""

from __future__ import annotations

import dataclasses
from typing import Optional

from albert_edge.errors import ConfigError


@dataclasses.dataclass(frozen=True)
class Preset:
    """How long is measured, at the least."""

    name: str
    queries: int
    seconds: float


PRESETS = {preset.name: preset for preset in (Preset("mlperf", 1024, 60.0),)}


def preset_named(name: Optional[str]) -> Optional[Preset]:
    """The preset of that name, None for None; raises `ConfigError` for another name."""
    if name is not None and name not in PRESETS:
        raise ConfigError(f"preset must be one of {', '.join(PRESETS)}; received {name!r}")
    return None if name is None else PRESETS[name]

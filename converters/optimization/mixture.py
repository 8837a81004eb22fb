"""The precisions of the candidate `mixed`: 4 bits for as many parts as the allowed drop permits, 8 for the others.

Which parts those are is measured by `albert_edge.sensitivity`, on the data and within the drop of the run.
"""

from __future__ import annotations

from typing import Mapping

import albert_edge
from converters.optimization.trials import Setting


def mixed_parts(setting: Setting) -> Mapping[str, str]:
    """Part -> precision; raises what measuring the parts raises."""
    found: Mapping[str, str] = albert_edge.sensitivity(
        setting.model,
        setting.data,
        precision="int4",
        calibrate=setting.calibrate,
        max_drop=setting.max_drop,
        columns=setting.columns,
    )["mixed"]
    return found

"""Which values every activation point of a network has on texts, each layer on its own.

ALBERT's one block meets another distribution in each layer: what is kept is a histogram a point and a layer, from
which that of all layers together follows exactly.
"""

from __future__ import annotations

from typing import Mapping, Sequence

from albert_edge.errors import DataError
from albert_edge.text.packing import Packed
from converters.calibration.histogram import Histogram
from converters.calibration.running import PointNetwork

Depths = Mapping[int, Histogram]
"""By the layer, from 0; -1 for a point outside the layers."""


def record(network: PointNetwork, texts: Sequence[Packed]) -> tuple[dict[str, Depths], dict[str, Histogram]]:
    """Point -> layer -> the histogram of its values on `texts`; and that of each output by its name in the signature.

    Raises `DataError` if there is no text or a value is not finite.
    """
    if not texts:
        raise DataError("activations need at least one text to be measured on; received none")
    seen: dict[str, dict[int, Histogram]] = {}
    of_outputs: dict[str, Histogram] = {}
    for packed in texts:
        outputs, points = network.run(packed)
        for point, depth, values in points:
            seen.setdefault(point, {}).setdefault(depth, Histogram()).add(values)
        for name, values in outputs.items():
            of_outputs.setdefault(name, Histogram()).add(values)
    return dict(seen), of_outputs

"""One range for all layers, or one a layer: what ALBERT's shared block loses by the one, measured, and the choice.

The block is one, and meets another distribution in each layer. In a loop its integers have one range for all of them;
unrolled, each repetition may have its own. Both are simulated: the network runs with every activation point rounded to
its range, its weights rounded already, and what it gives is compared with what it gives unrounded. Leaves out the
rounding of a product's sum, which the kernels make exactly, and the unrolled layout's padding, which no token sees.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, Optional, Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.model.keras import tf
from albert_edge.text.packing import Packed
from converters.activations import check_scales
from converters.calibration.histogram import pooled
from converters.calibration.points import is_probabilities
from converters.calibration.ranges import Range, choose_range, grid
from converters.calibration.recording import Depths
from converters.calibration.running import PointNetwork, Seen, spread

MEASURED_TEXTS = 32
"""So many of the calibration texts, spread over them, tell the two apart."""

_PROBABILITIES = Range(0.0, 1.0)

Tensors = Mapping[str, NDArray[np.float32]]


@dataclasses.dataclass(frozen=True)
class Ranges:
    """The range of every activation point."""

    shared: Mapping[str, Range]
    """One for all layers."""
    depths: Mapping[str, Mapping[int, Range]] = dataclasses.field(default_factory=dict)
    """One a layer; empty where the layers share theirs."""

    def of(self, point: str, depth: Optional[int]) -> Range:
        """The range of `point` in the layer `depth`; `KeyError` for a point that has none."""
        own = self.depths.get(point, {})
        return self.shared[point] if depth is None or depth not in own else own[depth]


@dataclasses.dataclass(frozen=True)
class Figures:
    """How much a simulated choice of ranges loses."""

    relative_error: float
    """Of the outputs: root-mean-square of the error over that of the unrounded values' deviations from their mean."""
    sqnr_db: Mapping[str, float]
    """Point -> 10 log10 of signal power over noise power, in dB, in its worst layer; errors of layers before count."""

    def to_dict(self) -> dict[str, Any]:
        """`relative_error`, and the point and dB of the worst."""
        point = min(self.sqnr_db, key=self.sqnr_db.__getitem__)
        return {"relative_error": self.relative_error, "worst_point": point, "worst_sqnr_db": self.sqnr_db[point]}


def shared_ranges(seen: Mapping[str, Depths], bits: int, method: str) -> Ranges:
    """One range a point, for the values of all its layers together."""
    return Ranges({point: _range(point, depths, bits, method) for point, depths in seen.items()})


def ranges_by_depth(shared: Ranges, seen: Mapping[str, Depths], bits: int, method: str) -> Ranges:
    """One range a point and layer."""
    depths = {
        point: {depth: _range(point, {depth: histogram}, bits, method) for depth, histogram in each.items()}
        for point, each in seen.items()
        if len(each) > 1
    }
    return Ranges(shared.shared, depths)


def _range(point: str, depths: Depths, bits: int, method: str) -> Range:
    return _PROBABILITIES if is_probabilities(point) else choose_range(pooled(depths.values()), bits, method)


def given_ranges(ranges: Mapping[str, Sequence[float]]) -> Ranges:
    """Those that quantization-aware training has left in `config.json`."""
    return Ranges({point: Range(min(float(low), 0.0), max(float(high), 0.0)) for point, (low, high) in ranges.items()})


@dataclasses.dataclass(frozen=True)
class Choice:
    """What was taken, and what was measured before."""

    ranges: Ranges
    used: str
    """`shared` or `per-depth`."""
    measured: Mapping[str, Figures]


def choose_scales(
    simulation: Simulation, seen: Mapping[str, Depths], scales: str, layout: str, bits: int, method: str = "mse"
) -> Choice:
    """The ranges of `scales`: `auto` takes those of the smaller error where the layout allows a choice.

    Raises `ConfigError` for `scales` that don't exist, or that `layout` can't have.
    """
    check_scales(scales, layout)
    candidates = {"shared": shared_ranges(seen, bits, method)}
    candidates["per-depth"] = ranges_by_depth(candidates["shared"], seen, bits, method)
    measured = simulation.measure(candidates, bits)
    used = scales
    if scales == "auto":
        possible = candidates if layout == "unrolled" else ("shared",)
        used = min(possible, key=lambda name: measured[name].relative_error)
    return Choice(candidates[used], used, measured)


class Simulation:
    """A network's answers on some texts, unrounded, with which rounded ones are compared.

    One text's values are in memory at a time: those of a deep model on all texts are gigabytes.
    """

    def __init__(self, network: PointNetwork, tensors: Tensors, texts: Sequence[Packed]) -> None:
        """`tensors`: those of `network`."""
        self._network, self._tensors = network, tensors
        self._texts = spread(texts, MEASURED_TEXTS)

    def measure(self, candidates: Mapping[str, Ranges], bits: int) -> dict[str, Figures]:
        """By name, how much the network loses when every point is rounded to 8 or 16 `bits` in these ranges."""
        losses = {
            name: _Loss(_Rounded(self._network, self._tensors, ranges, bits)) for name, ranges in candidates.items()
        }
        for packed in self._texts:
            outputs, points = self._network.run(packed)
            for loss in losses.values():
                loss.add(packed, outputs, points)
        return {name: loss.figures() for name, loss in losses.items()}


class _Loss:
    """Sums over the texts of what one network's values differ by from the unrounded ones."""

    def __init__(self, network: PointNetwork) -> None:
        self._network = network
        self._outputs = np.zeros(4)
        """Count, sum and sum of squares of the outputs' unrounded values; sum of the errors' squares."""
        self._powers: dict[tuple[str, int], NDArray[np.float64]] = {}

    def add(self, packed: Packed, outputs: Tensors, points: Sequence[Seen]) -> None:
        """Run `packed`, whose unrounded values are `outputs` and `points`."""
        received, others = self._network.run(packed)
        for name, exact in outputs.items():
            signal, noise = powers(exact, received[name])
            self._outputs += np.array([exact.size, np.sum(exact, dtype=np.float64), signal, noise])
        for one, other in zip(points, others):
            key = one.point, one.depth
            self._powers[key] = self._powers.get(key, np.zeros(2)) + powers(one.values, other.values)

    def figures(self) -> Figures:
        """Of all that was added."""
        count, total, squares, error = self._outputs.tolist()
        deviation = max(squares / count - (total / count) ** 2, 0.0)
        worst: dict[str, float] = {}
        for (point, _), (signal, noise) in self._powers.items():
            worst[point] = min(worst.get(point, np.inf), sqnr_db(float(signal), float(noise)))
        return Figures(float(np.sqrt(error / count / (deviation or 1.0))), worst)


class _Rounded(PointNetwork):
    """Rounds what is at each point."""

    def __init__(self, network: PointNetwork, tensors: Tensors, ranges: Ranges, bits: int) -> None:
        super().__init__(network.config, tensors, network.heads)
        self._ranges, self._bits = ranges, bits

    def changed(self, point: str, depth: int, x: tf.Tensor) -> tf.Tensor:
        """Rounded as `ranges.rounded` does, in the graph."""
        scale, zero_point, least, greatest = grid(self._ranges.of(point, depth), self._bits)
        levels = tf.clip_by_value(tf.round(x / scale) + zero_point, least, greatest)
        return (levels - zero_point) * scale


def powers(exact: NDArray[np.float32], received: NDArray[np.float32]) -> NDArray[np.float64]:
    """Sum of the squares of `exact`, and of the differences from it, float64 [2]."""
    return np.array([np.sum(np.square(each), dtype=np.float64) for each in (exact, received - exact)])


def sqnr_db(signal: float, noise: float) -> float:
    """Signal power over noise power in dB; infinite without noise."""
    if not noise:
        return float("inf")
    return float(10 * np.log10(signal / noise)) if signal else float("-inf")

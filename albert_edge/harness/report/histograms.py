"""Histograms of single runs: a row a file, over one axis."""

from __future__ import annotations

import math
from typing import Sequence

from albert_edge.harness.report.figures import Figure, Html, tag
from albert_edge.harness.report.series import Series
from albert_edge.harness.report.svg import WIDTH, Axis, Scale, below, plot

_TOP = 30.0
_FENCE = 3.0
"""Interquartile ranges above the upper quartile up to which an axis has room: what lies further is far out (J. W.
Tukey, 1977, outer fence), and how many do stands beside the row."""


def histogram_plot(name: str, title: str, runs: Sequence[tuple[Series, Figure]]) -> Html:
    """Histograms over one axis, a row a file; each with its median. The slowest may lie beyond the axis."""
    row_height = 66.0
    low = min(min(values.value) for _, values in runs)
    high = max(low * 1.02, *(_fence(values.value) for _, values in runs))
    bins = bin_count([values.value for _, values in runs], low, high)
    scale = Scale(low, high, 12.0, WIDTH - 14)
    height = _TOP + row_height * len(runs)
    children: list[Html] = [below(Axis(scale, "ms", values=_inside(scale)), height, _TOP - 14)]
    for row, (each, values) in enumerate(runs):
        base = _TOP + row_height * (row + 1) - 6
        place = {"x": WIDTH - 14, "y": base - row_height + 20, "text_anchor": "end"}
        children.append(tag("text", each.name, *_beyond(values, high), class_="label", **place))
        children += _columns(each, values, scale, bins, base, row_height - 26)
    description = "How often each latency was measured, a row a file; the thin line is the median."
    return plot(name, title, description, height + 40, *children)


def _fence(values: Sequence[float]) -> float:
    """The largest value that isn't far out."""
    lower, upper = _quantile(values, 0.25), _quantile(values, 0.75)
    return max(value for value in values if value <= upper + _FENCE * (upper - lower))


def _beyond(values: Figure, high: float) -> list[Html]:
    """How many values the axis leaves out."""
    count = sum(value > high for value in values.value)
    sources = {"data-of": f"beyond {values.of}", "data-value": str(count), "data-high": repr(high)}
    return [Html(", "), tag("tspan", str(count), **sources), Html(" further right")] if count else []


def _columns(each: Series, values: Figure, scale: Scale, bins: int, base: float, room: float) -> list[Html]:
    counts = binned(values.value, scale.low, scale.high, bins)
    width, most = (scale.end - scale.start) / bins, max(counts)
    found = []
    for number, count in enumerate(counts):
        low = scale.low + (scale.high - scale.low) * number / bins
        high = scale.low + (scale.high - scale.low) * (number + 1) / bins
        tall = room * count / most if most else 0.0
        hover = tag("title", f"{each.name}: {count} runs of {low:.3g} to {high:.3g} ms")
        place = {"x": scale.start + number * width, "y": base - tall, "width": max(0.5, width - 1), "height": tall}
        sources = {
            "data-of": f"bin {values.of}",
            "data-value": str(count),
            "data-low": repr(low),
            "data-high": repr(high),
        }
        if count:
            found.append(tag("rect", hover, class_=f"column s{each.number % 8}", **place, **sources))
    middle = scale(min(max(_quantile(values.value, 0.5), scale.low), scale.high))
    return [*found, tag("line", class_="median", x1=middle, x2=middle, y1=base - room - 4, y2=base)]


def bin_count(runs: Sequence[Sequence[float]], low: float, high: float) -> int:
    """Bins between `low` and `high`: of each list about the root of its number over its own range, as far as a phone
    can show them."""
    wanted = [
        math.sqrt(len(values)) * (high - low) / max(_quantile(values, 0.9) - _quantile(values, 0.1), 1e-9) / 1.5
        for values in runs
    ]
    return max(10, min(64, round(max(wanted))))


def binned(values: Sequence[float], low: float, high: float, bins: int) -> list[int]:
    """How many of `values` lie in each of `bins` equal parts from `low` to `high`; the last takes its end too."""
    counts = [0] * bins
    for value in values:
        if low <= value <= high:
            counts[min(bins - 1, int((value - low) / (high - low) * bins))] += 1
    return counts


def _inside(scale: Scale) -> list[float]:
    return [value for value in scale.ticks(6) if scale.low <= value <= scale.high]


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

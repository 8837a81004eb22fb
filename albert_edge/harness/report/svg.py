"""Axes and marks of inline SVG: drawn by CSS classes, so that a page's theme colours them, with text that is text.

A plot has a fixed number of units and is scaled to the page's width; 440 units are legible on a phone. Each has a title
and a description for screen readers, each mark a `<title>` that browsers show on hovering.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Optional, Sequence

from albert_edge.harness.report.figures import Html, Number, tag

WIDTH = 440.0
CHARACTER = 7.2
"""Units that a character takes at the text size of a phone, at most about."""


@dataclasses.dataclass(frozen=True)
class Scale:
    """From values to units along an axis."""

    low: float
    high: float
    start: float
    """Units at `low`."""
    end: float
    """Units at `high`."""
    logarithmic: bool = False

    def __call__(self, value: Number) -> float:
        """Units at `value`."""
        low, high, here = (self._position(each) for each in (self.low, self.high, value))
        return self.start + (here - low) / (high - low) * (self.end - self.start)

    def ticks(self, count: int = 5) -> list[float]:
        """About `count` round values between the ends."""
        if self.logarithmic:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            values = [step * 10.0**power for power in powers for step in (1, 2, 5)]
            return [value for value in values if self.low * 0.999 <= value <= self.high * 1.001]
        step = round_step((self.high - self.low) / count)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]

    def _position(self, value: Number) -> float:
        return math.log(value) if self.logarithmic else float(value)


def round_step(wanted: float) -> float:
    """The smallest of 1, 2, 2.5 and 5 times a power of ten that isn't below `wanted`."""
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= wanted * (1 - 1e-9))


def scale_of(values: Sequence[Number], start: float, end: float, from_zero: bool = True) -> Scale:
    """An axis for `values` whose ends are round, starting at zero or a little below the least value."""
    low, high = (0.0 if from_zero else float(min(values))), float(max(values))
    spread = (high - low) or abs(high) or 1.0
    step = round_step(spread / 4)
    high = step * math.ceil(high / step + (0.05 if high else 0))
    low = 0.0 if from_zero else step * math.floor(low / step - 0.05)
    return Scale(low, high, start, end)


def tick_text(value: float, step: float) -> str:
    """A tick's label, with the digits that `step` between ticks needs: two of 0.25, one of 2.5."""
    digits = next(places for places in range(12) if abs(round(step, places) - step) <= 1e-6 * step)
    shown = f"{value:,.{digits}f}"
    return shown if float(shown.replace(",", "")) != 0 or not digits else "0"


@dataclasses.dataclass(frozen=True)
class Axis:
    """What stands beside a scale."""

    scale: Scale
    label: str
    values: Optional[Sequence[float]] = None
    """Ticks; None: round values."""
    factor: float = 1.0
    """What a value is divided by to be written."""

    def marks(self) -> list[tuple[float, str]]:
        """Units and text of each tick."""
        values = list(self.scale.ticks() if self.values is None else self.values)
        shown = [value / self.factor for value in values]
        step = min((b - a for a, b in zip(shown, shown[1:])), default=0.0)
        texts = [tick_text(value, step) if not self.scale.logarithmic else f"{value:g}" for value in shown]
        return list(zip((self.scale(value) for value in values), texts))


def below(axis: Axis, y: float, top: float) -> Html:
    """A horizontal axis at `y` units, its faint lines up to `top`."""
    lines: list[Html] = []
    for x, text in axis.marks():
        lines.append(tag("line", class_="grid", x1=x, x2=x, y1=top, y2=y))
        lines.append(tag("text", text, class_="tick", x=x, y=y + 17, text_anchor="middle"))
    middle = (axis.scale.start + axis.scale.end) / 2
    lines.append(tag("text", axis.label, class_="axis", x=middle, y=y + 36, text_anchor="middle"))
    return Html("".join(lines))


def left(axis: Axis, x: float, right: float) -> Html:
    """A vertical axis at `x` units, its faint lines to `right`; its label lies over it, where it needs no turning."""
    lines: list[Html] = []
    for y, text in axis.marks():
        lines.append(tag("line", class_="grid", x1=x, x2=right, y1=y, y2=y))
        lines.append(tag("text", text, class_="tick", x=x - 7, y=y + 4, text_anchor="end"))
    lines.append(tag("text", axis.label, class_="axis", x=4, y=14))
    return Html("".join(lines))


def plot(name: str, title: str, description: str, height: float, *children: Any) -> Html:
    """The whole picture; `name` is unique in its page."""
    return tag(
        "svg",
        tag("title", title, id=f"{name}-title"),
        tag("desc", description, id=f"{name}-desc"),
        *children,
        class_="plot",
        id=name,
        viewBox=f"0 0 {WIDTH:g} {height:g}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        xmlns="http://www.w3.org/2000/svg",
    )


MARKERS = ("circle", "square", "diamond", "triangle", "down", "cross", "ring", "box")


def marker(number: int, x: float, y: float, hover: str, **attributes: Any) -> Html:
    """The mark of series `number`: colour and form both differ, so that colour alone tells nothing."""
    title = tag("title", hover)
    classes = f"mark s{number % len(MARKERS)}"
    form = MARKERS[number % len(MARKERS)]
    place = {"data-x": x, "data-y": y, **attributes}
    if form in ("circle", "ring"):
        return tag("circle", title, class_=f"{classes} {form}", cx=x, cy=y, r=5.0, **place)
    return tag("path", title, class_=f"{classes} {form}", d=_outline(form, x, y), **place)


_CROSS = [(-5, -2), (-2, -2), (-2, -5), (2, -5), (2, -2), (5, -2), (5, 2), (2, 2), (2, 5), (-2, 5), (-2, 2), (-5, 2)]


def _outline(form: str, x: float, y: float) -> str:
    outlines: dict[str, Sequence[tuple[float, float]]] = {
        "square": [(-4.5, -4.5), (4.5, -4.5), (4.5, 4.5), (-4.5, 4.5)],
        "box": [(-4.5, -4.5), (4.5, -4.5), (4.5, 4.5), (-4.5, 4.5)],
        "diamond": [(0, -6.2), (6.2, 0), (0, 6.2), (-6.2, 0)],
        "triangle": [(0, -5.8), (5.8, 4.6), (-5.8, 4.6)],
        "down": [(0, 5.8), (5.8, -4.6), (-5.8, -4.6)],
        "cross": _CROSS,
    }
    return "M" + "L".join(f"{x + dx:.2f} {y + dy:.2f}" for dx, dy in outlines[form]) + "Z"

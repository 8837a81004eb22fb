"""Where the names of a plot's points go: beside each, where they cover neither a point nor another name."""

from __future__ import annotations

from typing import NamedTuple, Sequence

from albert_edge.harness.report.figures import Html, tag
from albert_edge.harness.report.svg import CHARACTER

_HALF_HEIGHT = 8.0
_MARK = 7.0


class Box(NamedTuple):
    """A rectangle in units."""

    left: float
    right: float
    top: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """The area that both cover."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0.0, across) * max(0.0, down)


def placed(
    points: Sequence[tuple[str, float, float]], frame: Box, line: Sequence[tuple[float, float]] = ()
) -> list[Html]:
    """The labels of `points` (text, x, y), each in the place that covers least of all else within `frame`.

    `line`: corners of a path that no label should cross.
    """
    marks = [Box(x - _MARK, x + _MARK, y - _MARK, y + _MARK) for _, x, y in points]
    taken = [*marks, *(_around(a, b) for a, b in zip(line, line[1:]))]
    labels = []
    for text, x, y in points:
        choices = [_box(text, x + dx, y + dy, anchor) for dx, dy, anchor in _PLACES]
        best = min(choices, key=lambda box: _cost(box, taken, frame))
        taken.append(best)
        middle = (best.top + best.bottom) / 2
        labels.append(tag("text", text, class_="label", x=best.left, y=middle + 4.5))
    return labels


def _around(a: tuple[float, float], b: tuple[float, float]) -> Box:
    """A box of some width around a stroke that goes across or down."""
    (left, right), (top, bottom) = sorted((a[0], b[0])), sorted((a[1], b[1]))
    return Box(left - 1, right + 1, top - 1, bottom + 1)


_PLACES = (
    (11.0, 0.0, "start"),
    (-11.0, 0.0, "end"),
    (0.0, -17.0, "middle"),
    (0.0, 17.0, "middle"),
    (9.0, -15.0, "start"),
    (9.0, 15.0, "start"),
    (-9.0, -15.0, "end"),
    (-9.0, 15.0, "end"),
    (0.0, -32.0, "middle"),
    (0.0, 32.0, "middle"),
)


def _box(text: str, x: float, y: float, anchor: str) -> Box:
    width = CHARACTER * len(text)
    left = {"start": x, "end": x - width, "middle": x - width / 2}[anchor]
    return Box(left, left + width, y - _HALF_HEIGHT, y + _HALF_HEIGHT)


def _cost(box: Box, taken: Sequence[Box], frame: Box) -> float:
    area = (box.right - box.left) * (box.bottom - box.top)
    outside = area - box.overlap(frame)
    return 3 * outside + sum(box.overlap(other) for other in taken)

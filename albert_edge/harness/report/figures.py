"""`Figure`: a value of the results together with where it stands in them, so that a page can be held to its JSON.

Whatever a report shows is written through here, as an element with three attributes: `data-of` says which value it is,
`data-value` is that value in full, `data-unit` what the shown digits are in. A value is named by a path,
`/0/lengths/1/p50_ms`: the number of the result, then its keys, each percent-encoded (labels may hold slashes). A
derived one is an operation and its paths, `ratio /0/rss_mb /1/rss_mb`. `harness.report` leaves out every number that
has no such source; the tests read the page in a browser and compute each one again.
"""

from __future__ import annotations

import dataclasses
import html
import json
import math
from pathlib import PurePath
from typing import Any, Callable, Optional, Union
from urllib.parse import quote

Number = Union[int, float]


class Html(str):
    """Text that is markup already: templates and `tag` take it as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        """What template engines ask for before they escape."""
        return str(self)


@dataclasses.dataclass(frozen=True)
class Figure:
    """A value and its source; `value` is None where the result has none."""

    value: Any
    of: str

    def __bool__(self) -> bool:
        return self.value is not None

    def at(self, *keys: Union[str, int]) -> Figure:
        """The value below `keys`; None where one of the keys leads to nothing. A key that is missing raises."""
        value, of = self.value, self.of
        for key in keys:
            value = None if value is None else value[key]
            of += f"/{quote(str(key), safe='')}"
        return Figure(value, of)

    def each(self) -> list[Figure]:
        """The elements of a list."""
        return [self.at(index) for index in range(len(self.value or ()))]


def source(value: Any, name: Union[str, int]) -> Figure:
    """The root of a document that a page is made from, as `/0`."""
    return Figure(value, f"/{name}")


def derived(operation: str, value: Any, *figures: Figure) -> Figure:
    """`value`, which the caller computed from `figures` as the word `operation` says; None if one of them is None."""
    known = all(figure.value is not None for figure in figures)
    return Figure(value if known else None, " ".join([operation, *(figure.of for figure in figures)]))


def ratio(part: Figure, whole: Figure) -> Figure:
    """`part` over `whole`; None where that has no value."""
    known = bool(part) and bool(whole) and whole.value != 0
    return derived("ratio", part.value / whole.value if known else None, part, whole)


def difference(later: Figure, earlier: Figure) -> Figure:
    """`later` minus `earlier`."""
    known = bool(later) and bool(earlier)
    return derived("difference", later.value - earlier.value if known else None, later, earlier)


def length(values: Figure) -> Figure:
    """How many elements a list has."""
    return derived("length", len(values.value) if values else None, values)


# === As text ===

NONE_SHOWN = "–"
"""Stands where a result has no value: not measured is not zero."""

_FACTORS = {"percent": 0.01, "points": 0.01, "distance": 0.01, "bytes_mb": 1e6, "bytes_kb": 1e3, "millions": 1e6}
_SUFFIXES = {
    "ms": " ms",
    "s": " s",
    "mb": " MB",
    "bytes_mb": " MB",
    "bytes_kb": " kB",
    "percent": " %",
    "points": " points",
    "distance": " points",
    "times": "×",
    "celsius": " °C",
    "mhz": " MHz",
    "millions": " million",
}
_SIGNED = ("points",)
# A metric's name in words, a path's last part, the day of a time, a task as a heading.
_WRITTEN: dict[str, Callable[[str], str]] = {
    "words": lambda value: value.replace("_", " "),
    "file": lambda value: PurePath(value).name,
    "date": lambda value: value[:10],
    "title": lambda value: value.replace("-", " ").capitalize(),
}


def text_of(value: Any, unit: str = "", digits: Optional[int] = None) -> str:
    """`value` for a reader.

    Arguments:
        unit: of what is shown: `percent` and `points` show fractions, `bytes_mb` bytes; empty: as it is.
        digits: behind the point; None: as many as the size of the number deserves.
    """
    if value is None:
        return NONE_SHOWN
    if isinstance(value, str):
        return _WRITTEN.get(unit, str)(value)
    if isinstance(value, int) and not unit:
        return f"{value:,}"
    shown = value / _FACTORS.get(unit, 1)
    places = _digits(shown, unit) if digits is None else digits
    sign = "+" if unit in _SIGNED else ""
    return f"{shown:{sign},.{places}f}".replace("-", "−") + _SUFFIXES.get(unit, "")


def _digits(shown: Number, unit: str) -> int:
    if unit in ("percent", "points", "distance", "mb", "celsius"):
        return 1
    if unit in ("bytes_kb", "mhz"):
        return 0
    # Three digits that count, of small numbers as of large ones.
    magnitude = math.floor(math.log10(abs(shown))) if shown else 0
    return max(0, min(5, 2 - magnitude))


def attributes_of(figure: Figure, unit: str = "") -> dict[str, str]:
    """The three attributes, for an element that shows or draws `figure`."""
    return {
        "data-of": figure.of,
        "data-value": figure.value if isinstance(figure.value, str) else json.dumps(figure.value),
        "data-unit": unit,
    }


def shown(figure: Figure, unit: str = "", digits: Optional[int] = None) -> Html:
    """The element that shows `figure` in running text and tables."""
    if figure.value is None:
        return Html(f'<span class="none" title="not measured">{NONE_SHOWN}</span>')
    return tag("span", text_of(figure.value, unit, digits), **attributes_of(figure, unit))


def tag(name: str, *children: Any, **attributes: Any) -> Html:
    """An element of HTML or SVG; what isn't `Html` is escaped, `class_` is `class`, an attribute of None is left out.

    A name's underscores become hyphens; one that can't be a keyword is given as `**{"data-of": ...}`.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(_attribute(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(child if isinstance(child, Html) else html.escape(str(child), quote=False) for child in children)
    return Html(f"<{name}{written}>{inside}</{name}>")


def _attribute(value: Any) -> str:
    """Coordinates to a hundredth of a pixel."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)

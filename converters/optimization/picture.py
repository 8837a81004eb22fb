"""The picture of a run of `optimize`: what the files score, over their latency and over their bytes.

Each file has one color and sign in both halves and a line in the legend. The line is the front of a half: from its
points none is both better and cheaper. The shaded part is what loses too much, the ring is around the chosen file; what
failed is listed below. The same rows give the same bytes. Leaves out error bars, which the JSON's raw figures lack.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

from albert_edge.errors import ConfigError
from albert_edge.files import PathLike
from albert_edge.model.packages import host_package
from converters.optimization.rows import Row

FORMATS = (".png", ".svg")

_SIGNS = "osD^vP*X"
_COLORS = ("#4269d0", "#efb118", "#ff725c", "#3ca951", "#a463f2", "#97bbf5", "#9c6b4e", "#6cc5b0", "#ff8ab7", "#9498a0")
_LONGEST_LINE = 118
_WIDE = 8
"""Times the least cost: from there on the scale is one of powers."""


def check_picture(path: PathLike) -> None:
    """Raise `ConfigError` if the name of `path` says no kind of picture that can be drawn.

    And `MissingPackageError` if there is nothing to draw with: before all the work, not behind it.
    """
    if Path(path).suffix.lower() not in FORMATS:
        raise ConfigError(f"a picture's name must end in {' or '.join(FORMATS)}; received {str(path)!r}")
    host_package("matplotlib")


def picture(rows: Sequence[Row], found: Mapping[str, Any], suffix: str) -> bytes:
    """The picture of `rows` as the bytes of a file of that `suffix`; `found` is what `optimize` returns."""
    matplotlib = host_package("matplotlib")
    figure_module = host_package("matplotlib.figure")
    # Ids in an SVG are drawn at random without a salt, and its date is the time of writing.
    with matplotlib.rc_context({"svg.hashsalt": "albert-edge", "svg.fonttype": "none", "font.size": 9}):
        figure = figure_module.Figure(figsize=(11, 5.2), layout="constrained")
        _draw(figure, rows, found)
        stream = io.BytesIO()
        metadata = {"Date": None} if suffix.lower() == ".svg" else {"Software": None}
        figure.savefig(stream, format=suffix.lower()[1:], dpi=130, metadata=metadata)
    return stream.getvalue()


def _draw(figure: Any, rows: Sequence[Row], found: Mapping[str, Any]) -> None:
    files = [row for row in rows if row.failed is None]
    halves = figure.subplots(1, 2, sharey=True)
    target = found["targets"][0] if len(found["targets"]) == 1 else "the slowest target"
    # Across several targets the slowest counts, as in the table.
    _half(halves[0], files, lambda row: row.latency_ms, found, f"mean latency on {target}, ms")
    _half(halves[1], files, lambda row: (row.file_bytes or 0) / 1e6, found, "file, MB")
    halves[0].set_ylabel(f"{found['metric'].replace('_', ' ')}, points")
    title = f"chosen: {found['chosen']}" if found["chosen"] else "no file within the drop"
    title += f"   (at most {found['max_drop']:g} points lost, {found['prefer']})"
    # Of the figure it would run into the legend.
    halves[0].set_title(title, loc="left", fontsize=11)
    _legend(figure, halves[0], files)
    failed = [f"{row.name}: {row.failed}" for row in rows if row.failed is not None]
    if failed:
        shown = [line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 3] + "..." for line in failed]
        figure.supxlabel("failed\n" + "\n".join(shown), x=0.01, ha="left", fontsize=8, color="#666666")


def _half(axes: Any, files: Sequence[Row], cost: Callable[[Row], float], found: Mapping[str, Any], name: str) -> None:
    points = [(cost(row), row.score, row) for row in files]
    for number, (x, y, row) in enumerate(points):
        axes.scatter(x, y, s=60, marker=_SIGNS[number % len(_SIGNS)], color=_COLORS[number % len(_COLORS)], zorder=3)
        if row.name == found["chosen"]:
            axes.scatter(x, y, s=260, facecolors="none", edgecolors="black", linewidths=1.4, zorder=4)
    front = _front([(x, y) for x, y, _ in points])
    axes.plot([x for x, _ in front], [y for _, y in front], drawstyle="steps-post", color="#999999", zorder=1)
    axes.axhline(found["keras"]["score"], color="#444444", linewidth=0.8, linestyle=":", zorder=2)
    least = found["keras"]["score"] - found["max_drop"]
    low, high = axes.get_ylim()
    low, high = min(low, least - 0.3), max(high, found["keras"]["score"] + 0.3)
    axes.axhspan(low, least, color="#f3dcdc", zorder=0)
    axes.set_ylim(low, high)
    _scale(axes.xaxis, [x for x, _, _ in points])
    axes.set_xlabel(name)
    axes.grid(color="#eeeeee", zorder=-1)
    axes.set_axisbelow(True)


def _scale(axis: Any, costs: Sequence[float]) -> None:
    """From 0, or by powers where one file would press all others to the edge."""
    if costs and max(costs) > _WIDE * min(costs):
        ticker = host_package("matplotlib.ticker")
        axis.axes.set_xscale("log")
        axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
        axis.set_minor_locator(ticker.NullLocator())
    else:
        axis.axes.set_xlim(left=0)


def _front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """From the cheapest on those that score more than all cheaper ones."""
    found: list[tuple[float, float]] = []
    for cost, score in sorted(points, key=lambda point: (point[0], -point[1])):
        if not found or score > found[-1][1]:
            found.append((cost, score))
    return found


def _legend(figure: Any, axes: Any, files: Sequence[Row]) -> None:
    for number, row in enumerate(files):
        text = f"{row.name}   {row.score:.2f}   {row.latency_ms:.2f} ms   {(row.file_bytes or 0) / 1e6:.2f} MB"
        text += "   slower than float32" if row.slower_on else ""
        color, sign = _COLORS[number % len(_COLORS)], _SIGNS[number % len(_SIGNS)]
        axes.scatter([], [], s=50, marker=sign, color=color, label=text)
    axes.plot([], [], color="#999999", label="front: none is better and cheaper")
    axes.plot([], [], color="#444444", linewidth=0.8, linestyle=":", label="Keras")
    axes.plot([], [], color="#f3dcdc", linewidth=8, label="loses too much")
    figure.legend(loc="outside right upper", fontsize=8, frameon=False)
